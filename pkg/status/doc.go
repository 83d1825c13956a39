// Package status says what an Argo Workflow is: a typed, read-only model of a
// Workflow object and of the nodes it has run so far.
//
// [FromUnstructured] is a pure function from the object that the Kubernetes API
// returns to a [WorkflowStatus]. It does no I/O and imports neither client-go nor
// Argo's own module, so it serves a dynamic client, the output of
// `kubectl get -o json` and a file from an archive alike.
//
// For who follows thousands of workflows, [FromJSON] does the same from the bytes that the
// API returns, [Slim] makes them as small as that needs, and [Identify] says which object
// and which state of it they are, without reading on.
//
// Decoding is tolerant: a null, a value of the wrong type or a time that cannot be
// parsed costs that one field, which is then listed in [WorkflowStatus.Dropped].
// Only an object that is no Workflow at all, or JSON that is none, is an error.
//
// A status is a snapshot of the object, cheap enough to be taken at every event of a watch:
// what is asked of every node is read at once, what is asked of a few ([Node.Inputs],
// [Node.Outputs], [Node.Details]) when somebody does.
//
// Three questions that Argo's phases leave open are answered by methods:
//
//   - [WorkflowStatus.Suspended]: does it wait for somebody? Argo has no such phase.
//   - [WorkflowStatus.Outcome]: how does it stand, or how did it end? A stopped
//     workflow has the phase Failed; its outcome is [OutcomeStopped].
//   - [WorkflowStatus.Err]: if it did not succeed, which nodes failed, and why?
package status
