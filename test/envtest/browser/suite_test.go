package browser_test

import (
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

const (
	startTimeout = 8 * time.Minute
	specTimeout  = 8 * time.Minute
	soon         = 90 * time.Second // on a busy machine; a moment on an idle one
	lookEvery    = 50 * time.Millisecond
	hiddenFor    = 4 * time.Second // more than a page waits before it opens a stream again
	tailLines    = 40
)

var cluster *envtest.Cluster

func TestMain(m *testing.M) {
	leash.Main()
	os.Exit(m.Run())
}

func TestBrowser(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(soon)
	SetDefaultEventuallyPollingInterval(lookEvery)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "browser")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	cluster, err = envtest.Start(ctx, envtest.Options{Progress: func(step string) { GinkgoLogr.Info(step) }})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(cluster.Stop()).To(Succeed()) })
}, NodeTimeout(startTimeout))

var _ = AfterEach(func() {
	if CurrentSpecReport().Failed() {
		AddReportEntry("workflow and pods", newAdmin().unfinished())
		AddReportEntry("ends of the cluster's logs", cluster.LogTails(tailLines))
	}
})
