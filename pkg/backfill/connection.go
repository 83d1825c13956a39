package backfill

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Operations on the workers, as in errors and observers. Operations on workflows are those of
// [workflow.Ops].
const (
	OpReadWorkers  workflow.Op = "read-workers"
	OpScaleWorkers workflow.Op = "scale-workers"
)

// Ops returns all operations that occur in errors of a backfill and in its observer.
func Ops() []workflow.Op { return append(workflow.Ops(), OpReadWorkers, OpScaleWorkers) }

// connection reaches the workers of a backfill. It decides how often an attempt is repeated,
// observes operations, and makes their errors public.
type connection struct {
	client   dynamic.Interface
	retryFor time.Duration // negative disables retries
	outage   *pace.Outage
	observer workflow.Observer // nil disables observation
}

func newConnection(deps Dependencies) *connection {
	c := &connection{client: deps.Kubernetes, retryFor: deps.RetryFor, outage: &pace.Outage{}, observer: deps.Observer}
	if c.retryFor == 0 {
		c.retryFor = workflow.DefaultRetryFor
	}
	return c
}

// withoutRetries returns a connection for a caller that polls.
func (c *connection) withoutRetries() *connection {
	polling := *c
	polling.retryFor = -1
	return &polling
}

// ofWorkflow returns the workers of a workflow; see [workers.OfWorkflow].
func (c *connection) ofWorkflow(namespace, name string, uid types.UID) *workers.Pool {
	return workers.OfWorkflow(c.client, c.runner(namespace, name), namespace, name, uid)
}

// ofDeployment returns the workers of a Deployment.
func (c *connection) ofDeployment(namespace, name string) *workers.Pool {
	return workers.OfDeployment(c.client, c.runner(namespace, ""), namespace, name)
}

// runner returns the function that runs the operations on the workers of a workflow. name is "" for
// workers without a workflow.
func (c *connection) runner(namespace, name string) workers.Run {
	return func(ctx context.Context, op workers.Op, attempt func(context.Context) error) error {
		call := workflow.Call{Op: OpReadWorkers, Backend: workflow.BackendNative, Namespace: namespace, Name: name, Began: time.Now()}
		if op == workers.OpScale {
			call.Op = OpScaleWorkers
		}
		return c.run(ctx, call, attempt)
	}
}

// errNotReturned is what an observer receives for an operation that a panic has ended.
var errNotReturned = errors.New("the call did not return")

// run makes attempts until one succeeds or fails for good. It repeats them for RetryFor over
// transient faults, and after conflicts with other clients.
func (c *connection) run(ctx context.Context, call workflow.Call, attempt func(context.Context) error) (err error) {
	p := &pace.Pacer{Until: call.Began.Add(c.retryFor), Outage: c.outage}
	if c.observer != nil {
		err = errNotReturned
		ctx = c.observer.Begin(ctx, call)
		defer func() { c.observer.End(ctx, call, err) }()
		p.Retrying = func(ctx context.Context, err error, after time.Duration) {
			c.observer.OnEvent(ctx, workflow.Retrying{
				Op: call.Op, Backend: call.Backend, Namespace: call.Namespace, Name: call.Name, Err: err, After: after,
			})
		}
	}
	lost := false // an attempt wrote, and its answer was lost
	for {
		err = fromWorkers(attempt(ctx))
		if err == nil {
			return nil
		}
		lost = lost || errors.Is(err, workflow.ErrUnknownOutcome)
		again := apierrors.IsConflict(err) || p.Retryable(err)
		if again && ctx.Err() == nil && p.Pause(ctx, err) {
			continue
		}
		err = pace.Ended(ctx, err)
		if lost && !errors.Is(err, workflow.ErrUnknownOutcome) {
			err = fmt.Errorf("%w: %w", workflow.ErrUnknownOutcome, err)
		}
		err = &workflow.Error{Op: call.Op, Namespace: call.Namespace, Name: call.Name, Backend: call.Backend, Err: err}
		return err
	}
}
