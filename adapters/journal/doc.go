// Package journal keeps a record of the workflows that clients start or watch, for hosts without
// Argo's archive. Pass a [Journal] to workflow.Options.History, and a client records into it and finds
// there what was deleted from the cluster.
//
// It guarantees:
//   - An idempotency key is stored durably before its workflow is created, so a key is once for as long
//     as the journal keeps it, also after the workflow was deleted, and after any process was killed at
//     any moment. Where a kill leaves open whether the workflow was created, a start with the key is
//     [workflow.ErrUnknownOutcome] until [Journal.Release].
//   - An end that a call has returned is stored, unless the database was away for longer than a second
//     and the process ended before it was back.
//   - Several processes may use one journal. A later state is never replaced by an earlier one.
//   - The memory for what the database has not stored yet is bounded.
//   - What is stored is bounded, and masked by the rule that also masks a backfill's configuration.
//
// It does not know what no client has watched: a record without an end says only that nobody saw the
// end. It is not an archive of manifests: objects lack the spec, so Retry and Resubmit need the workflow
// itself.
//
// [OpenSQLite] keeps the journal in a file, for the processes of one machine. Replicas of a service on
// several machines share a journal in PostgreSQL; see [OpenPostgreSQL].
package journal
