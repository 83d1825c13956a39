package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// rows is a node store in memory.
type rows struct {
	sync.Mutex

	kept map[string][]byte
	fail func() error // may be nil
	read int
}

func (r *rows) key(ref NodesRef) string {
	return fmt.Sprint(ref.Namespace, "/", ref.UID, "/", ref.Version)
}

func (r *rows) Nodes(_ context.Context, ref NodesRef) ([]byte, error) {
	r.Lock()
	defer r.Unlock()
	r.read++
	if r.fail != nil {
		if err := r.fail(); err != nil {
			return nil, err
		}
	}
	if nodes, ok := r.kept[r.key(ref)]; ok {
		return nodes, nil
	}
	return nil, fmt.Errorf("read %s: %w", ref.Version, ErrNodesGone)
}

func (r *rows) SaveNodes(_ context.Context, ref NodesRef, nodes []byte) (string, error) {
	r.Lock()
	defer r.Unlock()
	h := fnv.New32()
	_, _ = h.Write(nodes)
	ref.Version = fmt.Sprint("fnv:", h.Sum32())
	if r.kept == nil {
		r.kept = map[string][]byte{}
	}
	r.kept[r.key(ref)] = nodes
	return ref.Version, nil
}

// offload moves the nodes of a workflow to the store, as the controller does.
func (r *rows) offload(t *testing.T, wf *unstructured.Unstructured) {
	t.Helper()
	nodes, _, _ := unstructured.NestedMap(wf.Object, "status", "nodes")
	if nodes == nil {
		nodes = map[string]any{}
	}
	data, err := json.Marshal(nodes)
	if err != nil {
		t.Fatal(err)
	}
	version, _ := r.SaveNodes(t.Context(), NodesRef{Namespace: "ma", UID: wf.GetUID()}, data)
	unstructured.RemoveNestedField(wf.Object, "status", "nodes")
	set(wf, version, "status", "offloadNodeStatusVersion")
}

// forget removes all that is kept but for the version that wf names.
func (r *rows) forget(wf *unstructured.Unstructured) {
	r.Lock()
	defer r.Unlock()
	version, _, _ := unstructured.NestedString(wf.Object, "status", "offloadNodeStatusVersion")
	key := r.key(NodesRef{Namespace: "ma", UID: wf.GetUID(), Version: version})
	r.kept = map[string][]byte{key: r.kept[key]}
}

func gateNode(phase string) map[string]any {
	return map[string]any{"g": map[string]any{
		"id": "g", "name": "w.approve", "displayName": "approve", "type": "Suspend", "phase": phase,
		"outputs": map[string]any{"parameters": []any{map[string]any{"name": "p", "valueFrom": map[string]any{"supplied": map[string]any{}}}}},
		"unknown": "kept",
	}}
}

// offloadedGate puts a workflow that waits at a gate, whose node is offloaded.
func offloadedGate(t *testing.T, s *apitest.Server, r *rows) {
	t.Helper()
	s.Put("w", func(wf *unstructured.Unstructured) {
		_ = unstructured.SetNestedMap(wf.Object, gateNode("Running"), "status", "nodes")
		r.offload(t, wf)
	})
}

func TestOffloadedNodesAreRead(t *testing.T) {
	s, r := apitest.New(), &rows{}
	offloadedGate(t, s, r)
	for name, c := range clientsWith(t, s, Options{NodeStore: r}) {
		got, err := c.Get(t.Context(), "w")
		if err != nil || got.NodesErr != nil || !got.HasSuspendedNodes() || got.OffloadVersion == "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		gates, err := c.Gates(t.Context(), "w")
		if err != nil || len(gates) != 1 || gates[0].Name != "approve" || len(gates[0].Outputs) != 1 {
			t.Errorf("%s: %+v, %v", name, gates, err)
		}
		for of, err := range c.List(t.Context(), ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}}) {
			if err != nil || of.NodesErr != nil {
				t.Errorf("%s: %+v, %v", name, of, err)
			}
		}
		if got, err = c.Wait(t.Context(), "w", Suspended); err != nil || !got.HasSuspendedNodes() {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := clientOf(t, s, Options{}).Wait(t.Context(), "w", Suspended); !errors.Is(err, ErrNodesOffloaded) || errors.Is(err, ErrNodesGone) {
		t.Error(err)
	}
}

