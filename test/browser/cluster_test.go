package browser_test

import (
	"context"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// admin looks at the cluster past the service.
type admin struct{ dynamic.Interface }

func newAdmin() admin {
	GinkgoHelper()
	client, err := dynamic.NewForConfig(cluster.Config())
	Expect(err).NotTo(HaveOccurred())
	return admin{client}
}

func (a admin) in(group, version, resource string) dynamic.ResourceInterface {
	return a.Resource(schema.GroupVersionResource{Group: group, Version: version, Resource: resource}).Namespace(namespace)
}

const workflowName = "backfill-demo"

func (a admin) workflow(ctx context.Context) (*unstructured.Unstructured, error) {
	return a.in("argoproj.io", "v1alpha1", "workflows").Get(ctx, workflowName, metav1.GetOptions{})
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
	_, err = a.in("argoproj.io", "v1alpha1", "workflows").Patch(ctx, workflowName, types.MergePatchType, patch, metav1.PatchOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// worker is the name of a pod that works.
func (a admin) worker(ctx context.Context) string {
	GinkgoHelper()
	pods, err := a.in("", "v1", "pods").List(ctx, metav1.ListOptions{LabelSelector: "app=bulk-loader"})
	Expect(err).NotTo(HaveOccurred())
	Expect(pods.Items).NotTo(BeEmpty())
	return pods.Items[0].GetName()
}

// events are the reasons of those that the service has recorded.
func (a admin) events(ctx context.Context) (reasons []string, err error) {
	list, err := a.in("", "v1", "events").List(ctx, metav1.ListOptions{FieldSelector: "reportingComponent=" + account})
	if err != nil {
		return nil, err
	}
	for _, each := range list.Items {
		reason, _, err := unstructured.NestedString(each.Object, "reason")
		if err != nil {
			return nil, err
		}
		reasons = append(reasons, reason)
	}
	return reasons, nil
}

// replicas are the workers that there should be.
func (a admin) replicas(ctx context.Context) (int64, error) {
	d, err := a.in("apps", "v1", "deployments").Get(ctx, "demo-rfs", metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	replicas, _, err := unstructured.NestedInt64(d.Object, "spec", "replicas")
	return replicas, err
}
