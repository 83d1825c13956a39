// Package legacy replaces kubectl subprocesses step by step.
//
// [KubectlClient] implements [workflow.Interface] by running kubectl. [Router] sends a share of the
// workflows over the native client instead. [FromEnv] builds both from the environment.
//
// It guarantees:
//   - All calls about one workflow go to the same backend as long as the rollout does not change.
//   - A call that changes something is never tried on both backends.
//   - No value of a parameter, no token and no credential is an argument of a command or part of an
//     error.
//   - A command ends with its context, together with the processes that it started.
//
// It does not know what a workflow does, and nothing except hosts and adapters imports it: deleting
// this package ends the migration.
package legacy
