package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// admin looks at the cluster past the service.
type admin struct {
	dynamic.Interface
	kube kubernetes.Interface
}

func newAdmin() admin {
	GinkgoHelper()
	client, err := dynamic.NewForConfig(cluster.Config())
	Expect(err).NotTo(HaveOccurred())
	kube, err := kubernetes.NewForConfig(cluster.Config())
	Expect(err).NotTo(HaveOccurred())
	return admin{client, kube}
}

const workflowName = "backfill-demo"

func (a admin) workflow(ctx context.Context) (*unstructured.Unstructured, error) {
	return argotest.Workflows(a, namespace).Get(ctx, workflowName, metav1.GetOptions{})
}

// deleteWorkflow deletes a workflow, as its ttlStrategy would, and waits until it is deleted.
func (a admin) deleteWorkflow(ctx context.Context, name string) {
	GinkgoHelper()
	workflows := argotest.Workflows(a, namespace)
	Expect(workflows.Delete(ctx, name, metav1.DeleteOptions{})).To(Succeed())
	Eventually(ctx, func() bool {
		_, err := workflows.Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}).Should(BeTrue())
}

// gate is the workflow's node for the gate, or nil.
func (a admin) gate(ctx context.Context) (map[string]any, error) {
	wf, err := a.workflow(ctx)
	if err != nil {
		return nil, err
	}
	nodes, _, err := unstructured.NestedMap(wf.Object, "status", "nodes")
	for _, each := range nodes {
		if node, ok := each.(map[string]any); ok && node["displayName"] == "approve" {
			return node, err
		}
	}
	return nil, err
}

// setGateMessage writes what a template can't: a message of the gate.
func (a admin) setGateMessage(ctx context.Context, message string) {
	GinkgoHelper()
	node, err := a.gate(ctx)
	Expect(err).NotTo(HaveOccurred())
	id, _ := node["id"].(string)
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"nodes": map[string]any{id: map[string]any{"message": message}}}})
	Expect(err).NotTo(HaveOccurred())
	_, err = argotest.Workflows(a, namespace).Patch(ctx, workflowName, types.MergePatchType, patch, metav1.PatchOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// worker is the name of a pod that works.
func (a admin) worker(ctx context.Context) string {
	GinkgoHelper()
	pods, err := a.kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=bulk-loader"})
	Expect(err).NotTo(HaveOccurred())
	Expect(pods.Items).NotTo(BeEmpty())
	return pods.Items[0].Name
}

// events are the reasons of those that the service has recorded.
func (a admin) events(ctx context.Context) (reasons []string, err error) {
	list, err := a.kube.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "reportingComponent=" + account})
	if err != nil {
		return nil, err
	}
	for _, event := range list.Items {
		reasons = append(reasons, event.Reason)
	}
	return reasons, nil
}

// replicas are the workers that there should be.
func (a admin) replicas(ctx context.Context) (int32, error) {
	d, err := a.kube.AppsV1().Deployments(namespace).Get(ctx, "demo-rfs", metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	return *d.Spec.Replicas, nil
}

// unfinished describes the workflow's state, its unfinished nodes and the pods, for the report of a
// failed spec.
func (a admin) unfinished() string {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	var b strings.Builder
	wf, err := a.workflow(ctx)
	if err != nil {
		fmt.Fprintln(&b, err)
	} else {
		phase, _, _ := unstructured.NestedString(wf.Object, "status", "phase")
		suspend, _, _ := unstructured.NestedBool(wf.Object, "spec", "suspend")
		fmt.Fprintf(&b, "workflow: %s, suspended %t, resource version %s\n", phase, suspend, wf.GetResourceVersion())
		results, _, _ := unstructured.NestedMap(wf.Object, "status", "taskResultsCompletionStatus")
		nodes, _, _ := unstructured.NestedMap(wf.Object, "status", "nodes")
		for id, each := range nodes {
			node, _ := each.(map[string]any)
			switch node["phase"] {
			case "Succeeded", "Failed", "Error", "Skipped", "Omitted":
				continue
			}
			fmt.Fprintf(&b, "node %s %v: %v since %v, result complete %v: %v\n",
				id, node["displayName"], node["phase"], node["startedAt"], results[id], node["message"])
		}
	}
	pods, err := a.kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "workflows.argoproj.io/completed!=true"})
	if err != nil {
		fmt.Fprintln(&b, err)
		return b.String()
	}
	for _, pod := range pods.Items {
		fmt.Fprintf(&b, "pod %s: %s on %q, annotations %v\n", pod.Name, pod.Status.Phase, pod.Spec.NodeName, pod.Annotations)
	}
	return b.String()
}
