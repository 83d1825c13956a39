// Package retryplan decides which nodes of an ended workflow run again, and changes the workflow
// accordingly.
//
// It guarantees:
//   - The rules are those of Argo's FormulateRetryWorkflow, with the exceptions that
//     docs/adr/0007-retry.md lists and hack/bench/argocheck verifies against Argo's code.
//   - What a plan leaves is sound whatever the nodes were: no ID refers to a removed node, every group
//     around a removed node is Running, and of the attempts of a step all stay or none.
//   - The same workflow and request make the same plan. Time and memory are linear in the number of
//     nodes, and the end of the context ends the work.
//   - Fields that it does not know survive, and the object that it reads is not changed.
//
// It sends nothing and does not know the API server, the observer, or the workflow's parameters. It
// names the nodes whose pods have to be deleted before the workflow is written; the caller deletes
// them, writes the workflow, and turns the errors of this package into those of its API.
package retryplan
