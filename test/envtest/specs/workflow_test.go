package specs_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

func crdResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
}

// statusOf returns a workflow's status.
func statusOf(ctx context.Context, g Gomega, client dynamic.ResourceInterface, name string) map[string]any {
	wf, err := client.Get(ctx, name, metav1.GetOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	status, _, err := unstructured.NestedMap(wf.Object, "status")
	g.Expect(err).NotTo(HaveOccurred())
	return status
}

// awaitPhase blocks until a workflow is in a phase, and returns its status.
func awaitPhase(ctx context.Context, client dynamic.ResourceInterface, name, phase string) map[string]any {
	GinkgoHelper()
	var status map[string]any
	Eventually(ctx, func(g Gomega) {
		status = statusOf(ctx, g, client, name)
		g.Expect(status).To(HaveKeyWithValue("phase", phase))
	}).Should(Succeed())
	return status
}

// node returns the node with the display name.
func node(status map[string]any, displayName string) map[string]any {
	GinkgoHelper()
	nodes, _, err := unstructured.NestedMap(status, "nodes")
	Expect(err).NotTo(HaveOccurred())
	for _, item := range nodes {
		if n, ok := item.(map[string]any); ok && n["displayName"] == displayName {
			return n
		}
	}
	Fail("no node " + displayName)
	return nil
}

// threeSteps passes a value from the first step through the second to the third.
const threeSteps = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: three-steps-
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: first
        template: produce
    - - name: second
        template: pass
        arguments:
          parameters:
          - {name: in, value: "{{steps.first.outputs.parameters.token}}"}
    - - name: third
        template: pass
        arguments:
          parameters:
          - {name: in, value: "{{steps.second.outputs.parameters.out}}"}
  - name: produce
    metadata:
      annotations:
        envtest.argoservice/outputs: '{"parameters":[{"name":"token","value":"abc"}]}'
    container: {image: any, command: ["true"]}
    outputs:
      parameters:
      - {name: token, valueFrom: {path: /token}}
  - name: pass
    inputs:
      parameters:
      - {name: in}
    metadata:
      annotations:
        envtest.argoservice/outputs: '{"parameters":[{"name":"out","value":"{{inputs.parameters.in}}+"}]}'
    container: {image: any, command: ["true"]}
    outputs:
      parameters:
      - {name: out, valueFrom: {path: /out}}
`

// onePod returns a workflow of one pod with the given annotations.
func onePod(annotations map[string]string) string {
	GinkgoHelper()
	data, err := yaml.Marshal(map[string]any{
		"apiVersion": "argoproj.io/v1alpha1",
		"kind":       "Workflow",
		"metadata":   map[string]any{"generateName": "one-pod-"},
		"spec": map[string]any{
			"entrypoint": "main",
			"templates": []any{map[string]any{
				"name":      "main",
				"metadata":  map[string]any{"annotations": annotations},
				"container": map[string]any{"image": "any", "command": []any{"true"}},
			}},
		},
	})
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}
