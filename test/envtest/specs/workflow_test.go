package specs_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// statusOf returns a workflow's status.
func statusOf(ctx context.Context, client dynamic.ResourceInterface, name string) (map[string]any, error) {
	wf, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	status, _, err := unstructured.NestedMap(wf.Object, "status")
	return status, err
}

// awaitPhase blocks until a workflow is in a phase, and returns its status.
func awaitPhase(ctx context.Context, client dynamic.ResourceInterface, name, phase string) map[string]any {
	GinkgoHelper()
	var status map[string]any
	Eventually(ctx, func() (_ map[string]any, err error) {
		status, err = statusOf(ctx, client, name)
		return status, err
	}).Should(HaveKeyWithValue("phase", phase))
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
	return oneTemplate(string(must(yaml.Marshal(map[string]any{
		"metadata":  map[string]any{"annotations": annotations},
		"container": map[string]any{"image": "any", "command": []any{"true"}},
	}))))
}
