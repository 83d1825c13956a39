package workers_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/fakekube"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
)

// cluster has pods and their owners, of a workflow w and of others.
const cluster = `
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

// once makes one attempt.
func once(ctx context.Context, _ workers.Op, attempt func(context.Context) error) error {
	return attempt(ctx)
}

func ofWorkflow(c *fakekube.Cluster, name string) *workers.Pool {
	return workers.OfWorkflow(c.Client(nil), once, "ma", name, "")
}

func TestWorkersAreThoseOfTheWorkflow(t *testing.T) {
	c := fakekube.New(t, cluster)
	pool := ofWorkflow(c, "w")
	found, err := pool.List(t.Context())
	if err != nil || len(found) != 2 || found[0].Name != "d" || found[1].Name != "r" || found[1].Replicas != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	pods, err := pool.Pods(t.Context())
	if want := (workers.Pods{Running: 3, Pending: 1, Terminating: 1, Desired: 5}); err != nil || pods != want {
		t.Errorf("%+v, %v; want %+v", pods, err, want)
	}
	remaining, err := pool.Remaining(t.Context())
	if want := []string{"3 running workers", "1 pending worker", "1 terminating worker", "1 step pod"}; err != nil || !reflect.DeepEqual(remaining, want) {
		t.Errorf("%q, %v", remaining, err)
	}
	if err := pool.Scale(t.Context(), 3); !errors.Is(err, workers.ErrSeveral) || !strings.Contains(err.Error(), `Deployment "d" and ReplicaSet "r"`) {
		t.Errorf("scale one of two: %v", err)
	}
	other := workers.OfDeployment(c.Client(nil), once, "ma", "other")
	if pods, err := other.Pods(t.Context()); err != nil || pods != (workers.Pods{Desired: 9}) {
		t.Errorf("%+v, %v", pods, err)
	}
	if err := ofWorkflow(c, "none").Scale(t.Context(), 3); !errors.Is(err, workers.ErrNone) {
		t.Errorf("%v", err)
	}
}

// scale is a Deployment's number of replicas and the record of it, "" if there is none.
type scale struct {
	replicas int64
	record   string
}

// deployed returns a cluster with a workflow and its Deployment d.
func deployed(t *testing.T, s scale) *fakekube.Cluster {
	t.Helper()
	c := fakekube.New(t, `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d, labels: {workflows.argoproj.io/workflow: w}},
   spec: {selector: {matchLabels: {app: bulk-loader}}}}
