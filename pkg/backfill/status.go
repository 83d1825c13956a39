package backfill

import (
	"context"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Status is the state of a backfill at one moment. A part that could not be read holds an error,
// not zero values.
type Status struct {
	Session string
	State   State
	// Run is the number of the run, from 1; 0 if nothing was started.
	Run int
	// Workflow is the workflow's own status, and never nil. Before the start it has only name and
	// namespace, and for provider k8s only the namespace.
	Workflow *status.WorkflowStatus
	// Gates are those that wait for a decision. The error is [workflow.ErrNodesOffloaded] or
	// [workflow.ErrUnreadable] if the nodes cannot be read.
	Gates workflow.Result[[]workflow.Gate]
	// Failed are the steps in which a failure originated, in order of their start.
	Failed workflow.Result[[]*status.Node]
	// Pods are the workers.
	Pods workflow.Result[Pods]
	// Shards is the progress, read from the working state. If all work is done, but
	// Dependencies.FailedDocuments returns an error, that is the error here as well.
	Shards workflow.Result[Shards]
	// FailedDocuments says whether documents failed for good, as Dependencies.FailedDocuments
	// reports. It does not affect State, which is that of the workflow or Deployment.
	FailedDocuments workflow.Result[FailedDocuments]
}

// Pods are the workers of a backfill, by the phase of their pods. A pod that is being deleted
// counts only as terminating. A pod that has ended is not counted.
type Pods struct {
	Running     int `json:"running"`
	Pending     int `json:"pending"`
	Terminating int `json:"terminating"`
	// Desired is how many there should be.
	Desired int `json:"desired"`
}

// Any reports whether there is a pod that has not ended.
func (p Pods) Any() bool { return p.Running+p.Pending+p.Terminating > 0 }

// readPods counts the pods of a pool. It returns an error if pool is nil, since
// Dependencies.Kubernetes is missing then.
func readPods(ctx context.Context, pool *workers.Pool) (Pods, error) {
	if pool == nil {
		return Pods{}, errNoKubernetes
	}
	pods, err := pool.Pods(ctx)
	return Pods(pods), err
}

func (b *argoBackfill) Status(ctx context.Context) (*Status, error) {
	s, err := b.latestRun(ctx)
	if err != nil {
		return nil, err
	}
	return b.statusOf(ctx, s), nil
}

// statusOf reads the other parts of the status of a run. s is nil if nothing was started.
func (b *argoBackfill) statusOf(ctx context.Context, s *status.WorkflowStatus) *Status {
	var pods workflow.Result[Pods]
	var work progress
	var reading sync.WaitGroup
	reading.Go(func() { pods = workflow.ResultOf(readPods(ctx, b.workersOf(s))) })
	reading.Go(func() { work = readProgress(ctx, b.deps, b.session) })
	reading.Wait()
	return b.combine(s, pods, work)
}

func (b *argoBackfill) combine(s *status.WorkflowStatus, pods workflow.Result[Pods], work progress) *Status {
	counted := &pods.Data
	switch {
	case b.deps.Kubernetes == nil:
		counted = nil // the state is that of the workflow alone
	case !pods.Success():
		counted = &Pods{Terminating: 1} // some may remain
	}
	st := &Status{Session: b.session, State: stateOf(s, counted), Run: runOf(s), Workflow: s, Pods: pods, Shards: work.shards, FailedDocuments: work.failed}
	switch {
	case s == nil:
		st.Workflow = &status.WorkflowStatus{Name: b.request.Name, Namespace: b.cfg.Backfill.Argo.Namespace}
	case s.NodesErr != nil:
		st.Gates.Err, st.Failed.Err = s.NodesErr, s.NodesErr
	default:
		st.Gates, st.Failed.Data = workflow.ResultOf(workflow.GatesOf(s)), s.FailedNodes()
	}
	return st
}

func (b *deploymentBackfill) Status(ctx context.Context) (*Status, error) {
	var work progress
	var reading sync.WaitGroup
	reading.Go(func() { work = readProgress(ctx, b.deps, b.session) })
	st, err := b.statusWithoutShards(ctx, b.workers)
	reading.Wait()
	if err != nil {
		return nil, err
	}
	st.Shards, st.FailedDocuments = work.shards, work.failed
	return st, nil
}

// statusWithoutShards fails if the pods cannot be read, since the state depends on them.
func (b *deploymentBackfill) statusWithoutShards(ctx context.Context, pool *workers.Pool) (*Status, error) {
	found, err := pool.List(ctx)
	if err != nil {
		return nil, b.wrap(err)
	}
	pods, err := readPods(ctx, pool)
	if err != nil {
		return nil, b.wrap(err)
	}
	return &Status{
		Session: b.session, State: deploymentState(found[0].Paused(), pods),
		Workflow: &status.WorkflowStatus{Namespace: b.cfg.Backfill.K8s.Namespace},
		Gates:    workflow.Result[[]workflow.Gate]{Data: []workflow.Gate{}}, Failed: workflow.Result[[]*status.Node]{Data: []*status.Node{}},
		Pods: workflow.Result[Pods]{Data: pods},
	}, nil
}
