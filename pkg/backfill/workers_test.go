package backfill

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The pods, and what owns them, of a workflow w and of others.
const workersYAML = `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d, labels: {workflows.argoproj.io/workflow: w}},
   spec: {replicas: 4, selector: {matchLabels: {app: bulk-loader}}}}
- {apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: d-1, namespace: ma, uid: d-1, labels: {app: bulk-loader, workflows.argoproj.io/workflow: w},
   ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, uid: d, controller: true}]}, spec: {replicas: 4, selector: {matchLabels: {app: bulk-loader}}}}
- {apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r, namespace: ma, uid: r, labels: {workflows.argoproj.io/workflow: w}},
   spec: {selector: {matchExpressions: [{key: app, operator: In, values: [old-loader]}]}}}
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: other, namespace: ma, uid: other, labels: {workflows.argoproj.io/workflow: x}},
   spec: {replicas: 9, selector: {matchLabels: {app: bulk-loader}}}}
- {apiVersion: v1, kind: Pod, metadata: {name: p1, namespace: ma, uid: p1, labels: {app: bulk-loader},
   ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: d-1, uid: d-1, controller: true}]}, status: {phase: Running}}
- {apiVersion: v1, kind: Pod, metadata: {name: p2, namespace: ma, uid: p2, labels: {app: bulk-loader, workflows.argoproj.io/workflow: w},
   ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: d-1, uid: d-1, controller: true}]}, status: {phase: Pending}}
- {apiVersion: v1, kind: Pod, metadata: {name: p3, namespace: ma, uid: p3, labels: {app: bulk-loader}, deletionTimestamp: "2026-01-01T00:00:00Z",
   ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: d-1, uid: d-1, controller: true}]}, status: {phase: Running}}
- {apiVersion: v1, kind: Pod, metadata: {name: p4, namespace: ma, uid: p4, labels: {app: bulk-loader},
   ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: x-1, uid: x-1, controller: true}]}, status: {phase: Running}}
- {apiVersion: v1, kind: Pod, metadata: {name: p5, namespace: ma, uid: p5, labels: {app: old-loader},
   ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: r, uid: r, controller: true}]}, status: {phase: Running}}
- {apiVersion: v1, kind: Pod, metadata: {name: p6, namespace: ma, uid: p6, labels: {app: bulk-loader},
   ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: d-1, uid: d-1, controller: true}]}, status: {phase: Failed}}
- {apiVersion: v1, kind: Pod, metadata: {name: orphan, namespace: ma, uid: p7, labels: {workflows.argoproj.io/workflow: w}}, status: {phase: Running}}
- {apiVersion: v1, kind: Pod, metadata: {name: step, namespace: ma, uid: p8, labels: {workflows.argoproj.io/workflow: w},
   annotations: {workflows.argoproj.io/node-id: w-1}}, status: {phase: Running}}
- {apiVersion: v1, kind: Pod, metadata: {name: step-done, namespace: ma, uid: p9, labels: {workflows.argoproj.io/workflow: w},
   annotations: {workflows.argoproj.io/node-id: w-2}}, status: {phase: Succeeded}}
- {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: w, namespace: ma, annotations: {mine: "1"}}}
`

// pauseOnce brings them to the goal of a pause.
func (w *workers) pauseOnce(ctx context.Context) error {
	_, _, err := w.settle(ctx, nil, (*workload).pausing)
	return err
}

func testWorkers(t *testing.T, text string) (*workers, *apps) {
	t.Helper()
	client := newApps(t, text)
	return &workers{connection: newConnection(Dependencies{Kubernetes: client}), namespace: "ma", workflow: "w"}, client
}

func TestWorkersAreThoseOfTheWorkflow(t *testing.T) {
	w, _ := testWorkers(t, workersYAML)
	found, err := w.find(t.Context())
	if err != nil || len(found) != 2 || found[0].name != "d" || found[1].name != "r" || found[1].replicas != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	pods, err := w.pods(t.Context())
	if want := (Pods{Running: 3, Pending: 1, Terminating: 1, Desired: 5}); err != nil || pods != want {
		t.Errorf("%+v, %v; want %+v", pods, err, want)
	}
	left, err := w.left(t.Context())
	if want := []string{"3 running workers", "1 pending worker", "1 terminating worker", "1 step pod"}; err != nil || !reflect.DeepEqual(left, want) {
		t.Errorf("%q, %v", left, err)
	}
	if err := w.scale(t.Context(), 3, nil); !errors.Is(err, workflow.ErrUnsupported) {
		t.Errorf("which one? %v", err)
	}
	one := &workers{connection: w.connection, namespace: "ma", deployment: "other"}
	if pods, err := one.pods(t.Context()); err != nil || pods != (Pods{Desired: 9}) {
		t.Errorf("%+v, %v", pods, err)
	}
	nobody := &workers{connection: w.connection, namespace: "ma", workflow: "nobody"}
	if err := nobody.scale(t.Context(), 3, nil); !errors.Is(err, ErrNoWorkers) {
		t.Errorf("%v", err)
	}
}

