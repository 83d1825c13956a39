// Package workers counts, scales, pauses and stops the workers of a backfill: the pods of the
// Deployments and ReplicaSets that a workflow has created, or of one Deployment.
//
// It guarantees:
//   - The number of workers before a pause is recorded before they are scaled down, and stays
//     recorded until they are back, so it survives the end of any process at any moment.
//   - A write that another client's write has overtaken is not sent: the pool is read again. Of
//     several calls at once, the one that writes last leaves records and replicas consistent.
//   - Workers of a workflow that was deleted and created again are not touched ([ReplacedError]).
//   - Deployments and ReplicaSets are only scaled, since the permission to patch one would allow
//     running any pod.
//
// The package does not know sessions, or whether a workflow runs or is suspended. How often an
// attempt is repeated, and who observes it, is up to the caller's [Run].
package workers
