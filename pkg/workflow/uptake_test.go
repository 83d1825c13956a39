package workflow

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// A decision waits no longer, and touches the workflow no more often, than necessary.
func TestDecisionsAreFollowedUp(t *testing.T) {
	suspend := func(ctx context.Context, c *WorkflowClient) error { return c.Suspend(ctx, "w", SuspendOptions{}) }
	after := func(d time.Duration, do func(map[string]any)) func(*stage) {
		done := false
		return func(s *stage) {
			if !done && time.Since(s.began) >= d {
				done = true
				s.edit(do)
			}
		}
	}
	for name, tc := range map[string]struct {
		beside string
		call   func(context.Context, *WorkflowClient) error
		acts   func(*stage)
		setUp  func(*stage)
		want   string
	}{
		"the controller acts at once": {"", approve, after(10*time.Millisecond, next), nil, "get@0 write@0 get@50"},
		"the controller acts a little later": {"", approve, after(120*time.Millisecond, next), nil,
			"get@0 write@0 get@50 touch@150 get@150"},
		"the controller acts after the first touch": {"", approve, after(200*time.Millisecond, next), nil,
			"get@0 write@0 get@50 touch@150 get@300"},
		"the controller never acts": {"", approve, nil, nil,
			"get@0 write@0 get@50 touch@150 get@300 touch@500 get@1000 touch@1500"},
		"another client's edit shows nothing": {"", approve, after(40*time.Millisecond, annotated), nil,
			"get@0 write@0 get@50 touch@200 get@350 touch@550 get@1050 touch@1550"},
		"a touch meets another client's edit": {"", approve, after(120*time.Millisecond, annotated), nil,
			"get@0 write@0 get@50 touch@150 get@150 touch@300 get@450 touch@650 get@1150 touch@1650"},
		"a touch meets another call's touch": {"", approve, after(120*time.Millisecond, touched), nil,
			"get@0 write@0 get@50 touch@150 get@150 get@300 touch@500 get@1000 touch@1500"},
		"a touch meets one by a repeated decision": {"", approve, after(120*time.Millisecond, touchedAtOnce), nil,
			"get@0 write@0 get@50 touch@150 get@150 touch@300 get@450 touch@650 get@1150 touch@1650"},
		"nothing need follow while other work continues": {"Running", approve, nil, nil, "get@0 write@0 touch@300"},
		"a suspension":                    {"", suspend, nil, nil, "get@0 write@0 touch@300"},
		"a suspension, while others edit": {"", suspend, after(100*time.Millisecond, annotated), nil, "get@0 write@0 touch@300 get@300 touch@600"},
		"the end of a workflow": {"", suspend, after(100*time.Millisecond, func(obj map[string]any) {
			_ = unstructured.SetNestedField(obj, "Succeeded", "status", "phase")
		}), nil, "get@0 write@0 touch@300 get@300"},
		"no controller has seen it": {"", suspend, nil, func(s *stage) {
			unstructured.RemoveNestedField(s.obj.Object, "status")
		}, "get@0 write@0"},
		"a gate of a suspended workflow": {"", approve, nil, func(s *stage) {
			_ = unstructured.SetNestedField(s.obj.Object, true, "spec", "suspend")
		}, "get@0 write@0"},
		"the whole workflow": {"", func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, "w", ResumeOptions{KeepGates: true})
			return err
		}, nil, func(s *stage) {
			_ = unstructured.SetNestedField(s.obj.Object, true, "spec", "suspend")
			_ = unstructured.SetNestedField(s.obj.Object, "Succeeded", "status", "nodes", "g", "phase")
		}, "get@0 write@0 get@50 touch@150 get@300 touch@500 get@1000 touch@1500"},
		"a stop": {"", func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, "w", StopOptions{}) },
			after(200*time.Millisecond, func(obj map[string]any) {
				_ = unstructured.SetNestedField(obj, "Failed", "status", "nodes", "g", "phase")
				_ = unstructured.SetNestedField(obj, "Stopped with strategy 'Stop'", "status", "nodes", "g", "message")
			}), nil, "get@0 write@0 get@50 touch@150 get@300"},
		"a stop of a queued workflow": {"", func(ctx context.Context, c *WorkflowClient) error { return c.Terminate(ctx, "w", TerminateOptions{}) },
			nil, func(s *stage) {
				_ = unstructured.SetNestedMap(s.obj.Object, map[string]any{"phase": "Pending"}, "status")
			}, "get@0 write@0 touch@300"},
		"a rejection": {"", func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Reject(ctx, "w", Decision{Gates: []string{"g"}})
			return err
		}, after(200*time.Millisecond, func(obj map[string]any) {
			_ = unstructured.SetNestedField(obj, "Failed", "status", "nodes", "s", "phase")
		}), nil, "get@0 write@0 get@50 touch@150 get@300"},
		"a retry": {"", func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Retry(ctx, "w", RetryOptions{})
			return err
		}, after(200*time.Millisecond, func(obj map[string]any) {
			_ = unstructured.SetNestedMap(obj, map[string]any{"id": "n", "type": "Pod", "phase": "Pending"}, "status", "nodes", "n")
		}), func(s *stage) {
			_ = unstructured.SetNestedField(s.obj.Object, "Failed", "status", "phase")
			_ = unstructured.SetNestedField(s.obj.Object, "1999-01-01T00:00:00Z", "status", "finishedAt")
			for _, id := range []string{"w", "s", "g"} {
				_ = unstructured.SetNestedField(s.obj.Object, "Failed", "status", "nodes", id, "phase")
			}
		}, "get@0 write@0 get@50 touch@150 get@300"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, tc.beside)
				s.acts = tc.acts
				if tc.setUp != nil {
					tc.setUp(s)
				}
				if err := tc.call(t.Context(), s.client()); err != nil {
					t.Error(err)
				}
				if got := s.sent(); got != tc.want {
					t.Errorf("%s\nwant %s", got, tc.want)
				}
			})
		})
	}
}

