package backfill

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/archive"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// WorkingState reads and writes the index in which the workers of a backfill share their work: an
// item for each part of a shard. The index is on the cluster that [Config.WorkingStateCluster]
// returns. The module adapters/opensearch implements it for OpenSearch and Elasticsearch.
//
// Methods must be safe for concurrent use. They block until the cluster has answered or ctx ends,
// and then return its cause. Errors match [ErrNoWorkingState] if there is no such index, and never
// contain a secret. A method that gets no answer returns an error, never zero.
type WorkingState interface {
	// Counts counts the items by their state, in one request, so that the numbers belong to nearly
	// the same moment. now decides which leases have expired.
	Counts(ctx context.Context, index string, now time.Time) (Counts, error)
	// Size returns the exact number of documents in the index, including those written just before.
	Size(ctx context.Context, index string) (int64, error)
	// Documents yields every document of the index as it was at the start, each once, in any order.
	// It holds a bounded number of them at a time. An error is the last element.
	Documents(ctx context.Context, index string) iter.Seq2[Document, error]
	// Restore writes documents, creating the index if necessary, and returns how many it wrote. It
	// leaves a document that exists as it is, whatever it holds, so it can be repeated. It stops at
	// the first error that docs yields and returns it.
	Restore(ctx context.Context, index string, docs iter.Seq2[Document, error]) (int64, error)
	// Delete deletes the index with all its documents.
	Delete(ctx context.Context, index string) error
}

// Document is a document of the working state.
type Document struct {
	ID     string          // unique in its index
	Source json.RawMessage // the document itself
}

// Counts are the numbers of work items, without the document that marks the layout as complete. An
// item that was split counts as its successors, and not itself.
type Counts struct {
	// LaidOutAt is when all items had been created. It is zero while they are being created; the
	// other numbers are not meaningful then.
	LaidOutAt time.Time
	Total     int64
	Completed int64
	// InProgress are leased by a worker. Unclaimed can be taken: their lease has expired, or they
	// are new, since items are created with an expired lease. An item without a lease is in
	// neither.
	InProgress, Unclaimed int64
	// Incomplete are all items that are not completed, including those that were split.
	Incomplete int64
	// LastCompletedAt is when the last item was completed; zero if none was.
	LastCompletedAt time.Time
}

// checkWorkingState returns an error for a client of the target cluster if another one has the
// working state: the shards would look as if no worker had ever begun.
func checkWorkingState(cfg Config, state WorkingState) error {
	connected, ok := state.(interface{ Endpoint() string })
	if !ok || cfg.CoordinatorCluster == nil {
		return nil
	}
	if at := connected.Endpoint(); at == cfg.TargetCluster.Endpoint && at != cfg.CoordinatorCluster.Endpoint {
		return fmt.Errorf("%w: Dependencies.WorkingState is for target_cluster, but coordinator_cluster has the working state; "+
			"connect it to the cluster that Config.WorkingStateCluster returns", workflow.ErrInvalid)
	}
	return nil
}

// workingStateIndex returns the name of a session's index.
func workingStateIndex(session string) string {
	if session == "" {
		return ".migrations_working_state"
	}
	return ".migrations_working_state_" + session
}

// Unreachable returns a working state whose methods all fail with err. Use it if this process
// cannot reach its cluster, for example because it may not read a secret: the shards of a
// backfill are then unknown, with that error, and everything else works.
func Unreachable(err error) WorkingState { return unreachable{err} }

type unreachable struct{ err error }

func (u unreachable) Counts(context.Context, string, time.Time) (Counts, error) {
	return Counts{}, u.err
}

func (u unreachable) Size(context.Context, string) (int64, error) { return 0, u.err }

func (u unreachable) Documents(context.Context, string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) { yield(Document{}, u.err) }
}

func (u unreachable) Restore(context.Context, string, iter.Seq2[Document, error]) (int64, error) {
	return 0, u.err
}

func (u unreachable) Delete(context.Context, string) error { return u.err }

// sessionIndex is a session's working state as package archive uses it.
type sessionIndex struct {
	state WorkingState
	name  string
}

func (i sessionIndex) Size(ctx context.Context) (int64, error) { return i.state.Size(ctx, i.name) }

func (i sessionIndex) Documents(ctx context.Context) iter.Seq2[archive.Document, error] {
	return convert(i.state.Documents(ctx, i.name), func(d Document) archive.Document { return archive.Document(d) })
}

func (i sessionIndex) Restore(ctx context.Context, docs iter.Seq2[archive.Document, error]) (int64, error) {
	return i.state.Restore(ctx, i.name, convert(docs, func(d archive.Document) Document { return Document(d) }))
}

func (i sessionIndex) Delete(ctx context.Context) error { return i.state.Delete(ctx, i.name) }

func convert[From, To any](docs iter.Seq2[From, error], to func(From) To) iter.Seq2[To, error] {
	return func(yield func(To, error) bool) {
		for d, err := range docs {
			if !yield(to(d), err) {
				return
			}
		}
	}
}
