package spec

import (
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// Hints makes hints for names that are not among the known ones. Only the first few names get one:
// there can be thousands of both.
type Hints struct {
	names []string // sorted
	given int
}

// NewHints returns hints at these names.
func NewHints(names []string) Hints { return Hints{names: slices.Sorted(slices.Values(names))} }

// Near returns a hint like [Choices], or "" after the first 20.
func (h *Hints) Near(given string) string {
	const most = 20
	if h.given++; h.given > most {
		return ""
	}
	return choicesOf(given, h.names)
}

// Choices returns a hint to append to "there is no such x": the names that exist, and the one that
// was most likely meant.
func Choices(given string, names []string) string {
	return choicesOf(given, slices.Sorted(slices.Values(names)))
}

func choicesOf(given string, sorted []string) string {
	if len(sorted) == 0 {
		return "; there are none"
	}
	const most = 20
	first := shown.Names(sorted[:min(len(sorted), most)])
	if len(sorted) > most {
		first = append(first, "…")
	}
	hint := "; there are: " + strings.Join(first, ", ")
	if near := Nearest(given, sorted); near != "" {
		hint += "; did you mean " + shown.Quoted(near) + "?"
	}
	return hint
}

// Nearest returns the name that differs least from the given one. It returns "" if all differ in
// more than a third of it, or in short names, where two swapped letters are more than that, half.
func Nearest(given string, names []string) string {
	const longest, most = 64, 200 // the time of a comparison is proportional to both lengths
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return tooFar(given, len(name)-len(given)) })
	if given == "" || len(given) > longest || len(names) == 0 {
		return ""
	}
	names = names[:min(len(names), most)]
	near, least := "", -1
	for _, name := range names {
		if d := distance(given, name); least < 0 || d < least {
			near, least = name, d
		}
	}
	if tooFar(given, least) {
		return ""
	}
	return near
}

// tooFar reports whether a name that differs in that many letters was not meant. If the lengths
// alone differ by that, the names need not be compared.
func tooFar(given string, letters int) bool {
	return max(letters, -letters) > max(len(given)/3, min(2, len(given)/2))
}

// distance is the Levenshtein distance: how many bytes to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
