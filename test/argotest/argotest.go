// Package argotest has what specs on a cluster with Argo have in common: Argo's resources, and objects
// that are created from manifests. Like Gomega's own assertions, its functions fail the running spec.
package argotest

import (
	"context"
	"fmt"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
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

// ArchivingStatus is the label in which Argo's controller notes how far it is with archiving a workflow.
const ArchivingStatus = "workflows.argoproj.io/workflow-archiving-status"

// archivesWithin is longer than the controller takes to archive a workflow that has ended, also on a busy machine.
const archivesWithin = 10 * time.Second

// ArchiveAgain changes a workflow that should be archived by now, at which the controller tries again. By itself
// it doesn't, for example after its transactions have deadlocked on MariaDB.
func ArchiveAgain(ctx context.Context, in dynamic.ResourceInterface, wf *unstructured.Unstructured) error {
	finished, _, _ := unstructured.NestedString(wf.Object, "status", "finishedAt")
	at, err := time.Parse(time.RFC3339, finished)
	ended := err == nil
	if ended && wf.GetLabels()[ArchivingStatus] == "Pending" && time.Since(at) >= archivesWithin {
		if err := Touch(ctx, in, wf.GetName()); !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// Object returns the object of a manifest in YAML.
func Object(manifest string) *unstructured.Unstructured {
	ginkgo.GinkgoHelper()
	o := &unstructured.Unstructured{}
	gomega.Expect(yaml.Unmarshal([]byte(manifest), &o.Object)).To(gomega.Succeed())
	return o
}

// Touch changes an annotation of an object, at which a controller looks at it again.
func Touch(ctx context.Context, in dynamic.ResourceInterface, name string) error {
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"touched":%q}}}`, time.Now())
	_, err := in.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// Create creates the object of a manifest in YAML, and returns its name.
func Create(ctx context.Context, in dynamic.ResourceInterface, manifest string) string {
	ginkgo.GinkgoHelper()
	created, err := in.Create(ctx, Object(manifest), metav1.CreateOptions{})
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	return created.GetName()
}
