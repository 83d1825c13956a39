package argotest

import (
	"context"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// approvalGates defines the ApprovalGate objects of opensearch-migrations. It has a phase more, for
// rejections.
const approvalGates = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: approvalgates.migrations.opensearch.org}
spec:
  group: migrations.opensearch.org
  names: {kind: ApprovalGate, plural: approvalgates, singular: approvalgate}
  scope: Namespaced
  versions:
  - name: v1alpha1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object}
          status:
            type: object
            properties:
              phase: {type: string, enum: [Created, Initialized, Pending, Approved, Denied, Error]}
`

// ApprovalGates returns a client for the ApprovalGate objects of a namespace.
func ApprovalGates(client dynamic.Interface, namespace string) dynamic.ResourceInterface {
	return client.Resource(schema.GroupVersionResource{
		Group: "migrations.opensearch.org", Version: "v1alpha1", Resource: "approvalgates",
	}).Namespace(namespace)
}

// InstallApprovalGates defines ApprovalGate objects in the cluster, unless they are, and blocks until
// they are served.
func InstallApprovalGates(ctx context.Context, client dynamic.Interface) {
	ginkgo.GinkgoHelper()
	definitions := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	_, err := definitions.Create(ctx, Object(approvalGates), metav1.CreateOptions{})
	gomega.Expect(err).To(gomega.Or(gomega.BeNil(), gomega.MatchError(apierrors.IsAlreadyExists, "IsAlreadyExists")))
	const enough = time.Minute
	gomega.Eventually(ctx, func() error {
		_, err := ApprovalGates(client, metav1.NamespaceDefault).List(ctx, metav1.ListOptions{Limit: 1})
		return err
	}).WithTimeout(enough).Should(gomega.Succeed())
}

// CreateApprovalGate creates an ApprovalGate object in a phase; "" means none.
func CreateApprovalGate(ctx context.Context, in dynamic.ResourceInterface, name, phase string) {
	ginkgo.GinkgoHelper()
	created, err := in.Create(ctx, Object(`{apiVersion: migrations.opensearch.org/v1alpha1, kind: ApprovalGate, metadata: {name: `+name+`}}`), metav1.CreateOptions{})
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	if phase != "" {
		gomega.Expect(unstructured.SetNestedField(created.Object, phase, "status", "phase")).To(gomega.Succeed())
		_, err = in.UpdateStatus(ctx, created, metav1.UpdateOptions{})
		gomega.Expect(err).NotTo(gomega.HaveOccurred())
	}
}
