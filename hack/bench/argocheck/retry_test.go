// Package argocheck compares the library's code with Argo's own, on what Argo's module carries and
// on nodes made at random.
package argocheck

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/workflow/util"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const variants = 6

// Every Workflow with nodes in Argo's module, and what it would be had other nodes failed,
// is retried as Argo does it, but for the exceptions that docs/adr/0007-retry.md lists.
func TestRetryOfArgosOwnWorkflows(t *testing.T) { forEachRelease(t, retryCorpus) }

func retryCorpus(t *testing.T, argo release) {
	c := comparison{argo: argo, reasons: map[string]int{}}
	for _, s := range corpus(t, argo.module) {
		nodes, _, _ := unstructured.NestedMap(s.obj.Object, "status", "nodes")
		if len(nodes) == 0 {
			continue
		}
		c.workflows++
		for seed := range uint64(variants) {
			obj := s.obj.DeepCopy()
			repair(obj)
			if seed > 0 {
				fail(t, obj, rand.New(rand.NewPCG(seed, uint64(c.workflows))))
			}
			c.compare(t, fmt.Sprintf("%s (%d)", s.from, seed), obj)
		}
	}
	t.Logf("%s", c)
	if c.same < 100 || c.excepted > c.same {
		t.Errorf("too few were compared: %s", c)
	}
}

// The same on nodes made at random.
func TestRetryOfRandomWorkflows(t *testing.T) { forEachRelease(t, retryRandom) }

func retryRandom(t *testing.T, argo release) {
	c := comparison{argo: argo, reasons: map[string]int{}}
	for seed := range uint64(3000) {
		c.workflows++
		c.compare(t, fmt.Sprint("seed ", seed), random(t, rand.New(rand.NewPCG(seed, 2))))
		if t.Failed() {
			break
		}
	}
	t.Logf("%s", c)
	if c.refusedByArgo > 0 || c.same < 1000 {
		t.Errorf("too few were compared: %s", c)
	}
}

// comparison counts how often both agree.
type comparison struct {
	argo release

	workflows, same, excepted, refusedByArgo int
	reasons                                  map[string]int
}

func (c comparison) String() string {
	return fmt.Sprintf("%d workflows, %d same, %d excepted, %d refused by Argo: %v", c.workflows, c.same, c.excepted, c.refusedByArgo, c.reasons)
}

func (c *comparison) compare(t *testing.T, name string, obj *unstructured.Unstructured) {
	t.Helper()
	theirs, theirPods, err := argoRetry(c.argo, obj)
	if err != nil {
		c.refusedByArgo++ // it ends with an error or a panic, where ours goes on
		c.reasons[err.Error()]++
		if _, _, err := ourRetry(t, obj); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	ours, ourPods, err := ourRetry(t, obj)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	before := typed(t, obj)
	if reasons := exceptions(before); len(reasons) > 0 {
		c.excepted++
		for _, reason := range slices.Compact(slices.Sorted(slices.Values(reasons))) {
			c.reasons[reason]++
		}
		return
	}
	c.same++
	if a, b := keys(ours.Status.Nodes), keys(theirs.Status.Nodes); !slices.Equal(a, b) {
		t.Errorf("%s: kept nodes differ\nours   %v\nArgo's %v", name, a, b)
		return
	}
	for id, our := range ours.Status.Nodes {
		their, old := theirs.Status.Nodes[id], before.Status.Nodes[id]
		if our.Phase != their.Phase && !beside(before, ours, old) && !failsAgain(theirs, our, their) {
			t.Errorf("%s: %s is %s, with Argo %s, was %s", name, our.Name, our.Phase, their.Phase, old.Phase)
		}
		if !slices.Equal(our.Children, existing(theirs, their.Children)) || !slices.Equal(our.OutboundNodes, existing(theirs, their.OutboundNodes)) {
			t.Errorf("%s: %s leads to %v %v, with Argo to %v %v", name, our.Name, our.Children, our.OutboundNodes, their.Children, their.OutboundNodes)
		}
	}
	// Argo also names pods for the groups of an exit handler, which have none.
	exit := map[string]bool{}
	for _, n := range before.Status.Nodes {
		if n.Type != wfv1.NodeTypePod && strings.HasPrefix(n.Name, before.Name+".onExit") {
			exit[podName(before, n)] = true
		}
	}
	// Nor is there one by a name that the API server takes for no pod, as of a template "A".
	theirPods = slices.DeleteFunc(theirPods, func(pod string) bool {
		return exit[pod] || len(validation.IsDNS1123Subdomain(pod)) > 0
	})
	ourPods = slices.DeleteFunc(ourPods, func(pod string) bool { return exit[pod] })
	slices.Sort(theirPods)
	if !slices.Equal(ourPods, theirPods) {
		t.Errorf("%s: pods to delete: %v, with Argo %v", name, ourPods, theirPods)
	}
	for what, pair := range map[string][2]any{
		"conditions":   {conditionsOf(ours), conditionsOf(theirs)},
		"shutdown":     {ours.Spec.Shutdown, theirs.Spec.Shutdown},
		"message":      {ours.Status.Message, theirs.Status.Message},
		"phase":        {ours.Status.Phase, wfv1.WorkflowRunning},
		"Argo's phase": {c.argo.retried, theirs.Status.Phase},
		"finishedAt":   {ours.Status.FinishedAt.IsZero(), theirs.Status.FinishedAt.IsZero()},
		"claims":       {len(ours.Status.PersistentVolumeClaims), len(theirs.Status.PersistentVolumeClaims)},
		"archiving":    {ours.Labels["workflows.argoproj.io/workflow-archiving-status"], theirs.Labels["workflows.argoproj.io/workflow-archiving-status"]},
		"label phase":  {ours.Labels["workflows.argoproj.io/phase"], string(wfv1.WorkflowRunning)},
		"is completed": {ours.Labels["workflows.argoproj.io/completed"] == "true", theirs.Labels["workflows.argoproj.io/completed"] == "true"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s: %v, with Argo %v", name, what, pair[0], pair[1])
		}
	}
}

// beside tells the one difference in phases that is meant: Argo also sets running again
// groups that nothing in runs again, but that merely came before something that does.
func beside(before, after *wfv1.Workflow, n wfv1.NodeStatus) bool {
	if after.Status.Nodes[n.ID].Phase != n.Phase {
		return n.Phase == "" // it stands nowhere
	}
	for id, other := range before.Status.Nodes {
		_, kept := after.Status.Nodes[id]
		inside := strings.TrimPrefix(other.Name, n.Name)
		if !kept && inside != other.Name && inside != "" && strings.ContainsAny(inside[:1], ".([") {
			return false
		}
	}
	return true
}

// failsAgain tells another one: where something has succeeded after every failed node, Argo
// leaves the root Failed, so that the workflow fails again at once. We have the groups
// evaluated again.
func failsAgain(theirs *wfv1.Workflow, our, their wfv1.NodeStatus) bool {
	root := theirs.Status.Nodes[theirs.Name]
	return root.FailedOrError() && their.FailedOrError() && our.Phase == wfv1.NodeRunning
}

// existing are those of the ids that are of nodes: Argo leaves ids that already led nowhere.
func existing(wf *wfv1.Workflow, ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := wf.Status.Nodes[id]; return !ok })
}

