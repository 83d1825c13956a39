package legacy

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// recorder is a backend that records its calls and returns err.
type recorder struct {
	err error

	mu    sync.Mutex
	calls []string
}

var _ workflow.Interface = (*recorder)(nil)

func (r *recorder) record(op workflow.Op, name string) (*status.WorkflowStatus, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, fmt.Sprint(op, " ", name))
	if r.err != nil {
		return nil, r.err
	}
	return &status.WorkflowStatus{Name: name}, nil
}

func (r *recorder) Start(_ context.Context, req workflow.StartRequest) (*workflow.StartResult, error) {
	s, err := r.record(workflow.OpStart, req.Name)
	return &workflow.StartResult{WorkflowStatus: s}, err
}

func (r *recorder) Resubmit(_ context.Context, _ string, opts workflow.ResubmitOptions) (*status.WorkflowStatus, error) {
	return r.record(workflow.OpResubmit, opts.Name)
}

func (r *recorder) Get(_ context.Context, name string) (*status.WorkflowStatus, error) {
	return r.record(workflow.OpGet, name)
}

func (r *recorder) List(context.Context, workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) { yield(r.record(workflow.OpList, "")) }
}

func (r *recorder) Watch(_ context.Context, name string, opts ...workflow.WaitOption) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) { yield(r.recordUID(workflow.OpWatch, name, opts)) }
}

func (r *recorder) Wait(
	_ context.Context, name string, _ workflow.Condition, opts ...workflow.WaitOption,
) (*status.WorkflowStatus, error) {
	return r.recordUID(workflow.OpWait, name, opts)
}

func (r *recorder) recordUID(op workflow.Op, name string, opts []workflow.WaitOption) (*status.WorkflowStatus, error) {
	return r.record(op, fmt.Sprint(name, " with the UID ", workflow.WaitOptionsFor(name, opts...).UID))
}

func (r *recorder) Gates(_ context.Context, name string) ([]workflow.Gate, error) {
	return []workflow.Gate{}, r.recordOnly(workflow.OpGates, name)
}

func (r *recorder) Approve(_ context.Context, name string, _ workflow.Decision) (*workflow.DecisionResult, error) {
	return &workflow.DecisionResult{}, r.recordOnly(workflow.OpApprove, name)
}

func (r *recorder) Reject(_ context.Context, name string, _ workflow.Decision) (*workflow.DecisionResult, error) {
	return &workflow.DecisionResult{}, r.recordOnly(workflow.OpReject, name)
}

func (r *recorder) recordOnly(op workflow.Op, name string) error {
	_, err := r.record(op, name)
	return err
}

func (r *recorder) Suspend(_ context.Context, name string, _ workflow.SuspendOptions) error {
	return r.recordOnly(workflow.OpSuspend, name)
}

func (r *recorder) Resume(_ context.Context, name string, _ workflow.ResumeOptions) (*workflow.ResumeResult, error) {
	return &workflow.ResumeResult{}, r.recordOnly(workflow.OpResume, name)
}

func (r *recorder) Stop(_ context.Context, name string, _ workflow.StopOptions) error {
	return r.recordOnly(workflow.OpStop, name)
}

func (r *recorder) Terminate(_ context.Context, name string, _ workflow.TerminateOptions) error {
	return r.recordOnly(workflow.OpTerminate, name)
}

func (r *recorder) Delete(_ context.Context, name string, _ workflow.DeleteOptions) error {
	return r.recordOnly(workflow.OpDelete, name)
}

func (r *recorder) Retry(_ context.Context, name string, _ workflow.RetryOptions) (*status.WorkflowStatus, error) {
	return r.record(workflow.OpRetry, name)
}

func (r *recorder) Logs(_ context.Context, name string, _ workflow.LogOptions) iter.Seq2[workflow.LogLine, error] {
	return func(yield func(workflow.LogLine, error) bool) {
		_, err := r.record(workflow.OpLogs, name)
		yield(workflow.LogLine{}, err)
	}
}

func router(t *testing.T, native, old workflow.Interface, opts RouterOptions) *Router {
	t.Helper()
	r, err := NewRouter(native, old, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// verbs returns all calls about one workflow.
func verbs(ctx context.Context, c workflow.Interface, name string) {
	_, _ = c.Start(ctx, workflow.StartRequest{Template: "t", Name: name})
	_, _ = c.Resubmit(ctx, "old", workflow.ResubmitOptions{Name: name})
	_, _ = c.Get(ctx, name)
	for range c.Watch(ctx, name, workflow.WithUID("u")) { //nolint:errcheck // recorder records the call
	}
	_, _ = c.Wait(ctx, name, workflow.Completed, workflow.WithUID("u"))
	_, _ = c.Gates(ctx, name)
	_, _ = c.Approve(ctx, name, workflow.Decision{All: true})
	_, _ = c.Reject(ctx, name, workflow.Decision{All: true})
	_ = c.Suspend(ctx, name, workflow.SuspendOptions{})
	_, _ = c.Resume(ctx, name, workflow.ResumeOptions{})
	_ = c.Stop(ctx, name, workflow.StopOptions{})
	_ = c.Terminate(ctx, name, workflow.TerminateOptions{})
	_, _ = c.Retry(ctx, name, workflow.RetryOptions{})
	for range c.Logs(ctx, name, workflow.LogOptions{}) { //nolint:errcheck // as above
	}
	_ = c.Delete(ctx, name, workflow.DeleteOptions{})
}
