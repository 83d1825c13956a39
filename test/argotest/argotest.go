// Package argotest has what specs on a cluster with Argo have in common: Argo's resources, and objects
// that are created from manifests. Like Gomega's own assertions, its functions fail the running spec.
package argotest

import (
	"context"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// Resource returns a resource of Argo by its plural, such as "cronworkflows".
func Resource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: plural}
}

// Workflows returns a client for the workflows of a namespace.
func Workflows(client dynamic.Interface, namespace string) dynamic.ResourceInterface {
	return client.Resource(Resource("workflows")).Namespace(namespace)
}

// Templates returns a client for the WorkflowTemplates of a namespace.
func Templates(client dynamic.Interface, namespace string) dynamic.ResourceInterface {
	return client.Resource(Resource("workflowtemplates")).Namespace(namespace)
}

// Object returns the object of a manifest in YAML.
func Object(manifest string) *unstructured.Unstructured {
	ginkgo.GinkgoHelper()
	o := &unstructured.Unstructured{}
	gomega.Expect(yaml.Unmarshal([]byte(manifest), &o.Object)).To(gomega.Succeed())
	return o
}

// Create creates the object of a manifest in YAML, and returns its name.
func Create(ctx context.Context, in dynamic.ResourceInterface, manifest string) string {
	ginkgo.GinkgoHelper()
	created, err := in.Create(ctx, Object(manifest), metav1.CreateOptions{})
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	return created.GetName()
}
