package python

import (
	"errors"
	"strings"
	"testing"
)

// shape writes tokens so that a test can read them.
func shape(tokens []Token) string {
	var out []string
	for _, t := range tokens {
		switch t.Kind {
		case Newline:
			out = append(out, "NL")
		case Indent:
			out = append(out, "IN")
		case Dedent:
			out = append(out, "DE")
		case End:
		case String:
			out = append(out, t.Text+"<"+parts(t.Parts)+">")
		default:
			out = append(out, t.Text)
		}
	}
	return strings.Join(out, " ")
}

func parts(all []Part) string {
	var out []string
	for _, p := range all {
		if p.Field {
			out = append(out, "{"+shape(p.Tokens)+"}")
		} else {
			out = append(out, p.Text)
		}
	}
	return strings.Join(out, "|")
}

func TestTokenize(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"comment", "a # b 'c\nd", "a NL d NL"},
		{"comments and blank lines don't dedent", "if a:\n  b\n# c\n\n  d\n", "if a : NL IN b NL d NL DE"},
		{"tabs", "if a:\n\tb\n        c\nd", "if a : NL IN b NL c NL DE d NL"},
		{"form feed", "a\n\f\nb\n  \fc", "a NL b NL c NL"},
		{"brackets join lines", "f(a,\n  b # x)\n)", "f ( a , b ) NL"},
		{"backslash joins lines", "a = \\\n  b", "a = b NL"},
		{"line ends", "a\r\nb\rc\n", "a NL b NL c NL"},
		{"no line end", "if a: b", "if a : b NL"},
		{"prefixes", `Rb'\n' BR"x" u'y' F'z'`, `rb<\n> br<x> u<y> f<z> NL`},
		{"prefix of a name", `far'x'`, `far <x> NL`},
		{"escapes", `'a\x41\u0042\103\'\q'`, `<aABC'\q> NL`},
		{"raw keeps the quote", `r'a\'b' c`, `r<a\'b> c NL`},
		{"triple", "'''a'b''c\nd'''", "<a'b''c\nd> NL"},
		{"continued string", "'a\\\nb'", "<ab> NL"},
		{"numbers", "1.5e-3j 0x_fF 1if a else .5", "1.5e-3j 0x_fF 1 if a else .5 NL"},
		{"operators", "a:=b**=c//d->e...", "a := b **= c // d -> e ... NL"},
		{"field", `f'a{b.c}d'`, "f<a|{b . c}|d> NL"},
		{"same quotes in a field", `f'{a['b']}'`, "f<{a [ <b> ]}> NL"},
		{"nested", `f"{f"{f"{a}"}"}"`, "f<{f<{f<{a}>}>}> NL"},
		{"doubled braces", `f'{{a}}{b}'`, "f<{|a}|{b}> NL"},
		{"conversion, format, nested field", `f'{a!r:>{w}.{p}}x'`, "f<{a}|{w}|{p}|x> NL"},
		{"not equal", `f'{a!=b}'`, "f<{a != b}> NL"},
		{"equals", `f'{a = }{b=!r}'`, "f<{a}|{b}> NL"},
		{"colon in brackets", `f'{a[1:2]:x}{(lambda: 1)()}'`, "f<{a [ 1 : 2 ]}|{( lambda : 1 ) ( )}> NL"},
		{"dict in a field", `f'{ {1: 2}[1] }'`, "f<{{ 1 : 2 } [ 1 ]}> NL"},
		{"backslash before a brace", `f'\{a}'`, `f<\|{a}> NL`},
		{"raw field", `rf'\{a}\d'`, `rf<\|{a}|\d> NL`},
		{"character by name", `f'\N{DASH}{a}'`, "f<?|{a}> NL"},
		{"comment in a field", "f'''{a # }\n}'''", "f<{a}> NL"},
		{"lines in a field", "f'{a\n+b}'", "f<{a + b}> NL"},
		{"template string", `t'{a}'`, "t<{a}> NL"},
		{"no f, no field", `'{a}'`, "<{a}> NL"},
		{"foreign characters", "naïve = “x”", "naïve = “ x ” NL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tokens, err := Tokenize(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := shape(tokens); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if last := tokens[len(tokens)-1]; last.Kind != End {
				t.Errorf("the last token is %v", last)
			}
		})
	}
}

