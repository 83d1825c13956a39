package backfill

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Operations on the workers, as errors and observers name them. What a backfill does with its
// workflows has the operations of [workflow.Ops].
const (
	OpReadWorkers  workflow.Op = "read workers"
	OpScaleWorkers workflow.Op = "scale workers"
)

// Ops returns all operations that errors of a backfill and its observer name.
func Ops() []workflow.Op { return append(workflow.Ops(), OpReadWorkers, OpScaleWorkers) }

// connection is what all calls that reach the workers of a backfill share.
type connection struct {
	client   dynamic.Interface
	retryFor time.Duration // negative: an attempt is not repeated
	outage   *pace.Outage
	observer workflow.Observer // nil: there is none
}

func newConnection(deps Dependencies) *connection {
	c := &connection{client: deps.Kubernetes, retryFor: deps.RetryFor, outage: &pace.Outage{}, observer: deps.Observer}
	if c.retryFor == 0 {
		c.retryFor = workflow.DefaultRetryFor
	}
	return c
}

// errNotReturned is what an observer gets of an operation that a panic has ended.
var errNotReturned = errors.New("the call did not return")

// do is an operation on the workers. It makes attempts until one succeeds or fails for good: over
// transient faults, and where another client has written at the same time, for RetryFor. An attempt
// begins with a look at what is there.
func (w *workers) do(ctx context.Context, op workflow.Op, attempt func(context.Context) error) (err error) {
	call := workflow.Call{Op: op, Backend: workflow.BackendNative, Namespace: w.namespace, Name: w.workflow, Began: time.Now()}
	p := &pace.Pacer{Until: call.Began.Add(w.retryFor), Outage: w.outage}
	if w.observer != nil {
		err = errNotReturned
		ctx = w.observer.Begin(ctx, call)
		defer func() { w.observer.End(ctx, call, err) }()
		p.Retrying = func(ctx context.Context, err error, after time.Duration) {
			w.observer.Note(ctx, workflow.Retrying{
				Op: op, Backend: call.Backend, Namespace: call.Namespace, Name: call.Name, Err: err, After: after,
			})
		}
	}
	lost := false // an attempt wrote, and its answer did not come back
	for {
		err = attempt(ctx)
		if err == nil {
			return nil
		}
		lost = lost || errors.Is(err, workflow.ErrUnknownOutcome)
		again := apierrors.IsConflict(err) || p.Again(err)
		if again && ctx.Err() == nil && p.Pause(ctx, err) {
			continue
		}
		err = pace.Ended(ctx, err)
		if lost && !errors.Is(err, workflow.ErrUnknownOutcome) {
			err = fmt.Errorf("%w: %w", workflow.ErrUnknownOutcome, err)
		}
		err = &workflow.Error{Op: op, Namespace: w.namespace, Name: w.workflow, Backend: workflow.BackendNative, Err: err}
		return err
	}
}

// polling returns the same workers for a caller that asks again by itself: nothing is retried.
func (w *workers) polling() *workers {
	shared := *w.connection
	shared.retryFor = -1
	of := *w
	of.connection = &shared
	return &of
}
