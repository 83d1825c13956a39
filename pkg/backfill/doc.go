// Package backfill runs the document backfill of a migration, which reindexes a snapshot into the
// target cluster, as a workflow of any [workflow.Interface].
//
// A [Backfill] is described by the migration console's YAML; see [ParseConfig]. It is identified by
// its session: the workflow's name is derived from it, so another process or replica, or the same
// one after a restart, finds the running backfill instead of starting a second one.
package backfill
