package specs_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

var _ = Describe("Start", Serial, labelRare, func() { // Serial: sets the environment
	It("names the variable of a binary that is missing", func(ctx SpecContext) {
		GinkgoT().Setenv("ARGOSERVICE_KWOK", "")
		GinkgoT().Setenv("ARGOSERVICE_KUBE_SCHEDULER", "/no/such/file")
		Expect(second(envtest.Start(ctx, envtest.Options{}))).To(MatchError(And(
			ContainSubstring("ARGOSERVICE_KWOK is not set"),
			ContainSubstring("ARGOSERVICE_KUBE_SCHEDULER: stat /no/such/file"),
			ContainSubstring(`eval "$(make -s tools-env)"`),
		)))
	})

	It("cleans up and shows the log where a part doesn't come up", func(ctx SpecContext) {
		temp := GinkgoT().TempDir()
		GinkgoT().Setenv("TMPDIR", temp)
		GinkgoT().Setenv("ARGOSERVICE_KUBE_CONTROLLER_MANAGER", cluster.Kubectl()) // another program
		Expect(second(envtest.Start(ctx, envtest.Options{Parts: envtest.Controllers}))).To(MatchError(And(
			ContainSubstring("kube-controller-manager ended: exit status 1"),
			ContainSubstring("unknown flag"),
		)))
		Expect(filesIn(temp)).To(BeEmpty())
		Expect(processesIn(temp)).To(BeEmpty())
	}, SpecTimeout(startTimeout))

	It("starts no more than asked for", func(ctx SpecContext) {
		GinkgoT().Setenv("ARGOSERVICE_KUBE_CONTROLLER_MANAGER", "") // not needed by these parts
		small := startCluster(ctx, envtest.Options{Parts: envtest.APIServer})
		accounts := small.kube.CoreV1().ServiceAccounts(must(small.NewNamespace(ctx, "spec")))
		Consistently(ctx, accounts.List, "1s").WithArguments(metav1.ListOptions{}).Should(HaveField("Items", BeEmpty()))
	}, SpecTimeout(startTimeout))
})
