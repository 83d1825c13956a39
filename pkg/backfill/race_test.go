package backfill

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// oneRun is the workflow of a session, steered as the API server would. step is called before each
// request.
type oneRun struct {
	workflow.Interface
	step func()
	got  func(*status.WorkflowStatus) // if not nil, changes the workflow right before it is read
	mu   sync.Mutex
	s    status.WorkflowStatus

	resumed []workflow.ResumeOptions
}

func (r *oneRun) Get(context.Context, string) (*status.WorkflowStatus, error) {
	r.step()
	if r.got != nil {
		r.got(&r.s)
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
		r.step()
		yield(r.now(), nil)
	}
}

func (r *oneRun) Start(context.Context, workflow.StartRequest) (*status.WorkflowStatus, error) {
	r.step()
	return r.now(), nil
}

func (r *oneRun) edit(uid types.UID, change func(*status.WorkflowStatus) error) error {
	r.step()
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
		if len(opts.NodeIDs) > 0 {
			return workflow.ErrNotSuspended
		}
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

// stepped calls step before each request.
type stepped struct {
	*apps
	step func()
}

func (a *stepped) Resource(resource schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	return &stepped{a.apps.Resource(resource).(*apps), a.step}
}

func (a *stepped) Namespace(string) dynamic.ResourceInterface { return a }

func (a *stepped) List(ctx context.Context, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	a.step()
	return a.apps.List(ctx, opts)
}

func (a *stepped) Get(ctx context.Context, name string, opts metav1.GetOptions, sub ...string) (*unstructured.Unstructured, error) {
	a.step()
	return a.apps.Get(ctx, name, opts, sub...)
}

func (a *stepped) Create(
	ctx context.Context, o *unstructured.Unstructured, opts metav1.CreateOptions, sub ...string,
) (*unstructured.Unstructured, error) {
	a.step()
	return a.apps.Create(ctx, o, opts, sub...)
}

func (a *stepped) Patch(
	ctx context.Context, name string, kind types.PatchType, data []byte, opts metav1.PatchOptions, sub ...string,
) (*unstructured.Unstructured, error) {
	a.step()
	return a.apps.Patch(ctx, name, kind, data, opts, sub...)
}

// arena is a backfill with four workers that several verbs work on at once.
type arena struct {
	run  *oneRun
	apps *apps
	b    Backfill
}

func newArena(t *testing.T, step func()) *arena {
	a := &arena{
		run: &oneRun{step: step, s: status.WorkflowStatus{Name: "w", Namespace: "ma", UID: "u", Phase: status.PhaseRunning}},
		apps: newApps(t, `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d, labels: {workflows.argoproj.io/workflow: w}},
   spec: {replicas: 4, selector: {matchLabels: {app: bulk-loader}}}}
- {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: w, namespace: ma, uid: u}}
`),
	}
	var err error
	a.b, err = New(config(t, "", ""), Dependencies{Workflows: a.run, Kubernetes: &stepped{a.apps, step}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *arena) verb(ctx context.Context, name string) error {
	switch name {
	case "Start":
		_, err := a.b.Start(ctx)
		return err
	case "Pause":
		return a.b.Pause(ctx)
	case "Stop":
		return a.b.Stop(ctx)
	}
	return a.b.Scale(ctx, 7)
}

// torn says what is wrong with the workflow and its workers together; "": nothing.
func (a *arena) torn(t *testing.T) string {
	found, _, err := (&workers{
		connection: newConnection(Dependencies{Kubernetes: a.apps}), namespace: "ma", workflow: "w", uid: "u",
	}).findNoted(t.Context())
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	w, s := found[0], a.run.now()
	gone := w.replicas == 0
	switch {
	case s.Shutdown != status.ShutdownNone && (!gone || w.paused()):
	case s.Shutdown == status.ShutdownNone && s.SpecSuspended && (!gone || !w.paused() || w.note.Replicas == 0):
	case s.Shutdown == status.ShutdownNone && !s.SpecSuspended && (gone || w.paused()):
	default:
		return ""
	}
	return fmt.Sprintf("shutdown %q, suspended %v, with %d workers, noted %+v", s.Shutdown, s.SpecSuspended, w.replicas, w.note)
}

func verbs() []string { return []string{"Start", "Pause", "Stop", "Scale"} }

// told reports whether err is one by which a verb says that a Stop won.
func told(err error) bool { return err == nil || errors.Is(err, ErrEnded) }

// A verb that runs between any two requests of another one leaves workflow and workers in step.
func TestAVerbWithinAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, paused := range []bool{false, true} {
			for _, outer := range verbs() {
				for _, inner := range verbs() {
					for at, reached := 1, true; reached; at++ {
						var a *arena
						count := -1 // not yet
						reached = false
						var within error
						a = newArena(t, func() {
							if count < 0 {
								return
							}
							if count++; count == at {
								reached = true
								count = -1
								within = a.verb(t.Context(), inner)
							}
						})
						if paused {
							if err := a.verb(t.Context(), "Pause"); err != nil {
								t.Fatal(err)
							}
						}
						count = 0
						err := a.verb(t.Context(), outer)
						if torn := a.torn(t); torn != "" || !told(err) || !told(within) {
							t.Errorf("paused %v: %s before request %d of %s: %s (%v, %v)", paused, inner, at, outer, torn, err, within)
						}
					}
				}
			}
		}
	})
}

