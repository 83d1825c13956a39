package workflow

import (
	"slices"
	"strings"
)

// hints are for mistakes in names that are all to be among the same ones. Only the first few mistakes
// get one: there can be thousands of both.
type hints struct {
	of    []string // sorted
	given int
}

func newHints(of []string) hints { return hints{of: slices.Sorted(slices.Values(of))} }

func (h *hints) near(given string) string {
	const most = 20
	if h.given++; h.given > most {
		return ""
	}
	return choicesOf(given, h.of)
}

// choices is a hint to put behind "there is no such x": what there is, and what was most
// likely meant.
func choices(given string, names []string) string {
	return choicesOf(given, slices.Sorted(slices.Values(names)))
}

func choicesOf(given string, sorted []string) string {
	if len(sorted) == 0 {
		return "; there are none"
	}
	const most = 20
	shown := plain(sorted[:min(len(sorted), most)])
	if len(sorted) > most {
		shown = append(shown, "…")
	}
	hint := "; there are: " + strings.Join(shown, ", ")
	if near := nearest(given, sorted); near != "" {
		hint += "; did you mean " + quoted(near) + "?"
	}
	return hint
}

// nearest is the name that differs least from the given one; "" if all differ in more than
// a third of it (in short names, where two swapped letters are more than that, half).
func nearest(given string, names []string) string {
	const longest, most = 64, 1000 // comparing takes a time in proportion to both lengths
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return tooFar(given, len(name)-len(given)) })
	if given == "" || len(given) > longest || len(names) == 0 {
		return ""
	}
	names = names[:min(len(names), most)]
	near, least := "", -1
	for _, name := range names {
		if letters := distance(given, name); least < 0 || letters < least {
			near, least = name, letters
		}
	}
	if tooFar(given, least) {
		return ""
	}
	return near
}

// tooFar reports whether a name that differs in so many letters is not what was meant. Where the
// lengths alone differ by that, comparing is spared.
func tooFar(given string, letters int) bool {
	return max(letters, -letters) > max(len(given)/3, min(2, len(given)/2))
}

// distance is Levenshtein's: how many letters to insert, delete or replace.
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
