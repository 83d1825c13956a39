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
	if err := c.refresh(ctx, index); err != nil {
		return 0, err
	}
	var answer struct {
		Count  *int64  `json:"count"`
		Shards *shards `json:"_shards"`
	}
	if err := c.send(ctx, call{method: http.MethodGet, path: "/" + index + "/_count", read: true}, &answer); err != nil {
		return 0, err
	}
	if err := answer.Shards.check(); err != nil {
		return 0, err
	}
	if answer.Count == nil {
		return 0, errors.New("the answer has no count")
	}
	return *answer.Count, nil
}

// refresh makes earlier writes visible to searches. It changes nothing, so it may be repeated.
func (c *cluster) refresh(ctx context.Context, index string) error {
	var answer struct {
		Shards *shards `json:"_shards"`
	}
	if err := c.send(ctx, call{method: http.MethodPost, path: "/" + index + "/_refresh", read: true}, &answer); err != nil {
		return err
	}
	if answer.Shards == nil {
		return errors.New("the answer doesn't say whether all shards were refreshed")
	}
	if answer.Shards.Failed > 0 { // missing replicas only count as unsuccessful
		return &Error{Err: errors.New("not all shards were refreshed"), Causes: answer.Shards.Failures}
	}
	return nil
}
