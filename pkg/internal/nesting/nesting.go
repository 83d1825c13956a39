// Package nesting answers whether something holds for a node or for any node that encloses it.
//
// It guarantees:
//   - A node is examined once, however many of the nodes inside it are asked about: each answer is
//     stored. So asking about every node takes time linear in their number.
//   - A cycle of enclosing nodes, which a malformed workflow can have, ends the search.
//
// It does not know what a node is, what encloses it, or where its answer is stored; the caller
// passes functions for that. It keeps no state and starts no goroutines. Calls that store their
// answers in the same nodes must not run concurrently.
package nesting

// Answer is the stored answer to one question about one node. The zero value means that the question
// has not been asked.
type Answer uint8

const (
	unasked Answer = iota
	no
	yes
)

// Any reports whether holds returns true for n or for any node that encloses it. A nil n has no
// answer and Any returns false. outer returns the node directly around a node, or nil; answer
// returns where the answer for a node is stored, which must be a different place for each question.
func Any[N any](n *N, outer func(*N) *N, answer func(*N) *Answer, holds func(*N) bool) bool {
	var path []*N
	found := no
	for ; n != nil; n = outer(n) {
		// In a cycle this is a node of path: holds was false for every node on the way.
		if stored := *answer(n); stored != unasked {
			found = stored
			break
		}
		path = append(path, n)
		*answer(n) = no
		if holds(n) {
			found = yes
			break
		}
	}
	for _, inner := range path {
		*answer(inner) = found
	}
	return found == yes
}
