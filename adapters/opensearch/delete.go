package opensearch

import (
	"context"
	"errors"
	"net/http"
)

// Delete implements [backfill.WorkingState].
func (w *WorkingState) Delete(ctx context.Context, index string) error {
	err := checkIndex(index)
	if err == nil {
		err = w.cluster.delete(ctx, index)
	}
	if err != nil {
		return asError(err, OpDelete, index)
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
		return errors.New("the cluster has not confirmed it")
	}
	return nil
}
