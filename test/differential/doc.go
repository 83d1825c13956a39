// Package differential runs the same steps with two implementations of [workflow.Interface], and
// compares what each call returned, the kind of its error, and the state of the cluster afterwards.
// The steps are random, from a seed, and a sequence for which the implementations differ is
// shortened to the few steps that matter.
//
// Like package conformance, it is a package and not a test, so that implementations in any module
// can be compared. It needs a real API server, and no controller that acts on the workflows: steps
// of the sequence write what a controller would write, in the same way on both sides.
package differential
