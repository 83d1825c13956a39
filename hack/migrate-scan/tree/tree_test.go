package tree

import (
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/python"
)

func TestParseExpr(t *testing.T) {
	for _, test := range []struct {
		text string
		ok   bool
	}{
		{"A", true}, {"a.B[C, 'D'] | None", true}, {"lambda x, *y: x", true}, {"a if b else c", true},
		{"", false}, {"a b", false}, {"a =", false}, {"'open", false}, {"import a", false},
	} {
		if got := ParseExpr(test.text); (got != nil) != test.ok {
			t.Errorf("%q: %#v, want one: %v", test.text, got, test.ok)
		}
	}
}

// Words that are keywords in some places only.
func TestSoftKeywords(t *testing.T) {
	for _, test := range []struct {
		text  string
		match bool
	}{
		{"match a:\n case b: c\n", true},
		{"match (a, b):\n case c, d if e: f\n case _: g\n", true},
		{"match = 1\n", false}, {"match(a)\n", false}, {"match[a] = b\n", false}, {"match.a(b)\n", false},
		{"match: int = {\n 1: 2}\n", false},
	} {
		tokens, err := python.Tokenize(test.text)
		if err != nil {
			t.Fatal(err)
		}
		body, err := Parse(tokens)
		if err != nil || len(body) != 1 {
			t.Errorf("%q: %d statements, %v", test.text, len(body), err)
			continue
		}
		if m, ok := body[0].(*Match); ok != test.match || ok && len(m.Cases) == 0 {
			t.Errorf("%q: read as %#v, want a match: %v", test.text, body[0], test.match)
		}
	}
}

func TestGroupedItems(t *testing.T) {
	for text, want := range map[string]int{
		"with a: b": 1, "with a as b, c as d: e": 2, "with (a as b, c as d,): e": 2, "with (a, b): c": 2,
		"with (a): b": 1, "with (a).b() as c: d": 1, "with (yield): a": 1,
	} {
		tokens, err := python.Tokenize(text)
		if err != nil {
			t.Fatal(err)
		}
		body, err := Parse(tokens)
		if err != nil || len(body) != 1 {
			t.Fatalf("%q: %d statements, %v", text, len(body), err)
		}
		if w, ok := body[0].(*With); !ok || len(w.Items) != want || len(w.Body) != 1 {
			t.Errorf("%q: read as %#v, want %d items", text, body[0], want)
		}
	}
}
