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
var _ = Describe("the resource definitions that are not the shared cluster's", Ordered, ContinueOnFailure,
	labelRare, labelVersions, first, func() {
		other := &testCluster{}

		BeforeAll(func(ctx SpecContext) {
			definitions := envtest.FullDefinitions
			if cluster.Definitions() == definitions {
				definitions = envtest.MinimalDefinitions
			}
			c, err := envtest.Start(ctx, envtest.Options{Definitions: definitions})
			if definitions == envtest.FullDefinitions && apierrors.IsInvalid(err) {
				Skip("the API server refuses this Argo's full definitions, as those of 3.6: " + err.Error())
			}
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(c.Stop)
			*other = *newTestCluster(c)
		}, NodeTimeout(startTimeout))

		AfterEach(func() {
			if other.Cluster != nil {
				reportLogs(other.Cluster)
			}
		})

		It("keep or refuse unknown fields", func(ctx SpecContext) {
			expectUnknownFields(ctx, other)
			wfs := argotest.Workflows(other.dyn, other.newNamespace(ctx))
			awaitPhase(ctx, wfs, argotest.Create(ctx, wfs, threeSteps), "Succeeded")
		}, SpecTimeout(startTimeout))

		Context("in full", labelMatrix, func() {
			conformance.Specs("native client, under other resource definitions", func(ctx context.Context) conformance.Fixture {
				return nativeFixture(ctx, other)
			})
		})
	})

// expectUnknownFields expects that minimal definitions keep an unknown field, and that full ones, which
// would drop it, refuse it through the native client too.
func expectUnknownFields(ctx context.Context, c *testCluster) {
	GinkgoHelper()
	namespace := c.newNamespace(ctx)
	_, err := argotest.Workflows(c.dyn, namespace).Create(ctx, withUnknownField(), strictly())
	if c.Definitions() == envtest.MinimalDefinitions {
		Expect(err).NotTo(HaveOccurred())
		return
	}
	Expect(err).To(And(MatchError(apierrors.IsBadRequest, "IsBadRequest"), MatchError(ContainSubstring("noSuchField"))))
	client := nativeClient(c.Config(), namespace)
	Expect(second(client.Create(ctx, withUnknownField()))).To(MatchError(workflow.ErrInvalid))
	template := argotest.Create(ctx, argotest.Templates(c.dyn, namespace), gateTemplate)
	req := workflow.StartRequest{Template: template, Spec: map[string]any{"noSuchField": 1}}
	Expect(second(client.Start(ctx, req))).
		To(And(MatchError(workflow.ErrInvalid), MatchError(ContainSubstring("noSuchField"))))
}

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
	It("keep or refuse unknown fields", func(ctx SpecContext) {
		expectUnknownFields(ctx, &shared)
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
