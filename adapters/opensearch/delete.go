package opensearch

import (
	"context"
	"errors"
	"net/http"
)

// Delete implements [backfill.WorkingState].
func (w *WorkingState) Delete(ctx context.Context, index string) error {
	c := w.call()
	err := checkIndex(index)
	if err == nil {
		err = c.delete(ctx, index)
	}
	if err != nil {
		return c.failed(err, OpDelete, index)
	}
	return nil
}

func (c *cluster) delete(ctx context.Context, index string) error {
	var answer struct {
		Acknowledged bool `json:"acknowledged"`
	}
	if err := c.send(ctx, call{method: http.MethodDelete, path: "/" + index}, &answer); err != nil {
		return err
	}
	if !answer.Acknowledged {
		return errors.New("the cluster has not confirmed the deletion")
	}
	return nil
}
