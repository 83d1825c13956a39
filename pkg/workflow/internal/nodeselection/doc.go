// Package nodeselection finds the nodes of a workflow that a decision or a retry is about: which gates
// wait for a decision, and which nodes a caller means by IDs, display names and shell patterns.
//
// It guarantees that an ID selects its own node only, whatever display names other nodes have: a
// caller that uses an ID has looked at that node, while names are chosen by others. In the same way
// a display name selects only the nodes that have exactly that name, also if it is a pattern that
// others match. The time that a pattern takes for a name is at most the product of their lengths.
//
// It does not know what is done with the nodes, and it does not write errors for callers: package
// workflow does both.
package nodeselection
