// Package startname has the rules by which a new workflow gets its name. pkg/workflow applies them
// when it creates a workflow, pkg/legacy before, since the name determines the backend.
//
// It guarantees:
//   - The name of a key contains nothing of the key, which may be secret, and is the same in every
//     process and version.
//   - A name that is made here is short enough for pods.
//
// It does not know whether a request is valid, or whether a name is in use.
package startname
