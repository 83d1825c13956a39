package backfill

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/fakekube"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// scripted is a client that watches the given states of a workflow, one a second.
type scripted struct {
	recorder
	states []*status.WorkflowStatus
	err    error                                  // after the states; may be nil
	get    func() (*status.WorkflowStatus, error) // answers Get
	uids   []types.UID                            // that Watch was called with
}

func (f *scripted) Get(context.Context, string) (*status.WorkflowStatus, error) { return f.get() }

func (f *scripted) Watch(ctx context.Context, name string, opts ...workflow.WaitOption) iter.Seq2[*status.WorkflowStatus, error] {
	f.uids = append(f.uids, workflow.WaitOptionsFor(name, opts...).UID)
	return func(yield func(*status.WorkflowStatus, error) bool) {
		for _, s := range f.states {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				yield(nil, context.Cause(ctx))
				return
			}
			if !yield(s, nil) {
				return
			}
		}
		if f.err != nil {
			yield(nil, f.err)
		}
	}
}

func states(phases ...status.Phase) []*status.WorkflowStatus {
	var all []*status.WorkflowStatus
	for i, phase := range phases {
		all = append(all, &status.WorkflowStatus{Name: "w", UID: "u", Phase: phase, ResourceVersion: fmt.Sprint(i)})
	}
	return all
}

// progressing is a working state that has one more completed item at each request.
type progressing struct {
	WorkingState
	requests atomic.Int64
	takes    time.Duration // delay of an answer
}

func (c *progressing) Counts(ctx context.Context, _ string, now time.Time) (Counts, error) {
	select {
	case <-time.After(c.takes):
	case <-ctx.Done():
		return Counts{}, context.Cause(ctx)
	}
	return Counts{LaidOutAt: now.Add(-time.Minute), Total: 10, Completed: c.requests.Add(1), InProgress: 1}, nil
}

func follow(t *testing.T, f *scripted, deps Dependencies, opts FollowOptions) (seen []string, err error) {
	t.Helper()
	deps.Workflows = f
	b, err := New(config(t, "", ""), deps)
	if err != nil {
		t.Fatal(err)
	}
	for st, err := range b.Follow(t.Context(), opts) {
		if err != nil {
			return seen, err
		}
		seen = append(seen, fmt.Sprint(st.State, " ", st.Shards.Data.Completed))
	}
	return seen, nil
}

func TestFollow(t *testing.T) {
	all := states(status.PhasePending, status.PhaseRunning, status.PhaseRunning, status.PhaseRunning, status.PhaseSucceeded)
	t.Run("yields each state of the workflow and the shards, until the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := &scripted{recorder: recorder{runs: all[:1]}, states: all}
			seen, err := follow(t, f, Dependencies{WorkingState: &progressing{}}, FollowOptions{ShardsEvery: 1500 * time.Millisecond})
			want := []string{"Starting 1", "Starting 2", "Running 2", "Running 3", "Running 3", "Running 4", "Succeeded 4", "Succeeded 5"}
			// Updates of the same instant arrive in any order.
			if err != nil || seen[0] != want[0] || seen[len(seen)-1] != want[len(want)-1] || !slices.Contains(seen, "Running 3") {
				t.Errorf("%v, %v", seen, err)
			}
		})
	})
	t.Run("does not wait for a slow target", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := &scripted{recorder: recorder{runs: all[:1]}, states: all}
			begin := time.Now()
			seen, err := follow(t, f, Dependencies{WorkingState: &progressing{takes: 20 * time.Second}}, FollowOptions{ShardsEvery: time.Millisecond})
			// The first and the last status wait for the target; the five states between them do
			// not.
			if took := time.Since(begin); err != nil || took > 46*time.Second || len(seen) < 4 {
				t.Errorf("%v, %v, %v", seen, err, took)
			}
		})
	})
	t.Run("ends at once if nothing was started", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if seen, err := follow(t, &scripted{}, Dependencies{}, FollowOptions{}); err != nil || len(seen) != 1 {
				t.Errorf("%v, %v", seen, err)
			}
		})
	})
	t.Run("ends with an error", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := &scripted{recorder: recorder{runs: all[:1]}, states: all[:2], err: workflow.ErrDeleted}
			if seen, err := follow(t, f, Dependencies{}, FollowOptions{}); !errors.Is(err, workflow.ErrDeleted) || len(seen) != 2 {
				t.Errorf("%v, %v", seen, err)
			}
			f = &scripted{recorder: recorder{runs: all[:1]}, err: workflow.ErrReplaced}
			if seen, err := follow(t, f, Dependencies{}, FollowOptions{}); !errors.Is(err, workflow.ErrReplaced) || len(seen) != 1 {
				t.Errorf("%v, %v", seen, err)
			}
			if !slices.Equal(f.uids, []types.UID{"u"}) { // another workflow of the name is not followed
				t.Errorf("watched %q", f.uids)
			}
		})
	})
	t.Run("ends with the loop, and with the context's cause", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // fails if a goroutine remains
			deps := Dependencies{Workflows: &scripted{recorder: recorder{runs: all[:1]}, states: all}, WorkingState: &progressing{}}
			b, err := New(config(t, "", ""), deps)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range b.Follow(t.Context(), FollowOptions{}) {
				if err != nil {
					t.Error(err)
				}
				break
			}
			tired := errors.New("tired")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 2500*time.Millisecond, tired)
			defer cancel()
			var last error
			for _, err := range b.Follow(ctx, FollowOptions{}) {
				last = err
			}
			if !errors.Is(last, tired) {
				t.Errorf("%v", last)
			}
		})
	})
}

