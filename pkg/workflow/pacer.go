package workflow

import (
	"context"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// newPacer returns a pacer that reports each retry to the call's observer. If until is zero, there
// is no time limit.
func newPacer(until time.Time) *pace.Pacer {
	return &pace.Pacer{Until: until, Retrying: emitRetrying}
}

func (c *WorkflowClient) pacer() *pace.Pacer {
	p := newPacer(time.Now().Add(c.retryFor))
	p.Outage = c.outage
	return p
}

func emitRetrying(ctx context.Context, err error, after time.Duration) {
	emit(ctx, func(c Call) Event {
		return Retrying{Op: c.Op, Backend: c.Backend, Namespace: c.Namespace, Name: c.Name, Err: err, After: after}
	})
}
