package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// aging is a node store from which a controller removes, as Argo's does, each version that is older than
// five minutes and that the workflow does not name.
type aging struct {
	*rows

	saved map[string]time.Time
}

func (a *aging) SaveNodes(ctx context.Context, ref NodesRef, nodes []byte) (string, error) {
	version, err := a.rows.SaveNodes(ctx, ref, nodes)
	ref.Version = version
	a.saved[a.key(ref)] = time.Now()
	return version, err
}

func (a *aging) collect(of *unstructured.Unstructured) {
	a.Lock()
	defer a.Unlock()
	named, _, _ := unstructured.NestedString(of.Object, "status", "offloadNodeStatusVersion")
	for key, at := range a.saved {
		if key != a.key(NodesRef{Namespace: "ma", UID: of.GetUID(), Version: named}) && time.Since(at) > 5*time.Minute {
			delete(a.kept, key)
		}
	}
}

// The pods of a retried workflow take longer to end than the controller keeps nodes that no workflow names.
func TestRetryOfOffloadedNodesWithSlowPods(t *testing.T) {
	for _, grace := range []time.Duration{time.Second, 10 * time.Minute} {
		t.Run(grace.String(), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { retryWithSlowPods(t, grace) }) })
	}
}

func retryWithSlowPods(t *testing.T, grace time.Duration) {
	t.Helper()
	obj := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u, annotations: {workflows.argoproj.io/pod-name-format: v1}}
spec: {templates: [{name: main, suspend: {}}]}
status:
  phase: Failed
  startedAt: "1999-01-01T00:00:00Z"
  finishedAt: "1999-01-01T00:00:00Z"
  nodes:
    w: {id: w, name: w, type: Steps, phase: Failed, children: [k, w-1]}
    k: {id: k, name: w.kept, displayName: kept, type: Suspend, phase: Succeeded, boundaryID: w}
    w-1: {id: w-1, name: w.a, type: Pod, phase: Failed, boundaryID: w}
`)
	r := &aging{&rows{}, map[string]time.Time{}}
	r.offload(t, obj)
	s := &stage{t: t, obj: obj, version: 1, began: time.Now()}
	s.setVersion()
	c := scriptedWith(t, Options{NodeStore: r}, func(req *http.Request) (any, error) {
		r.collect(s.obj)
		if req.URL.Query().Get("dryRun") != "" {
			return s.obj.DeepCopy(), nil
		}
		return s.answer(req)
	})
	store := newPodStore(grace)
	store.pods = map[string]types.UID{"w-1": "u1"}
	c.pods = store
	if _, err := c.Retry(t.Context(), "w", RetryOptions{}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	r.collect(s.obj)
	got, err := c.Get(t.Context(), "w")
	if err != nil || got.NodesErr != nil || got.NodesByID()["k"] == nil {
		t.Errorf("the nodes of the retried workflow: %v, %v", err, got.NodesErr)
	}
}

// The objects of other gates take longer to be written than the controller keeps nodes that no workflow names.
func TestDecisionInOffloadedNodesAndInSlowObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := newObjectStage(t), &aging{&rows{}, map[string]time.Time{}}
		r.offload(t, s.workflow)
		s.fails = func(string) error { time.Sleep(2 * time.Minute); return nil }
		c := scriptedWith(t, Options{NodeStore: r, GatePolicies: []GatePolicy{ApprovalGates()}}, func(req *http.Request) (any, error) {
			r.collect(s.workflow)
			if req.Method == http.MethodPatch && path.Base(req.URL.Path) == "w" {
				var sent map[string]any
				if err := json.NewDecoder(req.Body).Decode(&sent); err != nil {
					return nil, err
				}
				applyPatch(s.workflow.Object, sent)
			}
			return s.answer(req)
		})
		result, err := c.Approve(t.Context(), "w", Decision{All: true})
		if err != nil || gateIDs(result.Gates) != "a b c g" || s.phases() != "Approved Approved" {
			t.Fatalf("%+v, %v, %s", result, err, s.phases())
		}
		time.Sleep(time.Minute)
		r.collect(s.workflow)
		got, err := c.Get(t.Context(), "w")
		if err != nil || got.NodesErr != nil || got.NodesByID()["g"].Phase != status.NodeSucceeded {
			t.Errorf("the nodes of the workflow: %v, %v", err, got.NodesErr)
		}
	})
}

// A write that is held up, as by a rate limit, does not arrive after its nodes have been removed.
func TestWriteThatNamesStoredNodesAndIsHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := gateStage(t, ""), &aging{&rows{}, map[string]time.Time{}}
		r.offload(t, s.obj)
		c := scriptedWith(t, Options{NodeStore: r}, func(req *http.Request) (any, error) {
			if req.Method == http.MethodPatch {
				select {
				case <-req.Context().Done():
					return nil, req.Context().Err()
				case <-time.After(6 * time.Minute):
				}
			}
			r.collect(s.obj)
			return s.answer(req)
		})
		if _, err := c.Approve(t.Context(), "w", Decision{All: true}); !errors.Is(err, ErrUnknownOutcome) {
			t.Error(err)
		}
		r.collect(s.obj)
		if got, err := c.Get(t.Context(), "w"); err != nil || got.NodesErr != nil || !got.HasSuspendedNodes() {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// A workflow of the history can only name nodes by a version (its archive was written by another tool). Its
// new UID has no such row, so the nodes have to be in the object.
func TestRetryOfThePastWithOffloadedNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := newCollecting(t), &rows{}
		failedPast(t, s, "")
		r.offload(t, s.kept[0])
		c := clientOf(t, s.Server, Options{History: s.historyStore, NodeStore: r})
		if _, err := c.Retry(t.Context(), "w", RetryOptions{}); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Get(t.Context(), "w"); err != nil || got.NodesErr != nil || got.NodesByID()["w-1"] == nil {
			version, _, _ := unstructured.NestedString(s.Object("w").Object, "status", "offloadNodeStatusVersion")
			t.Errorf("the nodes of the new workflow, in version %q: %v, %v", version, err, got.NodesErr)
		}
	})
}
