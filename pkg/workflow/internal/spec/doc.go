// Package spec checks and changes what workflows are started with: manifests, specs, templates,
// parameters, labels and annotations.
//
// Its functions perform no I/O and keep no state, so they are safe for concurrent use. They
// guarantee that
//
//   - a value that Argo 3.7 or 4.0 cannot decode is found before it is sent;
//   - a problem has the field's path and says what is allowed, and never shows a parameter's value;
//   - time, memory and the number of problems are bounded, whatever an object contains;
//   - fields that this package does not know survive every change.
//
// It does not know requests, the names of new workflows, or the cluster: a template of the cluster
// is read by the caller, see [Lookup]. What else Argo validates is left to its controller.
package spec
