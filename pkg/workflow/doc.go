// Package workflow does to Argo Workflows what a service needs done: start them exactly
// once, follow them to their end, pass their gates, read their logs.
//
// [Interface] is what callers depend on. [WorkflowClient] implements it natively, with
// unstructured objects over client-go's dynamic client: no kubectl, no Argo server, none
// of Argo's Go modules. What a workflow is, as opposed to what can be done with it, is in
// the package status.
//
// # Blocking and time
//
// Every method takes a context and returns soon after it ends; the context is the only
// timeout. (Start takes up to a second more to find out about an answer that it lost.)
// Transient faults (a restarting API server, a cut connection, 429) are retried with jittered
// backoff for up to [Options.RetryFor], and while waiting for as long as the context lasts.
// Clients may be used by several goroutines at once.
//
// # Errors
//
// Every error is an [*Error] that says which operation on which workflow failed. Match it
// with [errors.Is] against the Err… values of this package, or with the IsX functions of
// k8s.io/apimachinery/pkg/api/errors: the API server's own error stays in the chain. That a
// workflow failed is no error of a call but data: see [status.WorkflowStatus.Err].
package workflow
