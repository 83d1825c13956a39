package specs_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// Ordered, so that the specs share a cluster. The first one includes the time of its start.
var _ = Describe("Argo's full resource definitions", Ordered, ContinueOnFailure, labelRare, first, func() {
	full := &testCluster{}

	BeforeAll(func(ctx SpecContext) {
		c, err := envtest.Start(ctx, envtest.Options{FullCRDs: true})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(c.Stop)
		*full = *newTestCluster(c)
	}, NodeTimeout(startTimeout))

	AfterEach(func() {
		if full.Cluster != nil {
			reportLogs(full.Cluster)
		}
	})

	It("are those of the cluster", func(ctx SpecContext) {
		wfs := argotest.Workflows(full.dyn, full.newNamespace(ctx))
		_, err := wfs.Create(ctx, withUnknownField(), strictly())
		Expect(err).To(MatchError(apierrors.IsBadRequest, "IsBadRequest"))
		Expect(err).To(MatchError(ContainSubstring("noSuchField")))
		awaitPhase(ctx, wfs, argotest.Create(ctx, wfs, threeSteps), "Succeeded")
	}, SpecTimeout(startTimeout))

	conformance.Specs("native client, under full CRDs", func(ctx context.Context) conformance.Fixture {
		return nativeFixture(ctx, full)
	})

	It("refuse through the native client what they would drop", func(ctx SpecContext) {
		ns := full.newNamespace(ctx)
		client := nativeClient(full.Config(), ns)
		_, err := client.Create(ctx, withUnknownField())
		Expect(err).To(MatchError(workflow.ErrInvalid))
		template := argotest.Create(ctx, argotest.Templates(full.dyn, ns), gateTemplate)
		_, err = client.Start(ctx, workflow.StartRequest{Template: template, Spec: map[string]any{"noSuchField": 1}})
		Expect(err).To(MatchError(workflow.ErrInvalid))
		Expect(err).To(MatchError(ContainSubstring("noSuchField")))
	}, SpecTimeout(specTimeout))
})

func strictly() metav1.CreateOptions {
	return metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}
}

func withUnknownField() *unstructured.Unstructured {
	GinkgoHelper()
	wf := argotest.Object(threeSteps)
	Expect(unstructured.SetNestedField(wf.Object, "x", "spec", "noSuchField")).To(Succeed())
	return wf
}

var _ = Describe("resource definitions", func() {
	It("keep unknown fields by default", func(ctx SpecContext) {
		_, err := argotest.Workflows(dyn, newNamespace(ctx)).Create(ctx, withUnknownField(), strictly())
		Expect(err).NotTo(HaveOccurred())
	}, SpecTimeout(specTimeout))

	It("can be missing, which the native client tells from a missing object", func(ctx SpecContext) {
		bare, err := envtest.Start(ctx, envtest.Options{Parts: envtest.APIServer})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(bare.Stop)
		DeferCleanup(reportLogs, bare)
		admin, err := dynamic.NewForConfig(bare.Config())
		Expect(err).NotTo(HaveOccurred())
		crds := admin.Resource(crdResource())
		list, err := crds.List(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
		for _, crd := range list.Items {
			Expect(crds.Delete(ctx, crd.GetName(), metav1.DeleteOptions{})).To(Succeed())
		}
		client := nativeClient(bare.Config(), "default")
		// The API server stops serving each resource at a different time.
		Eventually(ctx, func() error { _, err := client.Get(ctx, "any"); return err }).Should(MatchError(workflow.ErrNotInstalled))
		Eventually(ctx, func() error { _, err := client.Start(ctx, workflow.StartRequest{Template: "any"}); return err }).
			Should(MatchError(workflow.ErrNotInstalled))
		_, err = client.Wait(ctx, "any", workflow.Completed)
		Expect(err).To(MatchError(workflow.ErrNotInstalled))
	}, SpecTimeout(startTimeout))
})
