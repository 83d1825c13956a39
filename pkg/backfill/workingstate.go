package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"
)

// ErrNoWorkingState: the target cluster has no such index. Before the workers have laid out their
// work there is none, and after [Backfill.Archive] there is none any more.
var ErrNoWorkingState = errors.New("the working state index does not exist")

// WorkingState is the index on the target cluster in which the workers of a backfill share out
// their work: an item for each part of a shard. The module adapters/opensearch has it for
// OpenSearch and Elasticsearch.
//
// Its methods can be called by several goroutines at once. They block until the cluster has
// answered or ctx ends, whose cause is the error then. Errors match [ErrNoWorkingState] where
// there is no such index, and never hold a secret. A question that could not be answered is an
// error, never zero.
type WorkingState interface {
	// Counts reads how far the items are, by one request, so that the numbers are of nearly the
	// same moment; now decides which leases have run out.
	Counts(ctx context.Context, index string, now time.Time) (Counts, error)
	// Size is the exact number of documents in the index, with those written just before.
	Size(ctx context.Context, index string) (int64, error)
	// Documents yields every document of the index as it was at the start, each once, in no
	// order. It holds a bounded number of them at a time. After an error it yields no more.
	Documents(ctx context.Context, index string) iter.Seq2[Document, error]
	// Restore writes documents, making the index if there is none, and returns how many it has
	// written. A document that is there already, whatever it holds, is left as it is, so a
	// repetition does no harm. It stops at the first error that docs yields, with what it was.
	Restore(ctx context.Context, index string, docs iter.Seq2[Document, error]) (int64, error)
	// Delete deletes the index with everything in it.
	Delete(ctx context.Context, index string) error
}

// Document is a document of the working state.
type Document struct {
	ID     string          // unique in its index
	Source json.RawMessage // the document itself
}

// Counts are the numbers of work items, without the one that stands for the layout itself. An
// item that was split up counts as its successors, not by itself.
type Counts struct {
	// LaidOutAt is when the items had been laid out; zero: they are still being, and the numbers
	// say nothing yet.
	LaidOutAt time.Time
	Total     int64
	Completed int64
	// InProgress are leased by a worker. Unclaimed may be taken: their lease ran out, or they wait
	// for their first worker, for they are laid out with a lease that has ended. An item without
	// any lease is in neither.
	InProgress, Unclaimed int64
	// Incomplete are all that are not completed, those that were split up among them.
	Incomplete int64
	// LastCompletedAt is when the last item was completed; zero: none was.
	LastCompletedAt time.Time
}

// workingStateIndex is the name of a session's index.
func workingStateIndex(session string) string {
	if session == "" {
		return ".migrations_working_state"
	}
	return ".migrations_working_state_" + session
}
