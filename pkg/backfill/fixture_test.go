package backfill

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/fakekube"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// oneRun is a client of the only workflow of a session. before is called before each request.
type oneRun struct {
	workflow.Interface
	before    func()
	beforeGet func(*status.WorkflowStatus) // may be nil; can change the workflow
	mu        sync.Mutex
	s         status.WorkflowStatus
	resumed   []workflow.ResumeOptions
}

func (r *oneRun) Get(context.Context, string) (*status.WorkflowStatus, error) {
	r.before()
	if r.beforeGet != nil {
		r.beforeGet(&r.s)
	}
	return r.now(), nil
}

func (r *oneRun) now() *status.WorkflowStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.s
	return &now
}

func (r *oneRun) List(context.Context, workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		r.before()
		yield(r.now(), nil)
	}
}

func (r *oneRun) Start(context.Context, workflow.StartRequest) (*workflow.StartResult, error) {
	r.before()
	return &workflow.StartResult{WorkflowStatus: r.now(), Found: true}, nil
}

func (r *oneRun) edit(uid types.UID, change func(*status.WorkflowStatus) error) error {
	r.before()
	r.mu.Lock()
	defer r.mu.Unlock()
	if uid != r.s.UID {
		return workflow.ErrReplaced
	}
	return change(&r.s)
}

func (r *oneRun) Suspend(_ context.Context, _ string, opts workflow.SuspendOptions) error {
	return r.edit(opts.UID, func(s *status.WorkflowStatus) error {
		if s.Shutdown != status.ShutdownNone {
			return fmt.Errorf("%w: it is being stopped", workflow.ErrConflict)
		}
		s.SpecSuspended = true
		return nil
	})
}

func (r *oneRun) Resume(
	_ context.Context, _ string, opts workflow.ResumeOptions,
) (*workflow.ResumeResult, error) {
	return &workflow.ResumeResult{}, r.edit(opts.UID, func(s *status.WorkflowStatus) error {
		r.resumed = append(r.resumed, opts)
		s.SpecSuspended = false
		return nil
	})
}

func (r *oneRun) Stop(_ context.Context, _ string, opts workflow.StopOptions) error {
	return r.edit(opts.UID, func(s *status.WorkflowStatus) error {
		s.SpecSuspended, s.Shutdown = false, status.ShutdownStop
		return nil
	})
}

// fixture is a running backfill of a workflow w, with a Deployment d of four workers.
type fixture struct {
	run     *oneRun
	cluster *fakekube.Cluster
	b       Backfill
}

// newFixture returns a fixture. before is called before each request.
func newFixture(t *testing.T, before func()) *fixture {
	t.Helper()
	f := &fixture{
		run: &oneRun{before: before, s: status.WorkflowStatus{Name: "w", Namespace: "ma", UID: "u", Phase: status.PhaseRunning}},
		cluster: fakekube.New(t, `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d, labels: {workflows.argoproj.io/workflow: w}},
   spec: {replicas: 4, selector: {matchLabels: {app: bulk-loader}}}}
- {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: w, namespace: ma, uid: u}}
`),
	}
	var err error
	f.b, err = New(config(t, "", ""), Dependencies{Workflows: f.run, Kubernetes: f.cluster.Client(fakekube.Before(before))})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func verbs() []string { return []string{"Start", "Pause", "Stop", "Scale"} }

// do calls one of the verbs. Scale scales to 7.
func do(ctx context.Context, b Backfill, verb string) error {
	switch verb {
	case "Start":
		_, err := b.Start(ctx)
		return err
	case "Pause":
		return b.Pause(ctx)
	case "Stop":
		return b.Stop(ctx)
	}
	return b.Scale(ctx, 7)
}

func (f *fixture) do(ctx context.Context, verb string) error { return do(ctx, f.b, verb) }

// inconsistency describes how the workflow and its workers do not match. It returns "" if they do.
func (f *fixture) inconsistency(t *testing.T) string {
	t.Helper()
	found, err := newConnection(Dependencies{Kubernetes: f.cluster.Client(nil)}).ofWorkflow("ma", "w", "u").List(t.Context())
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	w, s := found[0], f.run.now()
	stopped := w.Replicas == 0
	switch {
	case s.Shutdown != status.ShutdownNone && (!stopped || w.Paused()):
	case s.Shutdown == status.ShutdownNone && s.SpecSuspended && (!stopped || !w.Paused() || w.Record.Replicas == 0):
	case s.Shutdown == status.ShutdownNone && !s.SpecSuspended && (stopped || w.Paused()):
	default:
		return ""
	}
	return fmt.Sprintf("shutdown %q, suspended %v, with %d workers, recorded %+v", s.Shutdown, s.SpecSuspended, w.Replicas, w.Record)
}

// nilOrEnded reports whether a verb succeeded or returned an error because a Stop won.
func nilOrEnded(err error) bool { return err == nil || errors.Is(err, ErrEnded) }

// scaleAsAnotherClient sets the number of workers without using this package.
func (f *fixture) scaleAsAnotherClient(t *testing.T, replicas int) {
	t.Helper()
	patch := fmt.Appendf(nil, `{"spec": {"replicas": %d}}`, replicas)
	deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	_, err := f.cluster.Client(nil).Resource(deployments).Namespace("ma").Patch(
		t.Context(), "d", types.MergePatchType, patch, metav1.PatchOptions{}, "scale")
	if err != nil {
		t.Error(err)
	}
}

// picker returns a source of numbers below n that depends only on its seeds. It is safe for
// concurrent use.
func picker(seed, stream uint64) func(n int) int {
	random := rand.New(rand.NewPCG(seed, stream)) //nolint:gosec // chooses orders of requests, not secrets
	var mu sync.Mutex
	return func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(n)
	}
}
