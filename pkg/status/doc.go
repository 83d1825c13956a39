// Package status is a typed, read-only model of an Argo Workflow object and of the nodes that it
// has run so far.
//
// [FromUnstructured] converts the object that the Kubernetes API returns to a [WorkflowStatus]. It
// is a pure function: it does no I/O and imports neither client-go nor Argo's module, so it reads
// what a dynamic client returns as well as the output of `kubectl get -o json` or a file from an
// archive. [FromJSON] reads the same from JSON, in a fraction of the time and memory.
//
// Decoding is tolerant. A null, a value of the wrong type or a time that cannot be parsed leaves
// one field at its zero value; [WorkflowStatus.Dropped] lists these fields. Only an object that is
// not a Workflow, or JSON that is not valid, is an error.
//
// A status is a snapshot of the object. Decoding is cheap enough for every event of a watch: the
// fields of all nodes are read at once, the rest on demand by [Node.Inputs], [Node.Outputs] and
// [Node.Details].
//
// Methods answer three questions that Argo's phases leave open:
//
//   - [WorkflowStatus.Suspended] reports whether the workflow waits for a decision. Argo has no
//     such phase.
//   - [WorkflowStatus.Outcome] returns the state or the end of the workflow. A stopped workflow has
//     the phase Failed; its outcome is [OutcomeStopped].
//   - [WorkflowStatus.Err] returns which nodes failed, and why, if the workflow did not succeed.
//
// The package knows neither the clock nor how a workflow is changed: package workflow does that.
package status
