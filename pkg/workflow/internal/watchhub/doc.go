// Package watchhub delivers the states of workflows to the calls that follow them, and shares the
// watches that this takes among all calls.
//
// It guarantees:
//   - A call begins with the present state, read from the API server, and then receives each state
//     that the API server delivers, once and in order, through closed watches, expired resource
//     versions and restarts of the API server. Only where the server has forgotten versions, or a
//     label was changed and changed back, may states be missing; the last one is not.
//   - A call that is slow delays no other call.
//   - Deletion and replacement by another workflow of the same name end a call with an error of
//     their own.
//   - Calls that need ends only share watches of rows, which bring a small part of the bytes, where the
//     source has those. They read a workflow once it has ended.
//   - Up to eight workflows have a watch each; for more there is one watch of the namespace,
//     narrowed to the labels that all watched workflows have in common.
//   - No goroutine outlives the last call.
//
// It does not know what a call waits for, the operations and options of pkg/workflow, its public
// errors and its observer, nor why no controller has picked up a workflow: it only knows when to
// ask.
package watchhub
