package faults_test

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

func resource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: plural}
}

func workflows(client dynamic.Interface, namespace string) dynamic.ResourceInterface {
	return client.Resource(resource("workflows")).Namespace(namespace)
}

// fromYAML returns the object of a manifest.
func fromYAML(manifest string) *unstructured.Unstructured {
	GinkgoHelper()
	o := &unstructured.Unstructured{}
	Expect(yaml.Unmarshal([]byte(manifest), &o.Object)).To(Succeed())
	return o
}

func createTemplate(ctx context.Context, namespace, manifest string) {
	GinkgoHelper()
	_, err := dyn.Resource(resource("workflowtemplates")).Namespace(namespace).
		Create(ctx, fromYAML(manifest), metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
}

const (
	// gateTemplate waits until it is resumed.
	gateTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: gate}
spec:
  entrypoint: main
  templates: [{name: main, suspend: {}}]
`
	// timerTemplate ends by itself.
	timerTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: timer}
spec:
  entrypoint: main
  templates: [{name: main, suspend: {duration: 1s}}]
`
	// quickTemplate ends when the controller looks at it for the first time. It takes two writes in
	// all, its creation and its end, so that a small machine can run many per second.
	quickTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: quick}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: never, template: gate, when: "1 == 2"}]]
  - {name: gate, suspend: {}}
`
)
