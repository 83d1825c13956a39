package opensearch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Restore implements [backfill.WorkingState]. It writes documents to the cluster in batches; if
// docs yields an error, the last incomplete batch is not written. A document that the cluster
// refuses is an error that names it; the rest of its batch is written nevertheless.
//
// If the cluster is too busy (429) to create the index, or to write a batch or some documents of it,
// Restore sends only what was refused again, after a jittered pause of 0.1 to 10 s. It continues
// for as long as documents are accepted. After 12 attempts in a row of which none is accepted, with
// 30 s to a minute of pauses, it returns [workflow.ErrUnavailable]. If ctx ends, so does a pause. The
// document that marks the work as laid out is sent only after all documents before it have been
// accepted.
func (w *WorkingState) Restore(ctx context.Context, index string, docs iter.Seq2[backfill.Document, error]) (int64, error) {
	r := &restore{cluster: w.call(), index: index}
	if err := r.run(ctx, docs); err != nil {
		return r.written, r.cluster.failed(err, OpRestore, index)
	}
	return r.written, nil
}

type restore struct {
	cluster *cluster
	index   string
	made    bool // the index exists
	batch   batch
	written int64
}

func (r *restore) run(ctx context.Context, docs iter.Seq2[backfill.Document, error]) error {
	if err := checkIndex(r.index); err != nil {
		return err
	}
	for d, err := range docs {
		if err != nil {
			// A new Error, since err may already be one, about another index.
			return &Error{Err: err, kind: kindOf(err)}
		}
		line, err := lineOf(d)
		if err != nil {
			return err
		}
		if !r.batch.fits(line) || d.ID == layout {
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
		r.batch.add(d.ID, line)
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	return r.cluster.refresh(ctx, r.index)
}

// flush writes the batch, and creates the index first, even for an empty batch.
func (r *restore) flush(ctx context.Context) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	if !r.made {
		if err := r.whileBusy(ctx, func() (bool, error) {
			return false, r.cluster.create(ctx, r.index)
		}); err != nil {
			return err
		}
		r.made = true
	}
	if len(r.batch.ids) == 0 {
		return nil
	}
	defer r.batch.clear()
	var failed *Error // of a document; the others are written nevertheless
	err := r.whileBusy(ctx, func() (bool, error) {
		result, err := r.cluster.write(ctx, r.index, &r.batch)
		r.written += result.created
		failed = cmp.Or(failed, result.failed)
		if err != nil {
			r.batch.lines = slices.Clone(r.batch.lines) // after an early answer, the transport may still read these
			return false, err
		}
		if result.refused == nil {
			return false, nil
		}
		progress := len(result.busy) < len(r.batch.ids)
		r.batch.keep(result.busy)
		return progress, result.refused
	})
	switch {
	case failed == nil:
		return err
	case ctx.Err() != nil:
		return ended(ctx)
	}
	return failed
}

// whileBusy repeats a request while the cluster is too busy for it, or for a part of it. attempt
// reports whether anything of it was accepted, and returns the error of what was refused.
func (r *restore) whileBusy(ctx context.Context, attempt func() (progress bool, err error)) error {
	for refusals := 1; ; refusals++ {
		progress, err := attempt()
		var failed *Error
		if !errors.As(err, &failed) || !failed.isBusy() {
			return err
		}
		if progress {
			refusals = 1
		}
		if refusals == mostRefusals {
			return err
		}
		if !pause(ctx, min(r.cluster.firstPause<<(refusals-1), r.cluster.longestPause)) {
			return ended(ctx)
		}
	}
}

// create creates an index as the workers do, if it doesn't exist. It waits until its shard is
// assigned.
func (c *cluster) create(ctx context.Context, index string) error {
	kind := func(name string) object { return object{"type": name} }
	body := bodyOf(object{
		"settings": object{"index": object{"number_of_shards": 1}},
		"mappings": object{"properties": object{
			"expiration": kind("long"), "completedAt": kind("long"), "leaseHolderId": kind("keyword"),
			"status": kind("keyword"), "successor_items": kind("keyword"),
		}},
	})
	// The cluster answers before the request times out.
	params := url.Values{"timeout": {fmt.Sprintf("%dms", c.timeout.Milliseconds()/2)}}
	var answer struct {
		Acknowledged *bool `json:"shards_acknowledged"`
	}
	err := c.send(ctx, call{method: http.MethodPut, path: "/" + index, params: params, body: body}, &answer)
	var failed *Error
	switch {
	case errors.As(err, &failed) && failed.Type == "resource_already_exists_exception":
		return c.checkAssigned(ctx, index)
	case err == nil && answer.Acknowledged != nil && !*answer.Acknowledged:
		return &Error{Err: errors.New("the index was created, but is not ready for writes"), Hint: unassignedHint, kind: workflow.ErrUnavailable, unassigned: true}
	}
	return err
}
