package differential

import (
	"context"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// started is the start time of nodes, on both sides.
const started = "2026-11-02T08:30:00Z"

// move is a possible write of the controller to the status of a workflow.
type move struct {
	phase string
	nodes func(name string) map[string]any // nil: none
	pack  bool                             // whether the nodes are compressed
	more  map[string]any                   // other fields
}

func moves() []variant {
	failed := inPod("Failed", map[string]any{"message": "main: Error (exit code 1)"})
	return variantsOf(write, []way[move]{
		{"makes it wait at a gate", move{phase: "Running", nodes: atGate}},
		{"starts a pod of it", move{phase: "Running", nodes: inPod("Running", nil)}},
		{"makes it fail", move{phase: "Failed", nodes: failed}},
		{"makes it succeed", move{phase: "Succeeded", nodes: inPod("Succeeded", nil)}},
		{"makes it wait at a gate, with compressed nodes", move{phase: "Running", nodes: atGate, pack: true}},
		{"makes it fail, with compressed nodes", move{phase: "Failed", nodes: failed, pack: true}},
		{"makes it fail without a node", move{
			phase: "Error", more: map[string]any{"message": "workflow templates not found"},
		}},
		{"keeps its nodes elsewhere", move{phase: "Running", more: map[string]any{"offloadNodeStatusVersion": "fnv:1"}}},
	})
}

// write makes a move as the administrator. If the workflow doesn't exist, it does nothing.
func write(ctx context.Context, s Side, name string, m move) (string, error) {
	u, err := s.workflows().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	state := map[string]any{"phase": m.phase, "startedAt": started}
	ended := m.phase != "Running"
	if ended {
		state["finishedAt"] = "2026-11-02T08:40:00Z"
	}
	maps.Copy(state, m.more)
	switch {
	case m.pack:
		if state["compressedNodes"], err = status.CompressNodes(m.nodes(name)); err != nil {
			return "", err
		}
	case m.nodes != nil:
		state["nodes"] = m.nodes(name)
	}
	labels := map[string]string{}
	maps.Copy(labels, u.GetLabels())
	labels["workflows.argoproj.io/phase"] = m.phase
	labels["workflows.argoproj.io/completed"] = fmt.Sprint(ended)
	u.SetLabels(labels)
	u.Object["status"] = state
	_, err = s.workflows().Update(ctx, u, metav1.UpdateOptions{})
	return "", err
}

func node(name, path, display, kind, phase string, more map[string]any) map[string]any {
	n := map[string]any{
		"id": id(name, path), "name": name + path, "displayName": display, "type": kind, "phase": phase,
		"startedAt": started, "finishedAt": nil, "templateName": display, "templateScope": "namespaced/" + Template,
	}
	if phase != "Running" {
		n["finishedAt"] = "2026-11-02T08:35:00Z"
	}
	maps.Copy(n, more)
	return n
}

// id returns the ID of a node; that of the root is the workflow's name.
func id(name, path string) string {
	if path == "" {
		return name
	}
	return fmt.Sprintf("%s-%d", name, len(path))
}

// tree returns a workflow with one step, which is the last node.
func tree(name, phase string, last map[string]any) map[string]any {
	lastID := last["id"].(string)
	last["boundaryID"] = name
	return map[string]any{
		name: node(name, "", name, "Steps", phase, map[string]any{
			"templateName": "main", "children": []any{id(name, "[0]")}, "outboundNodes": []any{lastID},
		}),
		id(name, "[0]"): node(name, "[0]", "[0]", "StepGroup", phase, map[string]any{
			"templateName": "", "boundaryID": name, "children": []any{lastID},
		}),
		lastID: last,
	}
}

func atGate(name string) map[string]any {
	supplied := func(name string, more map[string]any) map[string]any {
		from := map[string]any{"supplied": map[string]any{}}
		maps.Copy(from, more)
		return map[string]any{"name": name, "valueFrom": from}
	}
	return tree(name, "Running", node(name, "[0].approve", "approve", "Suspend", "Running", map[string]any{
		"outputs": map[string]any{"parameters": []any{
			supplied("by", nil), supplied("note", map[string]any{"default": "none"}),
		}},
	}))
}

// inPod returns a function for the nodes of a workflow whose step is a pod.
func inPod(phase string, more map[string]any) func(name string) map[string]any {
	return func(name string) map[string]any {
		return tree(name, phase, node(name, "[0].load", "load", "Pod", phase, more))
	}
}