- {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: w, namespace: ma}}
`)
	c.Edit(func(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
		if err := unstructured.SetNestedField(objects[0].Object, s.replicas, "spec", "replicas"); err != nil {
			t.Fatal(err)
		}
		if s.record != "" {
			objects[1].SetAnnotations(map[string]string{recordsKey: `{"d":` + s.record + `}`})
		}
		return objects
	})
	return c
}

const recordsKey = "argoservice.opensearch.org/paused-replicas"

func scaleOf(t *testing.T, c *fakekube.Cluster) scale {
	t.Helper()
	replicas, _, err := unstructured.NestedInt64(c.Object("Deployment", "d").Object, "spec", "replicas")
	if err != nil {
		t.Fatal(err)
	}
	record := strings.TrimPrefix(c.Object("Workflow", "w").GetAnnotations()[recordsKey], `{"d":`)
	return scale{replicas, strings.TrimSuffix(record, "}")}
}

func TestPauseResumeScaleAndStop(t *testing.T) {
	const (
		before0 = `{"replicas":0,"paused":true}`
		before2 = `{"replicas":2,"paused":true}`
		before4 = `{"replicas":4,"paused":true}`
		before5 = `{"replicas":5,"paused":true}`
		before7 = `{"replicas":7,"paused":true}`
		was2    = `{"replicas":2,"paused":false}`
		was4    = `{"replicas":4,"paused":false}`
	)
	for name, tc := range map[string]struct {
		from                      scale
		paused, resumed, scaledTo scale // the last one to 7
	}{
		"running":                               {scale{4, ""}, scale{0, before4}, scale{4, ""}, scale{7, ""}},
		"stopped":                               {scale{0, ""}, scale{0, before0}, scale{0, ""}, scale{7, ""}},
		"paused":                                {scale{0, before4}, scale{0, before4}, scale{4, was4}, scale{0, before7}},
		"being paused or resumed":               {scale{4, before4}, scale{0, before4}, scale{4, was4}, scale{7, before7}},
		"scaled while being paused":             {scale{2, before4}, scale{0, before2}, scale{4, was4}, scale{7, before7}},
		"scaled after a pause without workers":  {scale{2, before0}, scale{0, before2}, scale{2, was2}, scale{7, before7}},
		"scaled after a resume":                 {scale{5, was4}, scale{0, before5}, scale{5, was4}, scale{7, was4}},
		"scaled down by an overtaken pause":     {scale{0, was4}, scale{0, before4}, scale{4, was4}, scale{7, was4}},
		"scaled down by an overtaken pause (2)": {scale{0, was2}, scale{0, before2}, scale{2, was2}, scale{7, was2}},
	} {
		for verb, want := range map[string]scale{"pause": tc.paused, "resume": tc.resumed, "scale": tc.scaledTo, "stop": {}} {
			c := deployed(t, tc.from)
			pool := ofWorkflow(c, "w")
			var err error
			switch verb {
			case "pause":
				err = pool.Pause(t.Context())
			case "resume":
				var changed bool
				if changed, err = pool.Resume(t.Context(), 0); changed != (tc.from != want) {
					t.Errorf("resume %s workers: changed %v", name, changed)
				}
			case "scale":
				err = pool.Scale(t.Context(), 7)
			case "stop":
				err = pool.Stop(t.Context())
			}
			if got := scaleOf(t, c); err != nil || got != want {
				t.Errorf("%s workers that are %s: %+v, want %+v (%v)", verb, name, got, want, err)
			}
		}
	}
}

func TestResumeWithAFallback(t *testing.T) {
	for from, want := range map[scale]scale{{0, ""}: {3, ""}, {4, ""}: {4, ""}} {
		c := deployed(t, from)
		if _, err := ofWorkflow(c, "w").Resume(t.Context(), 3); err != nil || scaleOf(t, c) != want {
			t.Errorf("%+v: %+v, %v", from, scaleOf(t, c), err)
		}
	}
}

func TestStopRemovesDamagedRecords(t *testing.T) {
	for _, damaged := range []string{"4", `{"replicas": -1}`, `{"replicas": 1e12}`} {
		c := deployed(t, scale{4, damaged})
		pool := ofWorkflow(c, "w")
		if err := pool.Pause(t.Context()); err == nil || !strings.Contains(err.Error(), "remove it") || scaleOf(t, c) != (scale{4, damaged}) {
			t.Errorf("pause with %s: %v, %+v", damaged, err, scaleOf(t, c))
		}
		if err := pool.Stop(t.Context()); err != nil || scaleOf(t, c) != (scale{}) {
			t.Errorf("stop with %s: %v, %+v", damaged, err, scaleOf(t, c))
		}
	}
}

func TestWorkersOfAReplacedWorkflow(t *testing.T) {
	c := deployed(t, scale{4, ""})
	c.Edit(func(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
		objects[1].SetUID("another")
		return objects
	})
	var replaced *workers.ReplacedError
	if err := ofWorkflow(c, "w").Stop(t.Context()); !errors.As(err, &replaced) || replaced.UID != "another" || scaleOf(t, c) != (scale{4, ""}) {
		t.Errorf("%v, %+v", err, scaleOf(t, c))
	}
}

func TestUnreadableWorkloads(t *testing.T) {
	for name, spec := range map[string]string{
		"replicas": `{replicas: many}`,
		"selector": `{selector: {matchExpressions: [{key: a, operator: Near}]}}`,
	} {
		c := fakekube.New(t, `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, labels: {workflows.argoproj.io/workflow: w}}, spec: `+spec+`}
`)
		if found, err := ofWorkflow(c, "w").List(t.Context()); err == nil || !strings.Contains(err.Error(), `read Deployment "d"`) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

// A step that is running when the workflow is suspended still creates its workers.
func TestPauseAfterSteps(t *testing.T) {
	const (
		interval = 500 * time.Millisecond // at which pods are counted
		step     = `
- {apiVersion: v1, kind: Pod, metadata: {name: step, namespace: ma, uid: p, labels: {workflows.argoproj.io/workflow: w},
   annotations: {workflows.argoproj.io/node-id: w-1}}, status: {phase: Running}}
- {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: w, namespace: ma}}
`
		created = `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d, labels: {workflows.argoproj.io/workflow: w}},
   spec: {replicas: 4, selector: {matchLabels: {app: bulk-loader}}}}
`
	)
	suspended := func(context.Context) (bool, error) { return true, nil }
	synctest.Test(t, func(t *testing.T) {
		c := fakekube.New(t, step)
		pool := ofWorkflow(c, "w")
		began := time.Now()
		time.AfterFunc(2*time.Second+interval/2, func() { c.Add(t, created) })
		if err := pool.PauseAfterSteps(t.Context(), suspended); err != nil {
			t.Fatal(err)
		}
		found, err := pool.List(t.Context())
		if err != nil || len(found) != 1 || !found[0].Paused() || found[0].Replicas != 0 || time.Since(began) < 2*time.Second {
			t.Errorf("%+v, %v, after %v", found, err, time.Since(began))
		}
		tired := errors.New("tired")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute+interval/2, tired)
		defer cancel()
		err = ofWorkflow(fakekube.New(t, step), "w").PauseAfterSteps(ctx, suspended)
		if !errors.Is(err, tired) || !strings.Contains(err.Error(), "1 step pod") {
			t.Errorf("%v", err)
		}
		if err := ofWorkflow(fakekube.New(t, "[]"), "w").PauseAfterSteps(t.Context(), suspended); err != nil {
			t.Errorf("without steps: %v", err)
		}
		reads := 0
		err = ofWorkflow(fakekube.New(t, step), "w").PauseAfterSteps(t.Context(), func(context.Context) (bool, error) {
			reads++
			return reads < 3, nil
		})
		if err != nil || reads != 3 {
			t.Errorf("the workflow is resumed: %v after %d reads", err, reads)
		}
	})
}