// A stopped workflow can be deleted or replaced while its workers are still terminating.
func TestFollowOfAWorkflowThatIsDeletedWhileTerminating(t *testing.T) {
	for want, now := range map[error]func(s status.WorkflowStatus) (*status.WorkflowStatus, error){
		workflow.ErrDeleted: func(status.WorkflowStatus) (*status.WorkflowStatus, error) { return nil, workflow.ErrNotFound },
		workflow.ErrReplaced: func(s status.WorkflowStatus) (*status.WorkflowStatus, error) {
			s.UID, s.Phase = "another", status.PhaseRunning
			return &s, nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			all := states(status.PhaseRunning, status.PhaseFailed)
			all[1].Shutdown = status.ShutdownStop
			asked := 0
			f := &scripted{recorder: recorder{runs: all[:1]}, states: all, get: func() (*status.WorkflowStatus, error) {
				if asked++; asked == 1 {
					return nil, workflow.ErrUnavailable
				}
				return now(*all[1])
			}}
			seen, err := follow(t, f, Dependencies{Kubernetes: fakekube.New(t, twoWorkloads).Client(nil)}, FollowOptions{})
			if !errors.Is(err, want) || asked != 2 || !slices.Contains(seen, "Terminating 0") {
				t.Errorf("%v, %v, asked %d times; want %v", seen, err, asked, want)
			}
		})
	}
}

// If the pods of a Deployment cannot be read, the status says so, and Follow continues.
func TestFollowOfADeploymentDuringAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := fakekube.New(t, `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: loader, namespace: ma, uid: d}, spec: {replicas: 4, selector: {matchLabels: {app: loader}}}}
`)
		cfg := config(t, "backfill", "{reindex_from_snapshot: {session_name: s, k8s: {namespace: ma, deployment_name: loader}}}")
		var outage atomic.Bool
		b, err := New(cfg, Dependencies{Kubernetes: cluster.Client(fakekube.FailReads(func() error {
			if outage.Load() {
				return unavailable()
			}
			return nil
		}))})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(5*time.Second, func() { outage.Store(true) })
		time.AfterFunc(25*time.Second, func() { outage.Store(false) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var seen []bool
		for st, err := range b.Follow(ctx, FollowOptions{}) {
			if err != nil {
				break
			}
			seen = append(seen, errors.Is(st.Pods.Err, workflow.ErrUnavailable))
		}
		if !slices.Equal(seen, []bool{false, true, false}) {
			t.Errorf("unknown: %v", seen)
		}
	})
}
