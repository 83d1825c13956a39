package status

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// sortNodes sorts nodes by start time; those without one are last. Times have whole seconds, so
// many nodes share one: those are sorted by name, in which steps and items of loops are numbered.
// It returns the error of ended if that is not nil and returns one.
func sortNodes(nodes []*Node, ended func() error) error {
	type key struct { // what usually decides, next to each other in memory
		second int64
		node   *Node
	}
	keys := make([]key, len(nodes))
	for i, n := range nodes {
		keys[i] = key{second: math.MaxInt64, node: n}
		if !n.StartTime.IsZero() {
			keys[i].second = n.StartTime.Unix()
		}
	}
	var stopped error
	const atOnce, each = 1 << 18, 64 // bytes compared between calls of ended, and what each comparison counts for
	compared := 0
	slices.SortFunc(keys, func(a, b key) int {
		if compared += each; compared > atOnce && ended != nil {
			compared, stopped = 0, cmp.Or(stopped, ended())
		}
		switch {
		case stopped != nil:
			return 0 // the order no longer matters
		case a.second < b.second:
			return -1
		case a.second > b.second:
			return 1
		}
		if c := a.node.StartTime.Compare(b.node.StartTime); c != 0 {
			return c
		}
		compared += min(len(a.node.Name), len(b.node.Name))
		if c := compareNatural(a.node.Name, b.node.Name); c != 0 {
			return c
		}
		return strings.Compare(a.node.ID, b.node.ID)
	})
	for i, k := range keys {
		nodes[i] = k.node
	}
	return stopped
}

// compareNatural compares names, and digits in them by value, so that "load(2:2)" comes before
// "load(10:10)". Most names have a long common prefix, which it skips in large steps.
func compareNatural(a, b string) int {
	for {
		same := 0
		const piece = 64
		for same+piece <= min(len(a), len(b)) && a[same:same+piece] == b[same:same+piece] {
			same += piece
		}
		for same < len(a) && same < len(b) && a[same] == b[same] {
			same++
		}
		if same == len(a) || same == len(b) {
			return cmp.Compare(len(a), len(b))
		}
		for same > 0 && isDigit(a[same-1]) { // a number may begin in the common prefix
			same--
		}
		a, b = a[same:], b[same:]
		digitsA, digitsB := leadingDigits(a), leadingDigits(b)
		if digitsA == 0 || digitsB == 0 {
			return cmp.Compare(a[0], b[0])
		}
		valueA, valueB := strings.TrimLeft(a[:digitsA], "0"), strings.TrimLeft(b[:digitsB], "0")
		if len(valueA) != len(valueB) {
			return cmp.Compare(len(valueA), len(valueB))
		}
		if c := strings.Compare(valueA, valueB); c != 0 {
			return c
		}
		a, b = a[digitsA:], b[digitsB:]
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}
