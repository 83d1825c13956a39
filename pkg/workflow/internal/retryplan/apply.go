package retryplan

import (
	"context"
	"fmt"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Apply returns obj as it has to be written so that the controller goes on with it at now: the nodes
// are as planned, and whatever says that the workflow has ended is taken out. obj must be the object
// whose status the plan was made from. It is not changed; the result shares with it the parts of
// nodes that stay as they are.
//
// decoders unpack nodes that are compressed. The errors are a [*status.NodesError] and the cause of
// ctx.
func (p *Plan) Apply(
	ctx context.Context, obj *unstructured.Unstructured, decoders status.NodeDecoders, now time.Time,
) (*unstructured.Unstructured, error) {
	nodes, err := p.editNodes(ctx, obj, decoders, now)
	if err != nil {
		return nil, err
	}
	edited := copyWithoutNodes(obj)
	maps.Copy(objectAt(edited.Object, "status"), nodes)
	p.reopen(edited, now)
	return edited, nil
}

// editNodes returns the members of status that hold the nodes, changed as planned: inline or
// compressed, as they are in obj. Readers take status.nodes first, so compressed nodes count only
// where that is empty.
func (p *Plan) editNodes(
	ctx context.Context, obj *unstructured.Unstructured, decoders status.NodeDecoders, now time.Time,
) (map[string]any, error) {
	edit := p.nodeEdit(now)
	state, _ := obj.Object["status"].(map[string]any)
	inline, _ := state["nodes"].(map[string]any)
	if compressed, _ := state["compressedNodes"].(string); len(inline) == 0 && compressed != "" {
		kept := 0
		compressed, err := decoders.EditNodes(ctx, compressed, func(id string) status.NodeEdit {
			e := edit(id)
			if !e.Remove {
				kept++
			}
			return e
		})
		if err != nil || kept == 0 {
			return nil, err
		}
		return map[string]any{"compressedNodes": compressed}, nil
	}
	edited := make(map[string]any, len(inline))
	for id := range inline {
		fields, isObject := inline[id].(map[string]any)
		if e := edit(id); isObject && !e.Remove {
			edited[id] = editedNode(fields, e)
		}
	}
	if len(edited) == 0 {
		return nil, nil
	}
	return map[string]any{"nodes": edited}, nil
}

// nodeEdit returns a function that returns the change of the node of an ID. IDs of removed nodes are
// taken out, since some versions of the controller panic on an ID that belongs to no node.
func (p *Plan) nodeEdit(now time.Time) func(id string) status.NodeEdit {
	reset := map[string]any{ // as if it had just started
		"phase": string(status.NodeRunning), "startedAt": timestamp(now), "message": nil, "finishedAt": nil,
	}
	return func(id string) status.NodeEdit {
		switch {
		case !p.Keeps(id):
			return status.NodeEdit{Remove: true}
		case p.Resets(id):
			return status.NodeEdit{Set: reset, KeepID: p.Keeps}
		}
		return status.NodeEdit{KeepID: p.Keeps}
	}
}

// editedNode returns a copy of a node that is not compressed, with the Set and KeepID of edit applied.
func editedNode(fields map[string]any, edit status.NodeEdit) map[string]any {
	fields = maps.Clone(fields)
	for name, value := range edit.Set {
		if value == nil {
			delete(fields, name)
		} else {
			fields[name] = value
		}
	}
	for _, key := range []string{"children", "outboundNodes"} {
		if ids, ok := fields[key].([]any); ok {
			fields[key] = keptIDs(ids, edit.KeepID)
		}
	}
	return fields
}

func keptIDs(ids []any, keep func(id string) bool) []any {
	kept := make([]any, 0, len(ids))
	for _, item := range ids {
		if id, ok := item.(string); ok && keep(id) {
			kept = append(kept, id)
		}
	}
	return kept
}

// copyWithoutNodes returns a deep copy of a workflow without its nodes.
func copyWithoutNodes(obj *unstructured.Unstructured) *unstructured.Unstructured {
	fields := maps.Clone(obj.Object)
	if state, ok := fields["status"].(map[string]any); ok {
		state = maps.Clone(state)
		delete(state, "nodes")
		delete(state, "compressedNodes")
		fields["status"] = state
	}
	return (&unstructured.Unstructured{Object: fields}).DeepCopy()
}

// reopen takes out of the workflow what says that it has ended or has to end.
func (p *Plan) reopen(wf *unstructured.Unstructured, now time.Time) {
	labels := objectAt(objectAt(wf.Object, "metadata"), "labels")
	state := objectAt(wf.Object, "status")
	if phase := string(p.Phase()); phase == "" {
		delete(state, "phase")
		delete(labels, naming.LabelPhase)
		delete(labels, naming.LabelCompleted)
	} else {
		state["phase"] = phase
		labels[naming.LabelPhase] = phase
		labels[naming.LabelCompleted] = "false"
	}
	delete(labels, naming.LabelArchiving)

	for _, key := range []string{"message", "finishedAt", "persistentVolumeClaims"} {
		delete(state, key)
	}
	state["startedAt"] = timestamp(now)
	state["conditions"] = notCompleted(state["conditions"])
	// Otherwise the controller would take the reports of the new pods for complete before they are.
	if reported, ok := state["taskResultsCompletionStatus"].(map[string]any); ok {
		for _, n := range p.removed {
			delete(reported, n.ID)
		}
	}
	specs := []map[string]any{objectAt(wf.Object, "spec")}
	if stored, ok := state["storedWorkflowTemplateSpec"].(map[string]any); ok {
		specs = append(specs, stored)
	}
	for _, spec := range specs {
		delete(spec, "shutdown")
		// Old versions terminate a workflow by a deadline of zero.
		if fmt.Sprint(spec["activeDeadlineSeconds"]) == "0" {
			delete(spec, "activeDeadlineSeconds")
		}
	}
}

// notCompleted returns conditions with Completed set to False.
func notCompleted(conditions any) []any {
	list, _ := conditions.([]any)
	for _, item := range list {
		if condition, ok := item.(map[string]any); ok && condition["type"] == "Completed" {
			condition["status"] = "False"
			return list
		}
	}
	return append(list, map[string]any{"type": "Completed", "status": "False"})
}

// objectAt returns the object under key, and creates it if there is none.
func objectAt(parent map[string]any, key string) map[string]any {
	child, ok := parent[key].(map[string]any)
	if !ok {
		child = map[string]any{}
		parent[key] = child
	}
	return child
}

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
