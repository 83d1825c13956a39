// Package opensearch implements the working state of a backfill on its cluster: OpenSearch 1 to 3,
// or Elasticsearch 7 and 8, through the official client. It is a module of its own, so that only
// hosts that use it get its dependencies.
//
// Every error is an [*Error]. With [errors.Is] it matches at most one of
// [backfill.ErrNoWorkingState], [workflow.ErrUnauthorized], [workflow.ErrForbidden],
// [workflow.ErrUnavailable], [workflow.ErrInvalid] and [workflow.ErrUnsupported]; and, if a context
// has ended, its cause and its Err. ErrUnavailable after a write doesn't mean that nothing was
// written: repeat it, which does no harm.
//
// A cluster that is too busy (429) refuses a request without doing it, so [WorkingState.Restore] sends
// what was refused again, for up to a minute without progress.
//
// If an answer, or its absence, shows that the endpoint has the wrong scheme (http or https),
// [Error].Hint says so.
//
// A block of the index or of the cluster (read-only, or a disk above its flood stage) is
// ErrUnavailable, although the server answers 403 or 429: no permission is missing, and the same call
// succeeds once an operator has removed the block. [Error].Hint says how. Such a call is not
// repeated.
//
// A shard that is not assigned to a node is ErrUnavailable at once, after the attempts of a read: it is
// asked for by a search before anything that would wait for it. [Error].Hint says so.
package opensearch