// If a workflow has not changed for long, the controller can't have just written it.
func TestDecisionsOnARestedWorkflowAreNotFollowedUp(t *testing.T) {
	manager := func(at string) any {
		return map[string]any{"manager": "m", "operation": "Update", "time": at}
	}
	for name, tc := range map[string]struct {
		before, after []any
		want          bool
	}{
		"rested":                 {[]any{manager("2026-01-01T00:00:00Z"), manager("2025-01-01T00:00:00Z")}, []any{manager("2026-01-01T00:00:45Z")}, true},
		"not rested":             {[]any{manager("2025-01-01T00:00:00Z"), manager("2026-01-01T00:00:01Z")}, []any{manager("2026-01-01T00:00:45Z")}, false},
		"stored for 34 s":        {[]any{manager("2026-01-01T00:00:00Z")}, []any{manager("2026-01-01T00:00:34Z")}, false},
		"no managers before":     {nil, []any{manager("2026-01-01T00:00:45Z")}, false},
		"no managers after":      {[]any{manager("2026-01-01T00:00:00Z")}, nil, false},
		"no time":                {[]any{manager("")}, []any{manager("2026-01-01T00:00:45Z")}, false},
		"a clock that went back": {[]any{manager("2026-01-01T01:00:00Z")}, []any{manager("2026-01-01T00:00:05Z")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			object := func(managers []any) *unstructured.Unstructured {
				return &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"managedFields": managers}}}
			}
			if got := rested(object(tc.before), object(tc.after)); got != tc.want {
				t.Error(got)
			}
		})
	}
	if rested(nil, &unstructured.Unstructured{}) {
		t.Error("a workflow of an unknown state is rested")
	}
}

// The controller may compress the nodes that show that it has acted, by any algorithm that the
// client reads.
func TestUptakeInCompressedNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		s.acts = func(s *stage) {
			if time.Since(s.began) < 10*time.Millisecond {
				return
			}
			s.acts = nil
			s.edit(func(obj map[string]any) {
				next(obj)
				state, _ := obj["status"].(map[string]any)
				nodes, err := json.Marshal(state["nodes"])
				if err != nil {
					t.Error(err)
				}
				delete(state, "nodes")
				state["compressedNodes"] = base64.StdEncoding.EncodeToString(nodes)
			})
		}
		uncompressed := func(src io.Reader) (io.ReadCloser, error) { return io.NopCloser(src), nil }
		c := scriptedWith(t, Options{NodeDecoders: status.NodeDecoders{Brotli: uncompressed}}, s.answer)
		if err := approve(t.Context(), c); err != nil {
			t.Error(err)
		}
		if got, want := s.sent(), "get@0 write@0 get@50"; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	})
}

// Ten thousand gates beside ten thousand other nodes are checked in one pass.
func TestUptakeOfManyGates(t *testing.T) {
	before, after := &status.WorkflowStatus{}, &status.WorkflowStatus{}
	var gates []*status.Node
	for i := range 10_000 {
		gate := &status.Node{ID: strconv.Itoa(i), Type: status.NodeTypeSuspend, Phase: status.NodeRunning, BoundaryID: "dag"}
		gates = append(gates, gate)
		other := &status.Node{ID: "other-" + gate.ID, Type: status.NodeTypePod, Phase: status.NodeSucceeded, BoundaryID: "dag"}
		before.Nodes = append(before.Nodes, gate, other)
		passed := *gate
		passed.Phase = status.NodeSucceeded
		after.Nodes = append(after.Nodes, &passed, other)
	}
	u := gatesDecided(before, gates)
	if !u.soon || u.acted(after) {
		t.Error("uptake without a node after a gate")
	}
	last := after.Nodes[len(after.Nodes)-2]
	last.Children = []string{"next"}
	if !u.acted(after) {
		t.Error("no uptake with a node after a gate")
	}
}

// A group that had ended before a decision doesn't show that the controller has acted on it.
func TestGroupsThatHadEndedShowNoUptake(t *testing.T) {
	gate := &status.Node{ID: "g", Type: status.NodeTypeSuspend, Phase: status.NodeRunning, BoundaryID: "dag"}
	group := &status.Node{ID: "dag", Type: status.NodeTypeDAG, Phase: status.NodeFailed, Children: []string{"g"}}
	before := &status.WorkflowStatus{Nodes: []*status.Node{group, gate}}
	if gatesDecided(before, []*status.Node{gate}).acted(before) {
		t.Error("uptake without a change")
	}
}