func TestTokenizeBroken(t *testing.T) {
	for _, test := range []struct {
		name, text string
		offset     int
		want       string
	}{
		{"string", "a\nb = 'c\nd", 6, "never closed"},
		{"triple", "a\n'''b'", 2, "never closed"},
		{"bracket", "a(b\nc", 1, `"(" is never closed`},
		{"wrong bracket", "a(b]", 3, `"]" closes "("`},
		{"stray bracket", "a)", 1, "closes nothing"},
		{"field", "f'{a", 2, "never closed"},
		{"a quote in a field begins a string", "f'{a'", 4, "never closed"},
		{"format", "f'{a:>3'", 2, "never closed"},
		{"single brace", "f'}'", 2, "single '}'"},
		{"fields in fields", strings.Repeat("f'{", 200), 3*maxFields + 2, "fields of f-strings are open"},
		{"brackets in brackets", strings.Repeat("(", 1000), maxBrackets, "brackets are open"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tokens, err := Tokenize(test.text)
			var broken *Error
			if !errors.As(err, &broken) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if broken.Offset != test.offset || !strings.Contains(broken.Reason, test.want) {
				t.Errorf("got %v, want %q at byte %d", err, test.want, test.offset)
			}
			if len(tokens) == 0 || tokens[len(tokens)-1].Kind != End {
				t.Errorf("the tokens %v have no end", tokens)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	for _, test := range []struct{ name, data, want, err string }{
		{"UTF-8", "é", "é", ""},
		{"mark", "\xef\xbb\xbfa", "a", ""},
		{"mark and cookie", "\xef\xbb\xbf# coding: utf8\n", "# coding: utf8\n", ""},
		{"Latin-1", "# -*- coding: ISO_8859-1 -*-\n\xe9", "# -*- coding: ISO_8859-1 -*-\né", ""},
		{"Windows-1252", "#!x\r\n# vim: fileencoding=cp1252\r\n\x80\xe9", "#!x\r\n# vim: fileencoding=cp1252\r\n€é", ""},
		{"a cookie behind code is none", "a = 1\n# coding: latin-1\n\xe9", "", "is not UTF-8: byte 0xe9 in line 3"},
		{"a cookie in the third line is none", "\n\n# coding: latin-1\n\xe9", "", "is not UTF-8: byte 0xe9 in line 4"},
		{"not UTF-8", "a\r\xff", "", "byte 0xff in line 2"},
		{"not ASCII", "# coding: ascii\né", "", "is not ASCII: byte 0xc3 in line 2"},
		{"not in Windows-1252", "# coding: cp1252\n\x81", "", "is not Windows-1252: byte 0x81 in line 2"},
		{"other", "# coding: koi8-r\n", "", `"koi8-r"`},
		{"mark against cookie", "\xef\xbb\xbf# coding: latin-1\n", "", "begins with the mark of UTF-8"},
		{"UTF-16", "\xff\xfea\x00", "", "NUL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Decode([]byte(test.data))
			switch {
			case test.err == "" && (err != nil || got != test.want):
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("got %q, %v; want an error with %q", got, err, test.err)
			}
		})
	}
}

func TestLines(t *testing.T) {
	text := "aé\r\nb\rc\n"
	lines := NewLines(text)
	for _, test := range []struct{ offset, line, column int }{
		{0, 1, 1}, {3, 1, 3}, {5, 2, 1}, {6, 2, 2}, {7, 3, 1}, {9, 4, 1}, {-5, 1, 1}, {99, 4, 1},
	} {
		if line, column := lines.Position(test.offset); line != test.line || column != test.column {
			t.Errorf("byte %d is at %d:%d, want %d:%d", test.offset, line, column, test.line, test.column)
		}
	}
}
