package backfill

import (
	"context"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Status is how a backfill stands at one moment. What could not be read is an error in its place,
// never a zero.
type Status struct {
	Session string
	State   State
	// Run counts the starts of the session; 0: it has none.
	Run int
	// Workflow is the workflow's own status, never nil. Before the start only its name and
	// namespace are set; of provider k8s only the namespace.
	Workflow *status.WorkflowStatus
	// Gates are those that wait for a decision. Where the nodes can't be seen the error is
	// [workflow.ErrNodesOffloaded] or another.
	Gates workflow.Result[[]Gate]
	// Failed are the steps in which a failure began, in order of their start.
	Failed workflow.Result[[]*status.Node]
	// Pods are the workers.
	Pods workflow.Result[Pods]
	// Shards is the progress that the target cluster tells of.
	Shards workflow.Result[Shards]
}

func (b *argoBackfill) Status(ctx context.Context) (*Status, error) {
	s, err := b.current(ctx)
	if err != nil {
		return nil, err
	}
	return b.statusOf(ctx, s), nil
}

// statusOf makes a Status of a workflow's, and reads the other parts; nil: there is no workflow.
func (b *argoBackfill) statusOf(ctx context.Context, s *status.WorkflowStatus) *Status {
	var pods workflow.Result[Pods]
	var shards workflow.Result[Shards]
	var reading sync.WaitGroup
	reading.Go(func() { pods = workflow.ResultOf(b.readPods(ctx, s)) })
	reading.Go(func() { shards = workflow.ResultOf(readShards(ctx, b.deps.WorkingState, b.session)) })
	reading.Wait()
	return b.combine(s, pods, shards)
}

func (b *argoBackfill) readPods(ctx context.Context, s *status.WorkflowStatus) (Pods, error) {
	return podsOf(ctx, b.workersOf(s))
}

// pollPods reads the pods of workers for a caller that asks again by itself.
func pollPods(ctx context.Context, w *workers) (Pods, error) {
	if w != nil {
		w = w.polling()
	}
	return podsOf(ctx, w)
}

func podsOf(ctx context.Context, w *workers) (Pods, error) {
	if w == nil {
		return Pods{}, errNoKubernetes
	}
	return w.pods(ctx)
}

func (b *argoBackfill) combine(s *status.WorkflowStatus, pods workflow.Result[Pods], shards workflow.Result[Shards]) *Status {
	seen := &pods.Data
	switch {
	case b.deps.Kubernetes == nil:
		seen = nil // nobody looks for them, so the workflow alone counts
	case !pods.Success():
		seen = &Pods{Terminating: 1} // for all that is known, some are left
	}
	st := &Status{Session: b.session, State: stateOf(s, seen), Run: runOf(s), Workflow: s, Pods: pods, Shards: shards}
	switch {
	case s == nil:
		st.Workflow = &status.WorkflowStatus{Name: b.request.Name, Namespace: b.cfg.Backfill.Argo.Namespace}
	case s.NodesErr != nil:
		st.Gates.Err, st.Failed.Err = s.NodesErr, s.NodesErr
	default:
		st.Gates.Data, st.Failed.Data = gatesOf(openGates(s)), s.FailedNodes()
	}
	return st
}
