package python

import (
	"fmt"
	"strings"
	"testing"
)

// shown is a text's tokens, without the Newline and End at its end.
func shown(t *testing.T, text string) string {
	t.Helper()
	tokens, err := Tokenize(text)
	if err != nil {
		return "error: " + err.(*Error).Reason //nolint:errorlint // it is documented to be one
	}
	var words []string
	for _, tok := range tokens[:len(tokens)-1] {
		words = append(words, word(tok))
	}
	return strings.TrimSuffix(strings.Join(words, " "), " ¶")
}

func word(t Token) string {
	switch t.Kind {
	case Newline:
		return "¶"
	case Indent:
		return ">"
	case Dedent:
		return "<"
	case String:
		var parts []string
		for _, p := range t.Parts {
			if !p.Field {
				parts = append(parts, fmt.Sprintf("%q", p.Text))
				continue
			}
			var inner []string
			for _, tok := range p.Tokens[:len(p.Tokens)-1] {
				inner = append(inner, word(tok))
			}
			parts = append(parts, "{"+strings.Join(inner, " ")+"}")
		}
		return t.Text + "(" + strings.Join(parts, " ") + ")"
	case End, Name, Number, Op:
	}
	return t.Text
}

func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"a.b(1, x=2)  # c.d()":      "a . b ( 1 , x = 2 )",
		"if a:\n\tb\n\n  # c\nd":    "if a : ¶ > b ¶ < d",
		"if a:\n  if b:\n    c\nd":  "if a : ¶ > if b : ¶ > c ¶ < < d",
		"a = (1,\n\n  # x\n  2)\nb": "a = ( 1 , 2 ) ¶ b",
		"a = 1 + \\\n  2":           "a = 1 + 2",
		"a\r\nb\rc\x0c\n":           "a ¶ b ¶ c",
		`'a\'b' "c"`:                `("a'b") ("c")`,
		`r'\' rb"x" Rb'y' u'z'`:     "error: ",
		`r'\'' + rb"x"`:             `r("\\'") + rb("x")`,
		"'''a\n'b' \\''''":          "(\"a\\n'b' '\")",
		`f"a{b}c{{d}}"`:             `f("a" {b} "c{" "d}")`,
		`f"{a!r:>{w}}"`:             `f({a} {w})`,
		`f"{a != b}{c:=^4}{d=}"`:    `f({a != b} {c} {d})`,
		`f"{x["k"]} {f'{y}'}"`:      `f({x [ ("k") ]} " " {f({y})})`,
		`f'{(lambda q: q)(1)}'`:     `f({( lambda q : q ) ( 1 )})`,
		"f'''{\n a # }\n}'''":       "f({a})",
		"1_000.5e-3j 0xFF .5":       "1_000.5e-3j 0xFF .5",
		"a->b:=c...d**e//=f":        "a -> b := c ... d ** e //= f",
		"größe = ñ":                 "größe = ñ",
	} {
		got := shown(t, text)
		if strings.HasPrefix(want, "error: ") {
			if !strings.HasPrefix(got, "error: ") {
				t.Errorf("%q: %s, want an error", text, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestBrokenSource(t *testing.T) {
	for _, text := range []string{"'a", "'''a'", "f'{a", "f'{a:{b}'", "(a", "a = 'b\nc'", "\"\\"} {
		tokens, err := Tokenize(text)
		if err == nil {
			t.Errorf("%q is not broken", text)
		}
		if tokens[len(tokens)-1].Kind != End {
			t.Errorf("%q: no End", text)
		}
	}
}

func TestDecode(t *testing.T) {
	for name, tc := range map[string]struct {
		data, want string
		fails      bool
	}{
		"utf-8":            {"a = 'ö'\n", "a = 'ö'\n", false},
		"mark":             {"\xef\xbb\xbfa", "a", false},
		"latin-1":          {"# -*- coding: latin-1 -*-\na = '\xf6'\n", "# -*- coding: latin-1 -*-\na = 'ö'\n", false},
		"second line":      {"#!/usr/bin/python\n# vim: set fileencoding=iso-8859-1 :\n'\xe4'", "#!/usr/bin/python\n# vim: set fileencoding=iso-8859-1 :\n'ä'", false},
		"not utf-8":        {"a = '\xf6'\n", "", true},
		"unknown":          {"# coding: klingon\n", "", true},
		"third line":       {"\n\n# coding: latin-1\n'\xf6'", "", true},
		"no source at all": {"a\x00b", "", true},
	} {
		got, err := Decode([]byte(tc.data))
		if (err != nil) != tc.fails || !tc.fails && got != tc.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestPositions(t *testing.T) {
	lines := NewLines("aö\r\nb\rc\n")
	for offset, want := range map[int][2]int{0: {1, 1}, 1: {1, 2}, 3: {1, 3}, 5: {2, 1}, 7: {3, 1}} {
		if line, column := lines.Position(offset); [2]int{line, column} != want {
			t.Errorf("%d: %d:%d, want %v", offset, line, column, want)
		}
	}
}

func FuzzTokenize(f *testing.F) {
	for _, seed := range []string{"if a:\n b", `f"{a!r:{b}}{{"`, "'''", "\\\n", "f'{'", "\t(\r\x0c", "rb'\\'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tokens, _ := Tokenize(text)
		last, depth := 0, 0
		for _, tok := range tokens {
			if tok.Offset < last || tok.Offset > len(text) {
				t.Fatalf("offset %d after %d of %d", tok.Offset, last, len(text))
			}
			last = tok.Offset
			switch tok.Kind {
			case Indent:
				depth++
			case Dedent:
				depth--
			case End, Name, Number, String, Op, Newline:
			}
		}
		if depth != 0 || tokens[len(tokens)-1].Kind != End {
			t.Fatalf("blocks are open, or there is no End: %v", tokens)
		}
	})
}
