// Package backfill runs the document backfill of a migration: reindexing a snapshot into
// the target cluster, as a workflow that any [workflow.Interface] can run.
//
// A [Backfill] is described by the migration console's YAML; see [ParseConfig]. Its
// identity is the session: the workflow's name is made from it, so that another process or
// replica, or the same one after a restart, finds the running backfill instead of starting
// a second one.
package backfill