func TestFoundWorkflowHasItsOffloadedNodes(t *testing.T) {
	s, r := apitest.New(), &rows{}
	c := clientOf(t, s, Options{NodeStore: r})
	first, err := c.Start(t.Context(), keyed())
	if err != nil {
		t.Fatal(err)
	}
	s.Put(first.Name, func(wf *unstructured.Unstructured) {
		set(wf, "Running", "status", "phase")
		_ = unstructured.SetNestedMap(wf.Object, gateNode("Running"), "status", "nodes")
		r.offload(t, wf)
	})
	if found, err := c.Start(t.Context(), keyed()); err != nil || found.NodesErr != nil || !found.HasSuspendedNodes() {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestOffloadedGateIsDecided(t *testing.T) {
	for verb, decide := range map[string]func(context.Context, *WorkflowClient) error{
		"approve": func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Approve(ctx, "w", Decision{Gates: []string{"approve"}, Outputs: map[string]any{"p": "v"}})
			return err
		},
		"reject": func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Reject(ctx, "w", Decision{All: true, Message: "no"})
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, r := apitest.New(), &rows{}
			offloadedGate(t, s, r)
			c := clientOf(t, s, Options{NodeStore: r})
			if err := decide(t.Context(), c); err != nil {
				t.Fatalf("%s: %v", verb, err)
			}
			wf := s.Object("w")
			if nodes, _, _ := unstructured.NestedMap(wf.Object, "status", "nodes"); len(nodes) > 0 {
				t.Errorf("%s: the object has nodes: %v", verb, nodes)
			}
			r.forget(wf) // the version that the object names is the new one
			got, err := c.Get(t.Context(), "w")
			if err != nil || got.NodesErr != nil {
				t.Fatal(verb, err, got.NodesErr)
			}
			n := got.NodesByID()["g"]
			if n.Waiting() || verb == "reject" && (n.Phase != status.NodeFailed || n.Message != "no") {
				t.Errorf("%s: %+v", verb, n)
			}
			if value, _ := n.Outputs().Parameter("p"); verb == "approve" && (n.Phase != status.NodeSucceeded || value != "v") {
				t.Errorf("%s: %+v, %q", verb, n, value)
			}
			for _, nodes := range r.kept {
				var kept map[string]map[string]any
				if err := json.Unmarshal(nodes, &kept); err != nil || kept["g"]["unknown"] != "kept" {
					t.Errorf("%s: %s", verb, nodes)
				}
			}
		})
	}
}

// A row that is collected before it is read stands for a state that is old.
func TestCollectedRowMeansReadingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &rows{}
		offloadedGate(t, s, r)
		late := 0
		r.fail = func() error {
			if late++; late == 1 || late == 3 { // the row is collected before it is read
				go s.Put("w", func(wf *unstructured.Unstructured) {
					set(wf, fmt.Sprint(s.Version), "metadata", "annotations", "a")
				})
				time.Sleep(time.Millisecond)
				return ErrNodesGone
			}
			return nil
		}
		c := clientOf(t, s, Options{NodeStore: r})
		if got, err := c.Get(t.Context(), "w"); err != nil || got.NodesErr != nil || !got.HasSuspendedNodes() {
			t.Errorf("get: %+v, %v", got, err)
		}
		late = 0
		if gates, err := c.Gates(t.Context(), "w"); err != nil || len(gates) != 1 {
			t.Errorf("gates: %v, %v", gates, err)
		}
		late = 0
		for got, err := range c.List(t.Context(), ListOptions{}) {
			if err != nil || got.NodesErr != nil {
				t.Errorf("list: %+v, %v", got, err)
			}
		}
		late = 0
		if got, err := c.Wait(t.Context(), "w", Suspended); err != nil || !got.HasSuspendedNodes() {
			t.Errorf("wait: %+v, %v", got, err)
		}
		late = 0
		if _, err := c.Approve(t.Context(), "w", Decision{All: true, Outputs: map[string]any{"p": "v"}}); err != nil {
			t.Errorf("approve: %v", err)
		}
	})
}

// Nodes that are gone for good are not waited for.
func TestNodesThatAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &rows{}
		offloadedGate(t, s, r)
		r.kept = nil
		c := clientOf(t, s, Options{NodeStore: r})
		got, err := c.Get(t.Context(), "w")
		if err != nil || !errors.Is(got.NodesErr, ErrNodesGone) || got.Completed() {
			t.Errorf("%+v, %v", got, err)
		}
		_, waited := c.Wait(t.Context(), "w", Suspended)
		_, decided := c.Approve(t.Context(), "w", Decision{All: true})
		_, gates := c.Gates(t.Context(), "w")
		for verb, err := range map[string]error{"wait": waited, "approve": decided, "gates": gates} {
			if !errors.Is(err, ErrNodesGone) || !errors.Is(err, ErrNodesOffloaded) || errors.Is(err, ErrHistory) {
				t.Errorf("%s: %v", verb, err)
			}
		}
		s.SetPhase("w", "Succeeded") // its end needs no nodes
		if _, err := c.Wait(t.Context(), "w", Completed); err != nil {
			t.Error(err)
		}
	})
}

func TestNodeStoreThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &rows{}
		offloadedGate(t, s, r)
		c := clientOf(t, s, Options{NodeStore: r, RetryFor: 5 * time.Second})
		failures := 0
		r.fail = func() error {
			if failures++; failures < 4 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		if got, err := c.Get(t.Context(), "w"); err != nil || got.NodesErr != nil || failures != 4 {
			t.Errorf("a short outage: %+v, %v", got, err)
		}
		r.fail = func() error { return io.ErrUnexpectedEOF }
		began := time.Now()
		for range 20 { // only the first one waits for the store
			if got, err := c.Get(t.Context(), "w"); err != nil || !errors.Is(got.NodesErr, ErrHistory) {
				t.Errorf("a long outage: %+v, %v", got, err)
			}
		}
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("20 reads took %v", took)
		}
		time.Sleep(time.Minute)
		r.fail = func() error { return errors.New("down") }
		got, err := c.Get(t.Context(), "w")
		if err != nil || !errors.Is(got.NodesErr, ErrHistory) || got.Phase != status.PhaseRunning {
			t.Errorf("%+v, %v", got, err)
		}
		before := s.Version
		if _, err := c.Approve(t.Context(), "w", Decision{All: true}); !errors.Is(err, ErrHistory) || s.Version != before {
			t.Errorf("%v", err)
		}
		if _, err := c.Wait(t.Context(), "w", Suspended); !errors.Is(err, ErrHistory) {
			t.Errorf("%v", err)
		}
		time.Sleep(time.Minute)
		r.fail = func() error { return io.EOF }
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		if _, err := c.Get(ctx, "w"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrHistory) {
			t.Errorf("%v", err)
		}
	})
}

// Another client writes between the save of the nodes and the write that names them.
func TestOffloadedGateAndAConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &rows{}
		offloadedGate(t, s, r)
		conflicts := 0
		s.Refuse = func(req *http.Request) error {
			if req.Method == http.MethodPatch && conflicts < 2 {
				conflicts++
				go s.Put("w", func(wf *unstructured.Unstructured) { set(wf, fmt.Sprint(conflicts), "metadata", "annotations", "a") })
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		c := clientOf(t, s, Options{NodeStore: r})
		if _, err := c.Approve(t.Context(), "w", Decision{All: true, Outputs: map[string]any{"p": "v"}}); err != nil || conflicts != 2 {
			t.Fatal(err, conflicts)
		}
		r.forget(s.Object("w"))
		if got, err := c.Get(t.Context(), "w"); err != nil || got.NodesErr != nil || got.HasSuspendedNodes() {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestRetryOfOffloadedNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		obj := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u}
spec: {templates: [{name: main, suspend: {}}]}
status:
  phase: Failed
  startedAt: "2026-01-01T00:00:00Z"
  nodes:
    w: {id: w, name: w, type: Steps, phase: Failed, children: [k, h]}
    k: {id: k, name: w.kept, displayName: kept, type: Suspend, phase: Succeeded, boundaryID: w, unknown: 12345678901234567890}
    h: {id: h, name: w.failed, displayName: failed, type: HTTP, phase: Failed, boundaryID: w}
`)
		r := &rows{}
		r.offload(t, obj)
		s := &stage{t: t, obj: obj, version: 1, began: time.Now()}
		s.setVersion()
		got, err := scriptedWith(t, Options{NodeStore: r}, s.answer).Retry(t.Context(), "w", RetryOptions{})
		if err != nil || got.Completed() {
			t.Fatal(got, err)
		}
		state, _ := s.obj.Object["status"].(map[string]any)
		if state["nodes"] != nil || state["compressedNodes"] != nil {
			t.Errorf("the object has nodes: %v", state)
		}
		r.forget(s.obj)
		for _, kept := range r.kept {
			var nodes map[string]map[string]json.RawMessage
			if err := json.Unmarshal(kept, &nodes); err != nil || nodes["h"] != nil || string(nodes["k"]["phase"]) != `"Succeeded"` ||
				string(nodes["w"]["phase"]) != `"Running"` || len(nodes["k"]["unknown"]) < 16 {
				t.Errorf("%s, %v", kept, err)
			}
		}
	})
}
