package status

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

func sortNodes(nodes []*Node) { slices.SortFunc(nodes, compareStart) }

// compareStart orders nodes by start time, those without one last. Times have whole
// seconds, so many nodes share one: those follow in the order of their names, in which
// steps and loop items are numbered.
func compareStart(a, b *Node) int {
	if a.StartTime.IsZero() != b.StartTime.IsZero() {
		if a.StartTime.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.StartTime.Compare(b.StartTime), compareNatural(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

// compareNatural compares runs of digits by value, so that "load(2:2)" comes before
// "load(10:10)".
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		digitsA, digitsB := leadingDigits(a), leadingDigits(b)
		if digitsA != "" && digitsB != "" {
			valueA, valueB := strings.TrimLeft(digitsA, "0"), strings.TrimLeft(digitsB, "0")
			if c := cmp.Or(cmp.Compare(len(valueA), len(valueB)), cmp.Compare(valueA, valueB)); c != 0 {
				return c
			}
			a, b = a[len(digitsA):], b[len(digitsB):]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingDigits(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsDigit(r) })
	if end < 0 {
		return s
	}
	return s[:end]
}
