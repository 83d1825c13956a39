package faults_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/faults"
)

const (
	// tableFile in the environment names a file for the table.
	tableFile = "FAULTS_TABLE"

	startTimeout = 3 * time.Minute
	// soon is for what takes the cluster a moment.
	soon      = 30 * time.Second
	tailLines = 40
)

// The cluster that the specs share, its administrator's clients, and the table they fill.
var (
	cluster *envtest.Cluster
	kube    kubernetes.Interface
	dyn     dynamic.Interface
	table   faults.Table
)

func TestMain(m *testing.M) {
	leash.Main()
	if work := os.Getenv(asStarter); work != "" {
		if err := startAll(work); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if !long() {
		lookSooner()
	}
	os.Exit(m.Run())
}

func TestFaults(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(soon)
	EnforceDefaultTimeoutsWhenUsingContexts()
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RunSpecs(t, "faults")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	before := goleak.IgnoreCurrent()
	var err error
	cluster, err = envtest.Start(ctx, envtest.Options{Progress: func(step string) { GinkgoLogr.Info(step) }})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		Expect(cluster.Stop()).To(Succeed())
		Expect(goleak.Find(append(ofToxiproxy(), before)...)).To(Succeed())
	})
	kube, err = kubernetes.NewForConfig(cluster.Config())
	Expect(err).NotTo(HaveOccurred())
	dyn, err = dynamic.NewForConfig(cluster.Config())
	Expect(err).NotTo(HaveOccurred())
}, NodeTimeout(startTimeout))

var _ = AfterEach(func() {
	if CurrentSpecReport().Failed() {
		AddReportEntry("ends of the cluster's logs", cluster.LogTails(tailLines))
	}
})

var _ = ReportAfterSuite("table", func(Report) {
	Expect(table.Fprint(os.Stdout)).To(Succeed())
	path := os.Getenv(tableFile)
	if path == "" {
		return
	}
	file, err := os.Create(path)
	Expect(err).NotTo(HaveOccurred())
	Expect(table.Fprint(file)).To(Succeed())
	Expect(file.Close()).To(Succeed())
})
