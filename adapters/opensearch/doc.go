// Package opensearch has the working state of a backfill on the target cluster: OpenSearch 1 to 3,
// or Elasticsearch 7 and 8, by the official client. It is a module of its own, so that who doesn't
// need it has none of its dependencies.
//
// Every error is an [*Error]. With [errors.Is] it matches at most one of
// [backfill.ErrNoWorkingState], [workflow.ErrUnauthorized], [workflow.ErrForbidden],
// [workflow.ErrUnavailable], [workflow.ErrInvalid] and [workflow.ErrUnsupported]; and, if a context
// has ended, its cause and what its Err says. ErrUnavailable after a write doesn't say that nothing
// was written: repeat it, for that does no harm.
package opensearch
