package opensearch

import (
	"context"
	"errors"
	"net/http"
)

// Size implements [backfill.WorkingState]. It needs the permission to refresh the index.
func (w *WorkingState) Size(ctx context.Context, index string) (int64, error) {
	c := w.call()
	size, err := c.size(ctx, index)
	if err != nil {
		return 0, c.failed(err, OpSize, index)
	}
	return size, nil
}

func (c *cluster) size(ctx context.Context, index string) (int64, error) {
	if err := checkIndex(index); err != nil {
		return 0, err
	}
	if err := c.checkAssigned(ctx, index); err != nil {
		return 0, err
	}
	if err := c.refresh(ctx, index); err != nil {
		return 0, err
	}
	return c.count(ctx, index)
}

// countAnswer is the answer to a count of documents.
type countAnswer struct {
	Count  *int64  `json:"count"`
	Shards *shards `json:"_shards"`
}

func (a *countAnswer) check() error {
	if err := a.Shards.check(); err != nil {
		return err
	}
	if a.Count == nil {
		return errors.New("the answer has no count")
	}
	return nil
}

// count counts the documents that searches find.
func (c *cluster) count(ctx context.Context, index string) (int64, error) {
	var answer countAnswer
	if err := c.send(ctx, call{method: http.MethodGet, path: "/" + index + "/_count", read: true}, &answer); err != nil {
		return 0, err
	}
	return *answer.Count, nil
}

// refreshAnswer is the answer to a refresh.
type refreshAnswer struct {
	Shards *shards `json:"_shards"`
}

func (a *refreshAnswer) check() error {
	if a.Shards == nil {
		return errors.New("the answer doesn't say whether all shards were refreshed")
	}
	if a.Shards.Failed > 0 { // missing replicas only count as unsuccessful
		return &Error{Err: errors.New("not all shards were refreshed"), Causes: a.Shards.Failures}
	}
	return nil
}

// refresh makes earlier writes visible to searches. It changes nothing, so it may be repeated.
func (c *cluster) refresh(ctx context.Context, index string) error {
	return c.send(ctx, call{method: http.MethodPost, path: "/" + index + "/_refresh", read: true}, new(refreshAnswer))
}
