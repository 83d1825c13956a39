package nesting_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/nesting"
)

type box struct {
	name   string
	outer  *box
	answer nesting.Answer
}

func outer(b *box) *box { return b.outer }

func answer(b *box) *nesting.Answer { return &b.answer }

// boxes returns boxes by name; each word is a box and the one around it.
func boxes(text string) map[string]*box {
	all := map[string]*box{}
	for word := range strings.FieldsSeq(text) {
		name, _, _ := strings.Cut(word, "<")
		all[name] = &box{name: name}
	}
	for word := range strings.FieldsSeq(text) {
		name, around, _ := strings.Cut(word, "<")
		all[name].outer = all[around]
	}
	return all
}

func TestAny(t *testing.T) {
	// b and c enclose each other, and d encloses itself.
	const nested = "a<b b<c c<b d<d e<a f"
	for match, want := range map[string]string{
		"": "", "a": "a e", "b": "a b c e", "c": "a b c e", "d": "d", "e": "e", "f": "f",
	} {
		for _, order := range [][]string{{"a", "b", "c", "d", "e", "f"}, {"f", "e", "d", "c", "b", "a"}} {
			all := boxes(nested)
			var found []string
			for _, name := range order {
				if nesting.Any(all[name], outer, answer, func(b *box) bool { return b.name == match }) {
					found = append(found, name)
				}
			}
			slices.Sort(found)
			if got := strings.Join(found, " "); got != want {
				t.Errorf("in %q, asked in the order %q: %q, want %q", match, order, got, want)
			}
		}
	}
	if nesting.Any(nil, outer, answer, func(*box) bool { return true }) {
		t.Error("a nil node has an answer")
	}
}

func TestAnyExaminesEachNodeOnce(t *testing.T) {
	all := make([]box, 1000)
	for i := range all[1:] {
		all[i+1].outer = &all[i]
	}
	examined := 0
	for i := range all {
		n := &all[len(all)-1-i]
		if nesting.Any(n, outer, answer, func(*box) bool { examined++; return false }) {
			t.Fatal("found something that holds for no node")
		}
	}
	if examined != len(all) {
		t.Errorf("%d nodes were examined %d times", len(all), examined)
	}
}
