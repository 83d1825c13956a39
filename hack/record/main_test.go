package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecorded(t *testing.T) {
	const page = "above\n\n<!-- begin a: written by make a -->\nold\n<!-- end a -->\n\n<!-- begin b: written by make b -->\n<!-- end b -->\nbelow\n"
	for name, tc := range map[string]struct{ name, text, want string }{
		"in place of the old": {"a", "new\n", "above\n\n<!-- begin a: written by make a -->\n\nnew\n\n<!-- end a -->\n\n<!-- begin b: written by make b -->\n<!-- end b -->\nbelow\n"},
		"where nothing was":   {"b", "\n| x |\n\n", "above\n\n<!-- begin a: written by make a -->\nold\n<!-- end a -->\n\n<!-- begin b: written by make b -->\n\n| x |\n\n<!-- end b -->\nbelow\n"},
		"nothing to write":    {"a", "\n", ""},
		"no such place":       {"c", "new", ""},
	} {
		got, err := recorded(page, tc.name, tc.text)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if again, err := recorded(got, tc.name, tc.text); tc.want != "" && (again != got || err != nil) {
			t.Errorf("%s, again: %q, %v", name, again, err)
		}
	}
}

func TestNothingIsWrittenOfAFailure(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	const text = "<!-- begin a: written by make a -->\nold\n<!-- end a -->\n"
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := record(page, "a", strings.NewReader("")); err == nil {
		t.Error("an empty text was written")
	}
	if now, err := os.ReadFile(page); err != nil || string(now) != text {
		t.Errorf("%q, %v", now, err)
	}
}
