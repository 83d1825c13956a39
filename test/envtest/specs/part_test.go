package specs_test

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

var _ = Describe("a part of a cluster", labelRare, func() {
	// Ordered, so that the specs share their own cluster. Each spec leaves it running.
	Describe("that everything else needs", Ordered, func() {
		var small *testCluster
		BeforeAll(func(ctx SpecContext) {
			small = startCluster(ctx, envtest.Options{Parts: envtest.APIServer})
		}, NodeTimeout(startTimeout))

		write := func(ctx context.Context, name string) error {
			return second(small.kube.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx,
				&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}))
		}

		It("comes back with its data, port and certificates after it was killed", func(ctx SpecContext) {
			Expect(write(ctx, "before")).To(Succeed())
			before := small.Config()
			for _, part := range []envtest.Part{envtest.PartAPIServer, envtest.PartEtcd} {
				Expect(small.Kill(ctx, part)).To(Succeed())
				Expect(small.Kill(ctx, part)).To(MatchError(envtest.ErrNotRunning))
				Expect(small.Pause(part)).To(MatchError(envtest.ErrNotRunning))
				Expect(small.Continue(part)).To(MatchError(envtest.ErrNotRunning))
				Expect(small.Restart(ctx, part)).To(Succeed())
			}
			Expect(small.Restart(ctx, envtest.PartAPIServer)).To(Succeed(), "while it runs")
			Expect(small.Config()).To(Equal(before))
			Expect(write(ctx, "before")).To(MatchError(apierrors.IsAlreadyExists, "IsAlreadyExists"))
		}, SpecTimeout(startTimeout))

		It("answers nothing while it is paused, and everything afterwards", func(ctx SpecContext) {
			Expect(small.Pause(envtest.PartEtcd)).To(Succeed())
			Expect(small.Pause(envtest.PartEtcd)).To(MatchError(envtest.ErrNotRunning))
			Eventually(ctx, func(g Gomega) { // it may run a little longer
				short, cancel := context.WithTimeoutCause(ctx, time.Second, errors.New("no answer"))
				defer cancel()
				g.Expect(write(short, "paused")).NotTo(Succeed())
				g.Expect(short.Err()).To(HaveOccurred(), "it got no answer at all")
			}).Should(Succeed())
			Expect(small.Continue(envtest.PartEtcd)).To(Succeed())
			Expect(small.Continue(envtest.PartEtcd)).To(Succeed(), "again")
			Eventually(ctx, write).WithArguments("after").Should(Or(Succeed(), MatchError(apierrors.IsAlreadyExists, "IsAlreadyExists")))
		}, SpecTimeout(specTimeout))

		It("is named where the cluster doesn't have it", func(ctx SpecContext) {
			Expect(small.Kill(ctx, envtest.PartWorkflowController)).To(MatchError(envtest.ErrNoPart))
			Expect(small.Restart(ctx, envtest.PartWorkflowController)).To(MatchError(envtest.ErrNoPart))
			Expect(small.Pause("no-such-part")).To(And(MatchError(envtest.ErrNoPart), MatchError(ContainSubstring("no-such-part"))))
			Expect(small.Continue("no-such-part")).To(MatchError(envtest.ErrNoPart))
		})
	})

	DescribeTable("doesn't keep its cluster from stopping",
		func(ctx SpecContext, halt func(context.Context, *envtest.Cluster) error) {
			c := must(envtest.Start(ctx, envtest.Options{Parts: envtest.APIServer}))
			Expect(halt(ctx, c)).To(Succeed())
			began := time.Now()
			Expect(c.Stop()).To(Succeed())
			Expect(time.Since(began)).To(BeNumerically("<", soon))
			Expect(c.Dir()).NotTo(BeADirectory())
			Expect(processesIn(c.Dir())).To(BeEmpty())
		},
		Entry("while its parts are paused", func(_ context.Context, c *envtest.Cluster) error {
			return errors.Join(c.Pause(envtest.PartAPIServer), c.Pause(envtest.PartEtcd))
		}, SpecTimeout(startTimeout)),
		Entry("after the API server was killed", func(ctx context.Context, c *envtest.Cluster) error {
			return c.Kill(ctx, envtest.PartAPIServer)
		}, SpecTimeout(startTimeout)),
	)

	It("can be the workflow-controller, which then goes on where it was", func(ctx SpecContext) {
		own := startCluster(ctx, envtest.Options{}) // because all other specs need the shared one's controller
		client := argotest.Workflows(own.dyn, own.newNamespace(ctx))
		Expect(own.Kill(ctx, envtest.PartWorkflowController)).To(Succeed())
		name := argotest.Create(ctx, client, threeSteps)
		Consistently(ctx, client.Get, "1s").WithArguments(name, metav1.GetOptions{}).
			Should(HaveField("Object", Not(HaveKey("status"))))
		Expect(own.Restart(ctx, envtest.PartWorkflowController)).To(Succeed())
		awaitPhase(ctx, client, name, "Succeeded")
	}, SpecTimeout(startTimeout))
})
