// Package differential does the same with two implementations of [workflow.Interface], and
// compares: what each call returned, of which kind its error was, and what is in the cluster
// afterwards. What is done is drawn by lot from a seed, and a sequence for which the two differ is
// shortened to the few steps that matter.
//
// It is a package, not a test, as is package conformance: implementations in any module can be
// held against each other. It needs a real API server, and no controller that acts on the
// workflows: what a controller would write, steps of the sequence write on both sides alike.
package differential