// picker returns numbers below n, the same ones for the same seeds. It can be called at once.
func picker(seed, stream uint64) func(n int) int {
	random := rand.New(rand.NewPCG(seed, stream)) //nolint:gosec // for orders, not for secrets
	var mu sync.Mutex
	return func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(n)
	}
}

// Verbs at once, over many orders of their requests.
func TestVerbsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(400) {
			pick := picker(seed, 7)
			a := newArena(t, func() { time.Sleep(time.Duration(pick(1000)) * time.Microsecond) })
			if pick(2) == 0 {
				if err := a.verb(t.Context(), "Pause"); err != nil {
					t.Fatal(err)
				}
			}
			chosen := make([]string, 2+pick(3))
			outcomes := make([]error, len(chosen))
			for i := range chosen {
				if chosen[i] = verbs()[pick(2)]; pick(4) == 0 {
					chosen[i] = verbs()[pick(4)]
				}
			}
			var all sync.WaitGroup
			for i, name := range chosen {
				all.Go(func() { outcomes[i] = a.verb(t.Context(), name) })
			}
			all.Wait()
			for _, err := range outcomes {
				if !told(err) {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
			if torn := a.torn(t); torn != "" {
				t.Errorf("seed %d, %s at once: %s (%v)", seed, strings.Join(chosen, ", "), torn, outcomes)
			}
		}
	})
}

// Verbs at once, of which some are killed, and beside which somebody sets a number of workers:
// whichever verb comes next leads to its end.
func TestVerbsAtOnceOfWhichSomeAreKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(600) {
			pick := picker(seed, 11)
			var killing atomic.Bool
			a := newArena(t, func() {
				time.Sleep(time.Duration(pick(1000)) * time.Microsecond)
				if killing.Load() && pick(12) == 0 {
					runtime.Goexit()
				}
			})
			var all sync.WaitGroup
			chosen := make([]string, 2+pick(4))
			killing.Store(true)
			for i := range chosen {
				chosen[i] = verbs()[[]int{0, 0, 1, 1, 1, 3, 2}[pick(7)]]
				all.Go(func() { _ = a.verb(t.Context(), chosen[i]) })
			}
			all.Go(func() {
				time.Sleep(time.Duration(pick(8000)) * time.Microsecond)
				a.scaledByHand(t, 1+pick(3))
			})
			all.Wait()
			killing.Store(false)
			last := []string{"Start", "Pause"}[pick(2)]
			if slices.Contains(chosen, "Stop") {
				last = "Stop"
			}
			err := a.verb(t.Context(), last)
			if torn := a.torn(t); torn != "" || err != nil {
				t.Errorf("seed %d, %s at once, and then %s: %s (%v)", seed, strings.Join(chosen, ", "), last, torn, err)
			}
		}
	})
}

