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
`

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

func TestPlansOfAWorkload(t *testing.T) {
	const (
		none = ""
	)
	plan := func(annotation, replicas string) string {
		return `{"metadata":{"annotations":{"argoservice.opensearch.org/paused-replicas":` + annotation + `},"resourceVersion":"7"},"spec":{"replicas":` + replicas + `}}`
	}
	for name, tc := range map[string]struct {
		workload                 workload
		pausing, resuming, ended string
	}{
		"running":             {workload{replicas: 4}, plan(`"4"`, "0"), none, plan("null", "0")},
		"stopped":             {workload{}, plan(`"0"`, "0"), none, none},
		"paused":              {workload{paused: true, before: 4}, none, plan("null", "4"), plan("null", "0")},
		"paused, and not":     {workload{paused: true, before: 4, replicas: 2}, plan(`"4"`, "0"), plan("null", "4"), plan("null", "0")},
		"paused when at rest": {workload{paused: true}, none, plan("null", "0"), plan("null", "0")},
	} {
		w := tc.workload
		w.resourceVersion = "7"
		for verb, got := range map[string][2]string{
			"pause": {string(w.pausing()), tc.pausing}, "resume": {string(w.resuming()), tc.resuming}, "stop": {string(w.stopping()), tc.ended},
		} {
			if got[0] != got[1] {
				t.Errorf("%s a %s one: %s\nwant %s", verb, name, got[0], got[1])
			}
		}
	}
}

func TestAWorkloadThatCannotBeRead(t *testing.T) {
	for name, text := range map[string]string{
		"replicas":   `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, labels: {workflows.argoproj.io/workflow: w}}, spec: {replicas: many}}`,
		"annotation": `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, labels: {workflows.argoproj.io/workflow: w}, annotations: {argoservice.opensearch.org/paused-replicas: many}}}`,
		"selector":   `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, labels: {workflows.argoproj.io/workflow: w}}, spec: {selector: {matchExpressions: [{key: a, operator: Near}]}}}`,
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
func TestScaleAllLooksAgain(t *testing.T) {
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
			if err := w.scaleAll(t.Context(), (*workload).pausing); err != nil {
				t.Error(err)
			}
			if found, err := w.find(t.Context()); err != nil || found[0].replicas != 0 || found[0].before != 4 || found[1].before != 1 {
				t.Errorf("%+v, %v", found, err)
			}
		}
		w, _ := failing(t, 1000, conflict)
		if err := w.scaleAll(t.Context(), (*workload).pausing); !errors.Is(err, workflow.ErrConflict) {
			t.Errorf("for ever: %v", err)
		}
		w, tries := failing(t, 1000, apierrors.NewForbidden(resource, "d", nil))
		if err := w.scaleAll(t.Context(), (*workload).pausing); !errors.Is(err, workflow.ErrForbidden) || *tries != 1 {
			t.Errorf("%v, after %d", err, *tries)
		}
		w, _ = failing(t, 1, apierrors.NewNotFound(resource, "d"))
		if err := w.scaleAll(t.Context(), (*workload).pausing); err != nil {
			t.Errorf("one that is gone: %v", err)
		}
		tired := errors.New("tired")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, tired)
		defer cancel()
		w, _ = failing(t, 1000, conflict)
		if err := w.scaleAll(ctx, (*workload).pausing); !errors.Is(err, tired) {
			t.Errorf("%v", err)
		}
	})
}

// A step that is under way when the workflow is suspended makes its workers all the same.
func TestPauseWaitsForWorkersThatAreBeingMade(t *testing.T) {
	const step = `
- {apiVersion: v1, kind: Pod, metadata: {name: step, namespace: ma, uid: p, labels: {workflows.argoproj.io/workflow: w},
   annotations: {workflows.argoproj.io/node-id: w-1}}, status: {phase: Running}}
`
	synctest.Test(t, func(t *testing.T) {
		w, client := testWorkers(t, step)
		begin := time.Now()
		made := newApps(t, workersYAML)
		time.AfterFunc(2*time.Second+lookEvery/2, func() { client.add(made) })
		if err := w.pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		found, err := w.find(t.Context())
		if err != nil || len(found) != 1 || !found[0].paused || found[0].replicas != 0 || time.Since(begin) < 2*time.Second {
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
