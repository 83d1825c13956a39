package backfill

import (
	"errors"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A verb that began before its workflow was deleted and started again under its name does not
// affect the new workflow and its workers.
func TestVerbOfAReplacedWorkflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, verb := range verbs() {
			for at, reached := 2, true; reached; at++ { // the first request finds the workflow
				count := 0
				reached = false
				var f *fixture
				f = newFixture(t, func() {
					if count++; count != at {
						return
					}
					reached = true
					again := newFixture(t, func() {})
					again.run.s.UID = "another"
					f.run.mu.Lock()
					defer f.run.mu.Unlock()
					f.run.s = again.run.s
					f.cluster.Edit(func([]*unstructured.Unstructured) []*unstructured.Unstructured {
						objects := []*unstructured.Unstructured{again.cluster.Object("Deployment", "d"), again.cluster.Object("Workflow", "w")}
						for _, o := range objects {
							o.SetUID("another")
							o.SetResourceVersion("100")
						}
						return objects
					})
				})
				err := f.do(t.Context(), verb)
				if !reached {
					continue
				}
				deployment, run := f.cluster.Object("Deployment", "d"), f.cluster.Object("Workflow", "w")
				if deployment.GetResourceVersion() != "100" || run.GetResourceVersion() != "100" || f.run.s.SpecSuspended || f.run.s.Shutdown != "" {
					t.Errorf("another run before request %d of %s: changed %v, %v, %+v", at, verb, deployment, run, f.run.s)
				}
				if err != nil && !errors.Is(err, workflow.ErrReplaced) && !errors.Is(err, ErrEnded) {
					t.Errorf("another run before request %d of %s: %v", at, verb, err)
				}
			}
		}
	})
}

// A session without a workflow may have workers left. Those of a workflow that was started in the
// meantime are not among them.
func TestWorkersOfAWorkflowThatWasStartedMeanwhile(t *testing.T) {
	f := newFixture(t, func() {})
	pool := newConnection(Dependencies{Kubernetes: f.cluster.Client(nil)}).ofWorkflow("ma", "w", "")
	if err := pool.Stop(t.Context()); !errors.Is(err, workflow.ErrReplaced) {
		t.Error(err)
	}
	if wrong := f.inconsistency(t); wrong != "" {
		t.Error(wrong)
	}
}

// However often another client suspends and resumes the workflow, a verb succeeds, and leaves the
// workers that match the workflow's last state, whatever verb runs after that.
func TestVerbThatIsUndoneAgainAndAgain(t *testing.T) {
	const changes = 50
	synctest.Test(t, func(t *testing.T) {
		for _, outer := range []string{"Start", "Pause"} {
			for _, inner := range verbs() {
				for at, reached := 1, true; reached; at++ {
					count, left := -1, changes
					reached = false
					var f *fixture
					f = newFixture(t, func() {
						if left > 0 || count < 0 {
							return
						}
						if count++; count == at {
							reached = true
							count = -1
							if err := f.do(t.Context(), inner); err != nil {
								t.Error(err)
							}
						}
					})
					if outer == "Start" {
						if err := f.do(t.Context(), "Pause"); err != nil {
							t.Fatal(err)
						}
					}
					f.run.beforeGet = func(s *status.WorkflowStatus) {
						if left > 0 {
							left--
							s.SpecSuspended = !s.SpecSuspended
						}
					}
					count = 0
					err := f.do(t.Context(), outer)
					if wrong := f.inconsistency(t); wrong != "" || left > 0 || !nilOrEnded(err) {
						t.Errorf("%s before request %d of %s, after %d changes: %s (%v)", inner, at, outer, changes-left, wrong, err)
					}
				}
			}
		}
	})
}

// The controller may have missed that an earlier Start resumed the workflow.
func TestRepeatedStartResumesAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*status.WorkflowStatus)
		want   int
	}{
		"running":       {func(*status.WorkflowStatus) {}, 1},
		"paused":        {func(s *status.WorkflowStatus) { s.SpecSuspended = true }, 1},
		"being stopped": {func(s *status.WorkflowStatus) { s.Shutdown = status.ShutdownStop }, 0},
		"ended":         {func(s *status.WorkflowStatus) { s.Phase = status.PhaseSucceeded }, 0},
	} {
		f := newFixture(t, func() {})
		tc.change(&f.run.s)
		if err := f.do(t.Context(), "Start"); err != nil || len(f.run.resumed) != tc.want {
			t.Errorf("%s: %v, resumed %d times, want %d", name, err, len(f.run.resumed), tc.want)
		}
		for _, opts := range f.run.resumed {
			if !opts.KeepGates || opts.UID != "u" {
				t.Errorf("%s: resumed with %+v", name, opts)
			}
		}
	}
}

// If the session is stopped and started again during a Scale, the first run has no workers left.
func TestScaleDuringARestart(t *testing.T) {
	count := 0
	var f *fixture
	f = newFixture(t, func() {
		if count++; count != 4 { // the write
			return
		}
		f.run.mu.Lock()
		defer f.run.mu.Unlock()
		f.run.s.Name, f.run.s.UID = "w-2", "another"
	})
	err := f.do(t.Context(), "Scale")
	f.run.s.Shutdown = status.ShutdownStop // for inconsistency
	if wrong := f.inconsistency(t); wrong != "" || !errors.Is(err, ErrEnded) || count < 5 {
		t.Errorf("%s, %v after %d requests", wrong, err, count)
	}
}