// scaledByHand sets the number of workers as another client does.
func (a *arena) scaledByHand(t *testing.T, replicas int) {
	patch := fmt.Appendf(nil, `{"spec": {"replicas": %d}}`, replicas)
	_, err := a.apps.Resource(deployments()).Namespace("ma").Patch(
		t.Context(), "d", types.MergePatchType, patch, metav1.PatchOptions{}, "scale")
	if err != nil {
		t.Error(err)
	}
}

// A Pause that a Start overtakes, and that is killed at any point after that, leaves nothing that
// another Start wouldn't bring back.
func TestAPauseThatAStartOvertookWasKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for at, reached := 1, true; reached; at++ {
			reached = false
			for last, killed := at, true; killed; last++ { // the last request of the Pause
				count, others := 0, false
				var a *arena
				a = newArena(t, func() {
					if others {
						return
					}
					if count++; count == at {
						reached, others = true, true
						if err := a.verb(t.Context(), "Start"); err != nil {
							t.Error(err)
						}
						others = false
					}
					if count > last {
						runtime.Goexit()
					}
				})
				killed = true
				var pausing sync.WaitGroup
				pausing.Go(func() {
					if err := a.verb(t.Context(), "Pause"); err != nil {
						t.Error(err)
					}
					killed = false
				})
				pausing.Wait()
				others = true
				if err := a.verb(t.Context(), "Start"); err != nil {
					t.Error(err)
				}
				if torn := a.torn(t); torn != "" || a.run.now().SpecSuspended {
					t.Errorf("Start before request %d of a Pause that was killed after request %d, and then Start: %s", at, last, torn)
				}
			}
		}
	})
}

// A workflow that was deleted, and started again under its name, is not what a verb is about that
// began before that, and neither are its workers.
func TestAVerbAcrossRunsOfOneName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, verb := range verbs() {
			for at, reached := 2, true; reached; at++ { // the first request finds what it is about
				count := 0
				reached = false
				var a *arena
				a = newArena(t, func() {
					if count++; count != at {
						return
					}
					reached = true
					again := newArena(t, func() {})
					again.run.s.UID = "another"
					a.run.mu.Lock()
					defer a.run.mu.Unlock()
					a.run.s = again.run.s
					a.apps.mu.Lock()
					defer a.apps.mu.Unlock()
					for _, o := range *again.apps.objects {
						o.SetUID("another")
						o.SetResourceVersion("100")
					}
					*a.apps.objects = *again.apps.objects
				})
				err := a.verb(t.Context(), verb)
				if !reached {
					continue
				}
				deployment, run := (*a.apps.objects)[0], (*a.apps.objects)[1]
				if deployment.GetResourceVersion() != "100" || run.GetResourceVersion() != "100" || a.run.s.SpecSuspended || a.run.s.Shutdown != "" {
					t.Errorf("another run before request %d of %s: it has changed %v, %v, %+v", at, verb, deployment, run, a.run.s)
				}
				if err != nil && !errors.Is(err, workflow.ErrReplaced) && !errors.Is(err, ErrEnded) {
					t.Errorf("another run before request %d of %s: %v", at, verb, err)
				}
			}
		}
	})
}

// A session without a workflow can have left workers, but those of a workflow that was started in
// the meantime are not left over.
func TestWorkersOfAWorkflowThatWasStartedMeanwhile(t *testing.T) {
	a := newArena(t, func() {})
	w := &workers{connection: newConnection(Dependencies{Kubernetes: a.apps}), namespace: "ma", workflow: "w"}
	if err := w.stop(t.Context()); !errors.Is(err, workflow.ErrReplaced) {
		t.Error(err)
	}
	if torn := a.torn(t); torn != "" {
		t.Error(torn)
	}
}

