// Package fault says what a failed request means: whether the same request can succeed a little
// later, and whether a write that failed may have taken effect all the same.
//
// It guarantees:
//   - An answer of the API server decides over anything else in the chain of errors.
//   - [Transient] is true only if nothing has to change except the state of the network or the
//     server.
//   - [MayHaveHappened] is false only if certainly nothing was written.
//
// It reads errors and nothing else: it sends nothing, waits for nothing and keeps no state, so
// every function is safe for concurrent use. It does not know contexts: a caller whose context has
// ended has to check that first. Every function returns false for nil.
package fault
