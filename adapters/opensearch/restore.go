package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// Restore implements [backfill.WorkingState]. It writes documents to the cluster in batches; if
// docs yields an error, the last incomplete batch is not written. A document that the cluster
// refuses is an error that names it; the rest of its batch is written nevertheless.
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
		if !r.batch.fits(line) {
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
		if err := r.cluster.create(ctx, r.index); err != nil {
			return err
		}
		r.made = true
	}
	if len(r.batch.ids) == 0 {
		return nil
	}
	written, err := r.cluster.write(ctx, r.index, &r.batch)
	r.written += written
	r.batch.clear()
	return err
}

// create creates an index as the workers do, if it doesn't exist.
func (c *cluster) create(ctx context.Context, index string) error {
	kind := func(name string) object { return object{"type": name} }
	body, err := json.Marshal(object{
		"settings": object{"index": object{"number_of_shards": 1}},
		"mappings": object{"properties": object{
			"expiration": kind("long"), "completedAt": kind("long"), "leaseHolderId": kind("keyword"),
			"status": kind("keyword"), "successor_items": kind("keyword"),
		}},
	})
	if err != nil {
		return err
	}
	err = c.send(ctx, call{method: http.MethodPut, path: "/" + index, body: body}, nil)
	var failed *Error
	if errors.As(err, &failed) && failed.Type == "resource_already_exists_exception" {
		return nil
	}
	return err
}
