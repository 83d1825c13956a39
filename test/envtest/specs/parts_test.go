package specs_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

var _ = Describe("Start", Serial, labelRare, func() { // Serial: sets the environment
	It("names the variable of a binary that is missing", func(ctx SpecContext) {
		GinkgoT().Setenv("ARGOSERVICE_KWOK", "")
		GinkgoT().Setenv("ARGOSERVICE_KUBE_SCHEDULER", "/no/such/file")
		_, err := envtest.Start(ctx, envtest.Options{})
		Expect(err).To(MatchError(And(
			ContainSubstring("ARGOSERVICE_KWOK is not set"),
			ContainSubstring("ARGOSERVICE_KUBE_SCHEDULER: stat /no/such/file"),
			ContainSubstring(`eval "$(make -s tools-env)"`),
		)))
	})

	It("cleans up and shows the log where a part doesn't come up", func(ctx SpecContext) {
		temp := GinkgoT().TempDir()
		GinkgoT().Setenv("TMPDIR", temp)
		GinkgoT().Setenv("ARGOSERVICE_KUBE_CONTROLLER_MANAGER", cluster.Kubectl()) // another program
		_, err := envtest.Start(ctx, envtest.Options{Parts: envtest.Controllers})
		Expect(err).To(MatchError(And(
			ContainSubstring("kube-controller-manager ended: exit status 1"),
			ContainSubstring("unknown flag"),
		)))
		Expect(filesIn(temp)).To(BeEmpty())
		Expect(processesIn(temp)).To(BeEmpty())
	}, SpecTimeout(startTimeout))

	It("starts no more than asked for", func(ctx SpecContext) {
		GinkgoT().Setenv("ARGOSERVICE_KUBE_CONTROLLER_MANAGER", "") // not needed by these parts
		small, err := envtest.Start(ctx, envtest.Options{Parts: envtest.APIServer})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(small.Stop)
		DeferCleanup(reportLogs, small)
		ns, err := small.NewNamespace(ctx, "spec")
		Expect(err).NotTo(HaveOccurred())
		client, err := kubernetes.NewForConfig(small.Config())
		Expect(err).NotTo(HaveOccurred())
		accounts := func(g Gomega) []corev1.ServiceAccount {
			list, err := client.CoreV1().ServiceAccounts(ns).List(ctx, metav1.ListOptions{})
			g.Expect(err).NotTo(HaveOccurred())
			return list.Items
		}
		Consistently(ctx, accounts, "1s").Should(BeEmpty())
	}, SpecTimeout(startTimeout))
})
