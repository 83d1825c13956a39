package nodeselection

import (
	"path"
	"strings"
	"testing"
)

func TestPatterns(t *testing.T) {
	for _, tc := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true},
		{"*", "approve(0:s3://bucket/a/b)", true},
		{"approve*", "approve(0:s3://bucket/a/b)", true},
		{"approve(*:s3://*/b)", "approve(0:s3://bucket/a/b)", true},
		{"approve(*:s3://*/c)", "approve(0:s3://bucket/a/b)", false},
		{"a?b", "a/b", true},
		{"a[.-0]b", "a/b", true},
		{"a[^/]b", "a/b", false},
		{"a[!x]b", "a/b", true},
		{"shard-*", "shard-", true},
		{"shard-*", "shard", false},
		{"*-a", "shard-a-b", false},
		{"*-a*", "shard-a-b", true},
		{"*b*b", "abcb", true},
		{"?", "ü", true},
		{"?", "", false},
		{"[a-cx]", "x", true},
		{"[a-cx]", "d", false},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{`[\]]`, "]", true},
		{`[\--/]`, ".", true},
		{"", "", true},
		{"", "a", false},
		{strings.Repeat("*a", 40), strings.Repeat("a", 2000) + "b", false},
	} {
		p, err := parsePattern(tc.pattern)
		if err != nil {
			t.Errorf("%q: %v", tc.pattern, err)
		}
		if got := p.matches(tc.name); got != tc.want {
			t.Errorf("%q matches %q: %v", tc.pattern, tc.name, got)
		}
	}
	for _, malformed := range []string{"[", "[a", "[]", "[]a]", "[^]", "[!", "[a-]", "[-a]", "[b-a]", "[a-", `\`, `a\`, `[\`, `[a-\`} {
		if p, err := parsePattern(malformed); err == nil {
			t.Errorf("%q is %v", malformed, p)
		}
	}
}

// Without a slash, and without a ! at the start of a class, patterns are those of package path.
func FuzzPatterns(f *testing.F) {
	for _, seed := range [][2]string{{"a*", "abc"}, {"[a-c]?", "bb"}, {`\[x`, "[x"}, {"*a*b*", "xaybz"}, {"[^a]", "b"}, {"[]a]", "]"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		if strings.ContainsAny(text+name, "/\uFFFD") || strings.Contains(text, "[!") ||
			strings.ToValidUTF8(text, "\uFFFD") != text || strings.ToValidUTF8(name, "\uFFFD") != name {
			t.Skip()
		}
		p, err := parsePattern(text)
		want, bad := path.Match(text, name)
		if bad != nil {
			return // path.Match stops where name and pattern differ
		}
		if err != nil {
			if want {
				t.Errorf("%q matches %q, but is refused: %v", text, name, err)
			}
			return
		}
		if got := p.matches(name); got != want {
			t.Errorf("%q matches %q: %v, want %v", text, name, got, want)
		}
	})
}
