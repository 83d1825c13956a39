package opensearch

import (
	"fmt"
	"io"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

var _ backfill.WorkingState = (*WorkingState)(nil)

// WorkingState is a [backfill.WorkingState] on OpenSearch or Elasticsearch. Its methods can be
// called by several goroutines at once. What belongs to no index of a working state by its name is
// refused before anything is sent, so neither a wildcard nor another index is ever read or deleted.
//
// Reads are repeated when the cluster is busy or can't be reached, for some seconds at most;
// writes, and the pages of [WorkingState.Documents], never are.
type WorkingState struct {
	cluster *cluster // behind a pointer, so that printing this one shows nothing of it
}

// New makes a client for the cluster, without connecting to it. Close it when it is not needed any
// more.
//
// Errors: [workflow.ErrInvalid] with the field, for a configuration that can't be right;
// [workflow.ErrUnsupported] for credentials that need an option which is not given.
func New(target backfill.Cluster, opts Options) (*WorkingState, error) {
	c, err := connect(target, opts)
	if err != nil {
		return nil, &Error{Op: OpNew, Err: err, kind: kindOf(err)}
	}
	return &WorkingState{cluster: c}, nil
}

// Close gives idle connections back and ends what the client does in the background. Calls that are
// under way are not interrupted. It can be called more than once.
func (w *WorkingState) Close() error { return w.cluster.http.Close() }

// String names the cluster.
func (w *WorkingState) String() string {
	return fmt.Sprintf("working state on %s", w.cluster.endpoint)
}

// Format prints what String says, whatever the verb is: there are secrets in the fields.
func (w *WorkingState) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, w.String()) }
