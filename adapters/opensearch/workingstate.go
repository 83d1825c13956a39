package opensearch

import (
	"errors"
	"fmt"
	"io"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

var _ backfill.WorkingState = (*WorkingState)(nil)

// WorkingState is a [backfill.WorkingState] on OpenSearch or Elasticsearch. It is safe for
// concurrent use. A name that is not that of a single working state's index is refused before
// anything is sent, so neither a wildcard nor another index is ever read or deleted.
//
// Reads are repeated for some seconds if the cluster is busy or can't be reached, except the pages of
// a scroll; see [WorkingState.Documents]. Writes are not repeated, except what a busy cluster refuses of a
// [WorkingState.Restore].
type WorkingState struct {
	cluster *cluster // behind a pointer, so that printing the struct doesn't show it
}

// New creates a client for the cluster, without connecting to it. Call Close when it is no longer
// needed.
//
// Errors: [workflow.ErrInvalid] with the field, for an invalid configuration;
// [workflow.ErrUnsupported] for credentials that need an option which is not set.
func New(target backfill.Cluster, opts Options) (*WorkingState, error) {
	c, err := connect(target, opts)
	if err != nil {
		return nil, &Error{Op: OpNew, Err: err, kind: kindOf(err)}
	}
	return &WorkingState{cluster: c}, nil
}

// NewOrUnreachable is [New] for programs that can do without the working state: if the credentials
// need an option which is not set, it returns a [backfill.Unreachable] with that error. Like New, it
// does not connect and does not block. The working state is safe for concurrent use. The caller must
// call release, once or more, when the working state is no longer needed.
//
// Errors: [workflow.ErrInvalid] with the field, for an invalid configuration; state and release are
// then nil.
func NewOrUnreachable(target backfill.Cluster, opts Options) (state backfill.WorkingState, release func(), err error) {
	w, err := New(target, opts)
	switch {
	case errors.Is(err, workflow.ErrUnsupported):
		return backfill.Unreachable(err), func() {}, nil
	case err != nil:
		return nil, nil, err
	}
	return w, func() { _ = w.Close() }, nil
}

// Close closes idle connections and stops background work. It does not interrupt calls in progress,
// and can be called more than once.
func (w *WorkingState) Close() error { return w.cluster.http.Close() }

// Endpoint returns the endpoint of the cluster. [backfill.New] refuses a working state on the target
// cluster if the configuration has a coordinator cluster.
func (w *WorkingState) Endpoint() string { return w.cluster.endpoint }

// String names the cluster.
func (w *WorkingState) String() string {
	return fmt.Sprintf("working state on %s", w.cluster.endpoint)
}

// Format prints the same as String for any verb: there are secrets in the fields.
func (w *WorkingState) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, w.String()) }
