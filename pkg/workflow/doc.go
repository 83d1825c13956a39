// Package workflow runs Argo Workflows from a Go service. It starts workflows exactly once, waits
// for them to end, passes their gates and reads their logs.
//
// Callers depend on [Interface]. [WorkflowClient] implements it with unstructured objects and
// client-go. It needs no kubectl, no Argo Server and none of Argo's Go modules. The package status
// describes the state of a workflow.
//
// # Blocking and time
//
// Every method takes a context and returns soon after it ends. The context is the only timeout.
// Start may take a second longer, to find out whether a request whose answer was lost took effect.
// Transient faults, such as a restarting API server, a broken connection or status 429, are retried
// with jittered backoff for up to [Options.RetryFor]. Calls that wait retry them for as long as the
// context lasts. Clients are safe for concurrent use.
//
// # Errors
//
// Every error is an [*Error], which has the operation and the workflow. Match it with [errors.Is]
// against the Err… values of this package, or with the IsX functions of
// k8s.io/apimachinery/pkg/api/errors, since it wraps the API server's error. A workflow that failed
// is not an error of a call; see [status.WorkflowStatus.Err].
package workflow