// A verb that another client undoes again and again gives up, and leaves the workers that the
// workflow needs, whatever verb comes in between.
func TestAVerbThatGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for outer, undone := range map[string]struct {
			suspended bool
			reads     int // in all rounds
		}{"Start": {true, 2 * rounds}, "Pause": {false, rounds}} {
			for _, inner := range verbs() {
				for at, reached := 1, true; reached; at++ {
					count, gaveUp := -1, false
					reached = false
					var a *arena
					a = newArena(t, func() {
						if gaveUp && count >= 0 {
							if count++; count == at {
								reached = true
								count = -1
								_ = a.verb(t.Context(), inner)
							}
						}
					})
					if outer == "Start" {
						if err := a.verb(t.Context(), "Pause"); err != nil {
							t.Fatal(err)
						}
					}
					reads := 0
					a.run.got = func(s *status.WorkflowStatus) {
						s.SpecSuspended = undone.suspended
						if reads++; reads == undone.reads {
							gaveUp = true
							a.run.got = nil
						}
					}
					count = 0
					err := a.verb(t.Context(), outer)
					if torn := a.torn(t); torn != "" || !gaveUp || !errors.Is(err, workflow.ErrConflict) {
						t.Errorf("%s before request %d of a %s that gives up: %s (%v)", inner, at, outer, torn, err)
					}
				}
			}
		}
	})
}

// The controller may have overlooked that an earlier Start has resumed the workflow.
func TestAStartThatIsRepeatedHasTheControllerLook(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*status.WorkflowStatus)
		want   int
	}{
		"running":       {func(*status.WorkflowStatus) {}, 1},
		"paused":        {func(s *status.WorkflowStatus) { s.SpecSuspended = true }, 1},
		"being stopped": {func(s *status.WorkflowStatus) { s.Shutdown = status.ShutdownStop }, 0},
		"ended":         {func(s *status.WorkflowStatus) { s.Phase = status.PhaseSucceeded }, 0},
	} {
		a := newArena(t, func() {})
		tc.change(&a.run.s)
		if err := a.verb(t.Context(), "Start"); err != nil || len(a.run.resumed) != tc.want {
			t.Errorf("%s: %v, resumed %d times, want %d", name, err, len(a.run.resumed), tc.want)
		}
		for _, opts := range a.run.resumed {
			if !opts.KeepGates || opts.UID != "u" {
				t.Errorf("%s: resumed with %+v", name, opts)
			}
		}
	}
}

// A decision that is repeated is about no other gate than those it names.
func TestARepeatedDecisionIsAboutItsOwnGates(t *testing.T) {
	for name, approval := range map[string]Approval{
		"by name":    {Gates: []string{"second"}},
		"by pattern": {Gates: []string{"sec*"}},
		"by id":      {Gates: []string{"2"}},
	} {
		a := newArena(t, func() {})
		for _, gate := range []string{"first", "second"} {
			a.run.s.Nodes = append(a.run.s.Nodes, &status.Node{
				ID: fmt.Sprint(len(a.run.s.Nodes) + 1), DisplayName: gate,
				Type: status.NodeTypeSuspend, Phase: status.NodeSucceeded,
			})
		}
		done, err := a.b.Approve(t.Context(), approval)
		if err != nil || len(done) != 0 || len(a.run.resumed) != 1 {
			t.Fatalf("%s: %v, %v, %v", name, done, err, a.run.resumed)
		}
		if ids := a.run.resumed[0].NodeIDs; len(ids) != 1 || ids[0] != "2" {
			t.Errorf("%s: about %v", name, ids)
		}
	}
}

// A Scale that takes so long that the session was stopped and started again meanwhile leaves the first
// run without workers.
func TestAScaleAcrossRuns(t *testing.T) {
	count := 0
	var a *arena
	a = newArena(t, func() {
		if count++; count != 4 { // the write
			return
		}
		a.run.mu.Lock()
		defer a.run.mu.Unlock()
		a.run.s.Name, a.run.s.UID = "w-2", "another"
	})
	err := a.verb(t.Context(), "Scale")
	a.run.s.Shutdown = status.ShutdownStop // as torn has to see it
	if torn := a.torn(t); torn != "" || !errors.Is(err, ErrEnded) || count < 5 {
		t.Errorf("%s, %v after %d requests", torn, err, count)
	}
}
