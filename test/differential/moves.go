package differential

import (
	"context"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// started is the start time of nodes, on both sides.
const started = "2026-11-02T08:30:00Z"

// moves are possible writes of the controller to a workflow. If the workflow doesn't exist, they do
// nothing.
func moves() []variant {
	var all []variant
	for _, move := range []struct {
		what, phase string
		pack        bool
		nodes       func(name string) map[string]any
		more        map[string]any // in the status
	}{
		{"makes it wait at a gate", "Running", false, atGate, nil},
		{"starts a pod of it", "Running", false, inPod, nil},
		{"makes it fail", "Failed", false, inPodFailed, nil},
		{"makes it succeed", "Succeeded", false, succeeded, nil},
		{"makes it wait at a gate, with compressed nodes", "Running", true, atGate, nil},
		{"makes it fail, with compressed nodes", "Failed", true, inPodFailed, nil},
		{"makes it fail without a node", "Error", false, nil, map[string]any{"message": "workflow templates not found"}},
		{"keeps its nodes elsewhere", "Running", false, nil, map[string]any{"offloadNodeStatusVersion": "fnv:1"}},
	} {
		all = append(all, variant{move.what, func(ctx context.Context, s Side, name string) (string, error) {
			return s.edit(ctx, name, func(u *unstructured.Unstructured) error {
				state := map[string]any{"phase": move.phase, "startedAt": started}
				ended := move.phase != "Running"
				if ended {
					state["finishedAt"] = "2026-11-02T08:40:00Z"
				}
				maps.Copy(state, move.more)
				if err := setNodes(state, move.nodes, name, move.pack); err != nil {
					return err
				}
				labels := maps.Clone(u.GetLabels())
				if labels == nil {
					labels = map[string]string{}
				}
				labels["workflows.argoproj.io/phase"] = move.phase
				labels["workflows.argoproj.io/completed"] = fmt.Sprint(ended)
				u.SetLabels(labels)
				u.Object["status"] = state
				return nil
			})
		}})
	}
	return all
}

// edit changes a workflow as the administrator.
func (s Side) edit(ctx context.Context, name string, change func(*unstructured.Unstructured) error) (string, error) {
	workflows := s.workflows()
	u, err := workflows.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if err := change(u); err != nil {
		return "", err
	}
	_, err = workflows.Update(ctx, u, metav1.UpdateOptions{})
	return "", err
}

func setNodes(state map[string]any, nodes func(name string) map[string]any, name string, pack bool) error {
	if nodes == nil {
		return nil
	}
	if !pack {
		state["nodes"] = nodes(name)
		return nil
	}
	packed, err := status.CompressNodes(nodes(name))
	state["compressedNodes"] = packed
	return err
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
		"boundaryID": name,
		"outputs": map[string]any{"parameters": []any{
			supplied("by", nil), supplied("note", map[string]any{"default": "none"}),
		}},
	}))
}

func inPod(name string) map[string]any {
	return tree(name, "Running", node(name, "[0].load", "load", "Pod", "Running", map[string]any{"boundaryID": name}))
}

func inPodFailed(name string) map[string]any {
	return tree(name, "Failed", node(name, "[0].load", "load", "Pod", "Failed", map[string]any{
		"boundaryID": name, "message": "main: Error (exit code 1)",
	}))
}

func succeeded(name string) map[string]any {
	return tree(name, "Succeeded", node(name, "[0].load", "load", "Pod", "Succeeded", map[string]any{"boundaryID": name}))
}
