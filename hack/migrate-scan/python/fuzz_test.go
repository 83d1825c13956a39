package python

import "testing"

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
