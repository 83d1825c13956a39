package specs_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// Ordered, so that the specs share a cluster. The first one includes the time of its start.
var _ = Describe("Argo's full resource definitions", Ordered, ContinueOnFailure, labelRare, first, func() {
	full := &testCluster{}

	BeforeAll(func(ctx SpecContext) {
		c := must(envtest.Start(ctx, envtest.Options{FullCRDs: true}))
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
		Expect(second(wfs.Create(ctx, withUnknownField(), strictly()))).
			To(And(MatchError(apierrors.IsBadRequest, "IsBadRequest"), MatchError(ContainSubstring("noSuchField"))))
		awaitPhase(ctx, wfs, argotest.Create(ctx, wfs, threeSteps), "Succeeded")
	}, SpecTimeout(startTimeout))

	conformance.Specs("native client, under full CRDs", func(ctx context.Context) conformance.Fixture {
		return nativeFixture(ctx, full)
	})

	It("refuse through the native client what they would drop", func(ctx SpecContext) {
		ns := full.newNamespace(ctx)
		client := nativeClient(full.Config(), ns)
		Expect(second(client.Create(ctx, withUnknownField()))).To(MatchError(workflow.ErrInvalid))
		template := argotest.Create(ctx, argotest.Templates(full.dyn, ns), gateTemplate)
		req := workflow.StartRequest{Template: template, Spec: map[string]any{"noSuchField": 1}}
		Expect(second(client.Start(ctx, req))).
			To(And(MatchError(workflow.ErrInvalid), MatchError(ContainSubstring("noSuchField"))))
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
		must(argotest.Workflows(dyn, newNamespace(ctx)).Create(ctx, withUnknownField(), strictly()))
	}, SpecTimeout(specTimeout))

	It("can be missing, which the native client tells from a missing object", func(ctx SpecContext) {
		bare := startCluster(ctx, envtest.Options{Parts: envtest.APIServer})
		crds := bare.dyn.Resource(schema.GroupVersionResource{
			Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
		})
		for _, crd := range must(crds.List(ctx, metav1.ListOptions{})).Items {
			Expect(crds.Delete(ctx, crd.GetName(), metav1.DeleteOptions{})).To(Succeed())
		}
		client := nativeClient(bare.Config(), "default")
		// The API server stops serving each resource at a different time.
		Eventually(ctx, func() error { return second(client.Get(ctx, "any")) }).Should(MatchError(workflow.ErrNotInstalled))
		Eventually(ctx, func() error { return second(client.Start(ctx, workflow.StartRequest{Template: "any"})) }).
			Should(MatchError(workflow.ErrNotInstalled))
		Expect(second(client.Wait(ctx, "any", workflow.Completed))).To(MatchError(workflow.ErrNotInstalled))
	}, SpecTimeout(startTimeout))
})
