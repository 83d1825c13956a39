package shown

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestNames(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, want := range map[string]string{
		"approve(0:eu-west-1)": "approve(0:eu-west-1)", "größe": "größe",
		"": `""`, "a b": `"a b"`, "a\x1b[2K": `"a\x1b[2K"`, "a\u202e": `"a\u202e"`, long: `"` + long[:MaxString] + `…"`,
	} {
		if got := Name(name); got != want {
			t.Errorf("%.20q: %s", name, got)
		}
		if got := Key(field.NewPath("parameters"), name).String(); got != "parameters["+want+"]" {
			t.Errorf("%.20q: %s", name, got)
		}
	}
	if got := strings.Join(Names([]string{"a", "b c"}), " "); got != `a "b c"` {
		t.Error(got)
	}
}

func TestList(t *testing.T) {
	names := strings.Split("abcdefghij", "")
	for n, want := range map[int]string{0: "", 2: "a, b", 8: "a, b, c, d, e, f, g, h", 10: "a, b, c, d, e, f, g, h, and 2 more"} {
		if got := List(names[:n]); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	if strings.Join(names, "") != "abcdefghij" {
		t.Errorf("the names were changed: %v", names)
	}
}

func TestAbridged(t *testing.T) {
	for s, want := range map[string]string{"": "", "abcd": "abcd", "abcde": "abcd… (5 bytes in all)", "abcé": "abc… (5 bytes in all)"} {
		if got := Abridged(s, 4); got != want {
			t.Errorf("%s: %s", s, got)
		}
	}
}
