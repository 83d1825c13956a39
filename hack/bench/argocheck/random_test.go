package argocheck

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// random makes the nodes of a workflow that ended Failed, as the controller would: a group
// fails if something in it has, and nothing comes after a failure but what was omitted.
func random(t *testing.T, r *rand.Rand) *unstructured.Unstructured {
	t.Helper()
	b := &builder{r: r, nodes: map[string]*wfv1.NodeStatus{}}
	b.invoke("w", "", 3)
	if r.IntN(4) == 0 {
		b.add("w.onExit", wfv1.NodeTypePod, "", r.IntN(2) == 0)
	}
	wf := &wfv1.Workflow{
		TypeMeta:   metav1.TypeMeta{APIVersion: "argoproj.io/v1alpha1", Kind: "Workflow"},
		ObjectMeta: metav1.ObjectMeta{Name: "w", Namespace: "default", UID: "u", ResourceVersion: "1"},
		Status:     wfv1.WorkflowStatus{Phase: wfv1.WorkflowFailed, FinishedAt: b.nodes["w"].FinishedAt, Nodes: wfv1.Nodes{}},
	}
	for id, node := range b.nodes {
		wf.Status.Nodes[id] = *node
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(wf)
	if err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: object}
}

// phaseOf is the phase of a node that has ended, by whether it has failed.
var phaseOf = map[bool]wfv1.NodePhase{false: wfv1.NodeSucceeded, true: wfv1.NodeFailed}

type builder struct {
	r     *rand.Rand
	nodes map[string]*wfv1.NodeStatus
	loops bool // the next one can be a loop: a task of a DAG can, an item of a loop can't
}

func (b *builder) add(name string, kind wfv1.NodeType, boundary string, failed bool) *wfv1.NodeStatus {
	id := name
	if name != "w" {
		id = fmt.Sprintf("w-%d", len(b.nodes))
	}
	ended := metav1.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	b.nodes[id] = &wfv1.NodeStatus{
		ID: id, Name: name, DisplayName: name[strings.LastIndex(name, ".")+1:], Type: kind, BoundaryID: boundary,
		TemplateName: "t", Phase: phaseOf[failed], StartedAt: ended, FinishedAt: ended,
	}
	return b.nodes[id]
}

func (b *builder) link(from []string, to string) {
	for _, id := range from {
		b.nodes[id].Children = append(b.nodes[id].Children, to)
	}
}

// invoke makes an invocation of some template. It returns the id of its first node, whether it failed,
// and its last nodes.
func (b *builder) invoke(name, boundary string, depth int) (id string, failed bool, last []string) {
	kind := b.r.IntN(6)
	if depth == 0 || kind == 3 && !b.loops {
		kind = 5
	}
	b.loops = false
	var node *wfv1.NodeStatus
	switch kind {
	case 0, 1:
		node = b.add(name, wfv1.NodeTypeSteps, boundary, false)
		last = []string{node.ID}
		for i := 0; i < 1+b.r.IntN(3) && !failed; i++ {
			group := b.add(fmt.Sprintf("%s[%d]", name, i), wfv1.NodeTypeStepGroup, node.ID, false)
			b.link(last, group.ID)
			last = nil
			for j := range 1 + b.r.IntN(3) {
				step, stepFailed, ends := b.invoke(fmt.Sprintf("%s[%d].s%d", name, i, j), node.ID, depth-1)
				b.link([]string{group.ID}, step)
				failed = failed || stepFailed
				last = append(last, ends...)
			}
			group.Phase = phaseOf[failed]
		}
		node.OutboundNodes = last
	case 2:
		node = b.add(name, wfv1.NodeTypeDAG, boundary, false)
		from := []string{node.ID}
		for i := range 1 + b.r.IntN(3) {
			task := fmt.Sprintf("%s.t%d", name, i)
			if failed {
				omitted := b.add(task, wfv1.NodeTypeSkipped, node.ID, false)
				omitted.Phase = wfv1.NodeOmitted
				b.link(from, omitted.ID)
				last = []string{omitted.ID}
				break
			}
			b.loops = true
			id, failed, last = b.invoke(task, node.ID, depth-1)
			b.link(from, id)
			from = last
		}
		node.OutboundNodes = last
	case 3:
		node = b.add(name, wfv1.NodeTypeTaskGroup, boundary, false)
		for i := range 1 + b.r.IntN(3) {
			item, itemFailed, ends := b.invoke(fmt.Sprintf("%s(%d:v)", name, i), boundary, depth-1)
			b.link([]string{node.ID}, item)
			failed = failed || itemFailed
			last = append(last, ends...)
		}
	case 4:
		node = b.add(name, wfv1.NodeTypeRetry, boundary, false)
		attempts := 1 + b.r.IntN(3)
		for i := range attempts {
			failed = i < attempts-1 || b.r.IntN(2) == 0
			attempt := b.add(fmt.Sprintf("%s(%d)", name, i), wfv1.NodeTypePod, boundary, failed)
			attempt.NodeFlag = &wfv1.NodeFlag{Retried: true}
			b.link([]string{node.ID}, attempt.ID)
			last = []string{attempt.ID}
		}
	default:
		failed = b.r.IntN(3) == 0
		node = b.add(name, wfv1.NodeTypePod, boundary, false)
		last = []string{node.ID}
	}
	node.Phase = phaseOf[failed]
	return node.ID, failed, last
}