// argoRetry has Argo do it. It ends with a panic on some nodes.
func argoRetry(argo release, obj *unstructured.Unstructured) (after *wfv1.Workflow, pods []string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	obj = obj.DeepCopy()
	if obj.GetLabels() == nil {
		obj.SetLabels(map[string]string{}) // it writes to them
	}
	return argo.retry(obj.Object)
}

// ourRetry runs a retry against a server that knows only this workflow and its pods, which may be read
// but not listed, so that their names are compared too.
func ourRetry(t *testing.T, obj *unstructured.Unstructured) (after *wfv1.Workflow, pods []string, err error) {
	t.Helper()
	obj = obj.DeepCopy()
	obj.SetUID("the-workflow")
	before := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	writtenAt(obj, before)
	dyn := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}: "WorkflowList",
		{Version: "v1", Resource: "pods"}:                                  "PodList",
	}, append(slices.Collect(maps.Values(podsOf(obj, typed(t, obj)))), obj)...)
	var written *unstructured.Unstructured
	dyn.PrependReactor("update", "workflows", func(action clienttesting.Action) (bool, runtime.Object, error) {
		written = action.(clienttesting.UpdateAction).GetObject().(*unstructured.Unstructured)
		answer := written.DeepCopy()
		writtenAt(answer, before.Add(time.Hour))
		return true, answer, nil
	})
	dyn.PrependReactor("list", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", nil)
	})
	client, err := workflow.New(dyn, workflow.Options{Namespace: "default"})
	if err != nil {
		return nil, nil, err
	}
	if _, err := client.Retry(t.Context(), obj.GetName(), workflow.RetryOptions{}); err != nil {
		return nil, nil, err
	}
	for _, action := range dyn.Actions() {
		if deletion, ok := action.(clienttesting.DeleteAction); ok {
			pods = append(pods, deletion.GetName())
		}
	}
	slices.Sort(pods) // each is deleted until it is not found
	return typed(t, written), slices.Compact(pods), nil
}

// writtenAt has the API server have noted when an object was written. One that has not changed for long
// is not followed up after a decision, for which there is no controller here.
func writtenAt(obj *unstructured.Unstructured, at time.Time) {
	obj.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "test", Operation: "Update", Time: &metav1.Time{Time: at}}})
}

// podsOf are the pods that Argo's controller has made for a workflow, by name.
func podsOf(obj *unstructured.Unstructured, wf *wfv1.Workflow) map[string]runtime.Object {
	pods := map[string]runtime.Object{}
	for id, n := range wf.Status.Nodes {
		if n.Type != wfv1.NodeTypePod {
			continue
		}
		n.ID = id
		pod := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Pod", "status": map[string]any{"phase": "Failed"},
		}}
		pod.SetNamespace("default")
		pod.SetName(podName(wf, n))
		pod.SetUID(types.UID("pod-" + id))
		pod.SetLabels(map[string]string{"workflows.argoproj.io/workflow": wf.Name})
		pod.SetAnnotations(map[string]string{"workflows.argoproj.io/node-id": id})
		pod.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(obj, wfv1.SchemeGroupVersion.WithKind("Workflow"))})
		pods[pod.GetName()] = pod
	}
	return pods
}

func typed(t *testing.T, obj *unstructured.Unstructured) *wfv1.Workflow {
	t.Helper()
	data, err := json.Marshal(obj.Object)
	if err != nil {
		t.Fatal(err)
	}
	wf := &wfv1.Workflow{}
	if err := json.Unmarshal(data, wf); err != nil {
		t.Fatal(err)
	}
	return wf
}

func podName(wf *wfv1.Workflow, n wfv1.NodeStatus) string {
	return util.GeneratePodName(wf.Name, n.Name, util.GetTemplateFromNode(n), n.ID, util.GetWorkflowPodNameVersion(wf))
}

func keys(nodes wfv1.Nodes) []string { return slices.Sorted(maps.Keys(nodes)) }

func conditionsOf(wf *wfv1.Workflow) string {
	var texts []string
	for _, c := range wf.Status.Conditions {
		texts = append(texts, string(c.Type)+"="+string(c.Status))
	}
	slices.Sort(texts)
	return strings.Join(texts, ",")
}
