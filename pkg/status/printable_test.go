package status_test

import (
	"encoding/json"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "",
		`as it is: C:\new "é" 日本 £ \u001b`:      `as it is: C:\new "é" 日本 £ \u001b`,
		"no-break space\u00a0stays \uFFFD":      "no-break space\u00a0stays \uFFFD",
		"Release?\x1b[2K\rDrop all?":            `Release?\u001b[2K\rDrop all?`,
		"two\nlines\tand\va\x00\a\b":            `two\nlines\tand\u000ba\u0000\u0007\u0008`,
		"DEL \x7f, CSI \u009b2J, NEL \u0085":    `DEL \u007f, CSI \u009b2J, NEL \u0085`,
		"a raw CSI \x9b2J \xff":                 `a raw CSI \x9b2J \xff`,
		"cut off \xe2\x80":                      `cut off \xe2\x80`,
		"\u202eesrever\u2066\u2069\u200f":       `\u202eesrever\u2066\u2069\u200f`,
		"zero\u200b\u200d\u2060\ufeffwidth":     `zero\u200b\u200d\u2060\ufeffwidth`,
		"soft\u00adhyphen, \u034f":              `soft\u00adhyphen, \u034f`,
		"\u2028\u2029":                          `\u2028\u2029`,
		"filler \u115f\u3164\uffa0, \ufe0f":     `filler \u115f\u3164\uffa0, \ufe0f`,
		"tag \U000E0041, own \U000F0000 \uE000": `tag \udb40\udc41, own \udb80\udc00 \ue000`,
	} {
		got := status.Printable(text)
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if again := status.Printable(got); again != got {
			t.Errorf("%q becomes %q", got, again)
		}
	}
}

// The result is one line of visible characters, and JSON stays the same JSON.
func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b[2J\u202e\u009b\xff\U000E0041")
	f.Fuzz(func(t *testing.T, text string) {
		shown := status.Printable(text)
		if !utf8.ValidString(shown) {
			t.Errorf("%q is not UTF-8", shown)
		}
		for _, r := range shown {
			if !unicode.IsGraphic(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) {
				t.Errorf("%q has %q", shown, r)
			}
		}
		written, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal([]byte(status.Printable(string(written))), &back); err != nil || utf8.ValidString(text) && back != text {
			t.Errorf("%q comes back as %q: %v", text, back, err)
		}
	})
}
