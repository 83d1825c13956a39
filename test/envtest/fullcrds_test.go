package envtest_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// A cluster with Argo's full resource definitions, beside the other one. The first spec
// that needs it starts it.
var full *testCluster

var _ = AfterSuite(func() {
	if full != nil {
		Expect(full.Stop()).To(Succeed())
	}
})

func fullCluster(ctx context.Context) *testCluster {
	GinkgoHelper()
	if full == nil {
		c, err := envtest.Start(ctx, envtest.Options{FullCRDs: true})
		Expect(err).NotTo(HaveOccurred())
		full = newTestCluster(c)
	}
	DeferCleanup(reportLogs, full.Cluster)
	return full
}

var _ = conformance.Specs("native client, under full CRDs", func(ctx context.Context) conformance.Fixture {
	return nativeFixture(ctx, fullCluster(ctx))
})

var _ = Describe("resource definitions", func() {
	strict := metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}
	withUnknownField := func() *unstructured.Unstructured {
		wf := fromYAML(threeSteps)
		Expect(unstructured.SetNestedField(wf.Object, "x", "spec", "noSuchField")).To(Succeed())
		return wf
	}

	It("keep unknown fields by default", func(ctx SpecContext) {
		_, err := workflows(dyn, newNamespace(ctx)).Create(ctx, withUnknownField(), strict)
		Expect(err).NotTo(HaveOccurred())
	}, SpecTimeout(specTimeout))

	It("can be Argo's full ones", func(ctx SpecContext) {
		c := fullCluster(ctx)
		wfs := workflows(c.dyn, c.newNamespace(ctx))
		_, err := wfs.Create(ctx, withUnknownField(), strict)
		Expect(err).To(MatchError(apierrors.IsBadRequest, "IsBadRequest"))
		Expect(err).To(MatchError(ContainSubstring("noSuchField")))
		awaitPhase(ctx, wfs, create(ctx, wfs, threeSteps), "Succeeded")
	}, SpecTimeout(startTimeout))

	It("refuse through the native client what they would drop", func(ctx SpecContext) {
		c := fullCluster(ctx)
		ns := c.newNamespace(ctx)
		client := nativeClient(c.Config(), ns)
		_, err := client.Create(ctx, withUnknownField())
		Expect(err).To(MatchError(workflow.ErrInvalid))
		template := create(ctx, c.dyn.Resource(argoResource("workflowtemplates")).Namespace(ns), gateTemplate)
		_, err = client.Start(ctx, workflow.StartRequest{Template: template, Spec: map[string]any{"noSuchField": 1}})
		Expect(err).To(MatchError(workflow.ErrInvalid))
		Expect(err).To(MatchError(ContainSubstring("noSuchField")))
	}, SpecTimeout(startTimeout))

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
		// The API server stops serving each of them in its own time.
		Eventually(ctx, func() error { _, err := client.Get(ctx, "any"); return err }).Should(MatchError(workflow.ErrNotInstalled))
		Eventually(ctx, func() error { _, err := client.Start(ctx, workflow.StartRequest{Template: "any"}); return err }).
			Should(MatchError(workflow.ErrNotInstalled))
		_, err = client.Wait(ctx, "any", workflow.Completed)
		Expect(err).To(MatchError(workflow.ErrNotInstalled))
	}, SpecTimeout(startTimeout))
})