func TestGoalsOfAWorkload(t *testing.T) {
	noted := func(replicas int, paused bool) *note { return &note{replicas, paused} }
	for name, tc := range map[string]struct {
		workload                  workload
		pausing, resuming, scaled goal // the last to 7
	}{
		"running": {workload{replicas: 4}, goal{noted(4, true), 0}, goal{nil, 4}, goal{nil, 7}},
		"stopped": {workload{}, goal{noted(0, true), 0}, goal{nil, 0}, goal{nil, 7}},
		"paused": {
			workload{note: noted(4, true)},
			goal{noted(4, true), 0}, goal{noted(4, false), 4}, goal{noted(7, true), 0},
		},
		"on the way": { // to a pause, or from one
			workload{note: noted(4, true), replicas: 4},
			goal{noted(4, true), 0}, goal{noted(4, false), 4}, goal{noted(7, true), 7},
		},
		"scaled since it was noted": {
			workload{note: noted(4, true), replicas: 2},
			goal{noted(2, true), 0}, goal{noted(4, false), 4}, goal{noted(7, true), 7},
		},
		"scaled since it was paused without workers": {
			workload{note: noted(0, true), replicas: 2},
			goal{noted(2, true), 0}, goal{noted(2, false), 2}, goal{noted(7, true), 7},
		},
		"resumed": {
			workload{note: noted(4, false), replicas: 5},
			goal{noted(5, true), 0}, goal{noted(4, false), 5}, goal{noted(4, false), 7},
		},
		"taken away after it was resumed": {
			workload{note: noted(4, false)}, goal{noted(4, true), 0}, goal{noted(4, false), 4}, goal{noted(4, false), 7},
		},
	} {
		w := tc.workload
		for verb, got := range map[string][2]goal{
			"pause": {w.pausing(), tc.pausing}, "resume": {w.resuming(), tc.resuming}, "scale": {w.scaling(7), tc.scaled},
			"stop": {w.stopping(), goal{}},
		} {
			want := w // as the goal has it
			want.note, want.replicas = got[1].note, got[1].replicas
			if !got[0].reached(&want) {
				t.Errorf("%s one that is %s: %+v, %+v; want %+v, %+v", verb, name, got[0].replicas, got[0].note, got[1].replicas, got[1].note)
			}
		}
	}
}

func TestAWorkloadThatCannotBeRead(t *testing.T) {
	for name, text := range map[string]string{
		"replicas": `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, labels: {workflows.argoproj.io/workflow: w}}, spec: {replicas: many}}`,
		"selector": `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, labels: {workflows.argoproj.io/workflow: w}}, spec: {selector: {matchExpressions: [{key: a, operator: Near}]}}}`,
	} {
		w, _ := testWorkers(t, "- "+text)
		var e *workflow.Error
		if found, err := w.look(t.Context()); !errors.As(err, &e) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

// A change of somebody else's and an API server that is away lead to another look, and a context
// that ends to its cause.
func TestSettleLooksAgain(t *testing.T) {
	failing := func(t *testing.T, times int, err error) (*workers, *int) {
		w, client := testWorkers(t, workersYAML)
		tries := 0
		*client.fail = func() error {
			if tries++; tries <= times {
				return err
			}
			return nil
		}
		return w, &tries
	}
	resource := schema.GroupResource{Group: "apps", Resource: "deployments"}
	conflict := apierrors.NewConflict(resource, "d", errors.New("changed"))
	synctest.Test(t, func(t *testing.T) {
		for _, err := range []error{conflict, apierrors.NewServiceUnavailable("away")} {
			w, _ := failing(t, 9, err)
			if err := w.pauseOnce(t.Context()); err != nil {
				t.Error(err)
			}
			if found, _, err := w.findNoted(t.Context()); err != nil || found[0].replicas != 0 || found[0].note.Replicas != 4 || found[1].note.Replicas != 1 {
				t.Errorf("%+v, %v", found, err)
			}
		}
		w, _ := failing(t, 1000, conflict)
		if err := w.pauseOnce(t.Context()); !errors.Is(err, workflow.ErrConflict) {
			t.Errorf("for ever: %v", err)
		}
		w, tries := failing(t, 1000, apierrors.NewForbidden(resource, "d", nil))
		if err := w.pauseOnce(t.Context()); !errors.Is(err, workflow.ErrForbidden) || *tries != 1 {
			t.Errorf("%v, after %d", err, *tries)
		}
		w, client := testWorkers(t, workersYAML)
		writes := 0
		*client.fail = func() error {
			if writes++; writes == 2 { // after the note
				return apierrors.NewNotFound(resource, "d")
			}
			return nil
		}
		if err := w.pauseOnce(t.Context()); err != nil {
			t.Errorf("one that is gone: %v", err)
		}
		tired := errors.New("tired")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, tired)
		defer cancel()
		w, _ = failing(t, 1000, conflict)
		if err := w.pauseOnce(ctx); !errors.Is(err, tired) {
			t.Errorf("%v", err)
		}
	})
}

// A step that is under way when the workflow is suspended makes its workers all the same.
func TestPauseWaitsForWorkersThatAreBeingMade(t *testing.T) {
	const step = `
- {apiVersion: v1, kind: Pod, metadata: {name: step, namespace: ma, uid: p, labels: {workflows.argoproj.io/workflow: w},
   annotations: {workflows.argoproj.io/node-id: w-1}}, status: {phase: Running}}
- {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: w, namespace: ma}}
`
	synctest.Test(t, func(t *testing.T) {
		w, client := testWorkers(t, step)
		begin := time.Now()
		made := newApps(t, workersYAML)
		time.AfterFunc(2*time.Second+lookEvery/2, func() { client.add(made) })
		if err := w.pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		found, _, err := w.findNoted(t.Context())
		if err != nil || len(found) != 1 || !found[0].paused() || found[0].replicas != 0 || time.Since(begin) < 2*time.Second {
			t.Errorf("%+v, %v, after %v", found, err, time.Since(begin))
		}
		w, _ = testWorkers(t, step)
		tired := errors.New("tired")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute+lookEvery/2, tired)
		defer cancel()
		if err := w.pause(ctx); !errors.Is(err, tired) || !strings.Contains(err.Error(), "1 step pod") {
			t.Errorf("%v", err)
		}
		w, _ = testWorkers(t, "[]")
		if err := w.pause(t.Context()); err != nil {
			t.Errorf("nothing to wait for: %v", err)
		}
	})
}
