package argocheck

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// random makes the nodes of a workflow that ended Failed, as the controller would: a group
// fails if something in it has, and nothing comes after a failure but what was omitted.
func random(r *rand.Rand) *unstructured.Unstructured {
	b := &builder{r: r, nodes: map[string]any{}}
	b.invoke("w", "", 3)
	if r.IntN(4) == 0 {
		b.add("w.onExit", "Pod", "", r.IntN(2) == 0)
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{"name": "w", "namespace": "default", "uid": "u", "resourceVersion": "1", "labels": map[string]any{}},
		"spec":     map[string]any{},
		"status":   map[string]any{"phase": "Failed", "finishedAt": "2026-01-01T00:00:00Z", "nodes": b.nodes},
	}}
}

type builder struct {
	r     *rand.Rand
	nodes map[string]any
	loops bool // the next one can be a loop: a task of a DAG can, an item of a loop can't
}

func (b *builder) add(name, kind, boundary string, failed bool) string {
	id := name
	if name != "w" {
		id = fmt.Sprintf("w-%d", len(b.nodes))
	}
	node := map[string]any{
		"id": id, "name": name, "displayName": name[strings.LastIndexAny(name, ".")+1:], "type": kind, "boundaryID": boundary,
		"templateName": "t", "phase": "Succeeded", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:00Z",
	}
	b.nodes[id] = node
	b.failed(id, failed)
	return id
}

func (b *builder) failed(id string, failed bool) {
	if failed {
		b.nodes[id].(map[string]any)["phase"] = "Failed"
	}
}

func (b *builder) link(from []string, to string) {
	for _, id := range from {
		node := b.nodes[id].(map[string]any)
		children, _ := node["children"].([]any)
		node["children"] = append(children, to)
	}
}

func (b *builder) end(id string, last []string, failed bool) (bool, []string) {
	outbound := make([]any, len(last))
	for i, each := range last {
		outbound[i] = each
	}
	b.nodes[id].(map[string]any)["outboundNodes"] = outbound
	b.failed(id, failed)
	return failed, last
}

// invoke makes an invocation of some template. It returns whether that failed, and its last
// nodes.
func (b *builder) invoke(name, boundary string, depth int) (failed bool, last []string) {
	kind := b.r.IntN(6)
	if depth == 0 || kind == 3 && !b.loops {
		kind = 5
	}
	b.loops = false
	switch kind {
	case 0, 1:
		id := b.add(name, "Steps", boundary, false)
		last = []string{id}
		for i := 0; i < 1+b.r.IntN(3) && !failed; i++ {
			group := b.add(fmt.Sprintf("%s[%d]", name, i), "StepGroup", id, false)
			b.link(last, group)
			last = nil
			for j := range 1 + b.r.IntN(3) {
				next := len(b.nodes)
				stepFailed, ends := b.invoke(fmt.Sprintf("%s[%d].s%d", name, i, j), id, depth-1)
				b.link([]string{group}, fmt.Sprintf("w-%d", next))
				failed = failed || stepFailed
				last = append(last, ends...)
			}
			b.failed(group, failed)
		}
		return b.end(id, last, failed)
	case 2:
		id := b.add(name, "DAG", boundary, false)
		from := []string{id}
		for i := range 1 + b.r.IntN(3) {
			next := len(b.nodes)
			if failed {
				b.add(fmt.Sprintf("%s.t%d", name, i), "Skipped", id, false)
				b.nodes[fmt.Sprintf("w-%d", next)].(map[string]any)["phase"] = "Omitted"
				b.link(from, fmt.Sprintf("w-%d", next))
				return b.end(id, []string{fmt.Sprintf("w-%d", next)}, true)
			}
			b.loops = true
			failed, last = b.invoke(fmt.Sprintf("%s.t%d", name, i), id, depth-1)
			b.link(from, fmt.Sprintf("w-%d", next))
			from = last
		}
		return b.end(id, last, failed)
	case 3:
		id := b.add(name, "TaskGroup", boundary, false)
		for i := range 1 + b.r.IntN(3) {
			next := len(b.nodes)
			itemFailed, ends := b.invoke(fmt.Sprintf("%s(%d:v)", name, i), boundary, depth-1)
			b.link([]string{id}, fmt.Sprintf("w-%d", next))
			failed = failed || itemFailed
			last = append(last, ends...)
		}
		b.failed(id, failed)
		return failed, last
	case 4:
		id := b.add(name, "Retry", boundary, false)
		attempts := 1 + b.r.IntN(3)
		for i := range attempts {
			failed = i < attempts-1 || b.r.IntN(2) == 0
			attempt := b.add(fmt.Sprintf("%s(%d)", name, i), "Pod", boundary, failed)
			b.nodes[attempt].(map[string]any)["nodeFlag"] = map[string]any{"retried": true}
			b.link([]string{id}, attempt)
			last = []string{attempt}
		}
		b.failed(id, failed)
		return failed, last
	}
	failed = b.r.IntN(3) == 0
	return failed, []string{b.add(name, "Pod", boundary, failed)}
}
