package envtest_test

import (
	"context"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

const (
	// startTimeout is for a spec that starts a cluster of its own.
	startTimeout = 3 * time.Minute
	// specTimeout is for any other.
	specTimeout = time.Minute
	// soon is for what takes the cluster a moment.
	soon = 30 * time.Second

	tailLines = 40
)

// testCluster is a cluster with clients of its administrator.
type testCluster struct {
	*envtest.Cluster
	kube kubernetes.Interface
	dyn  dynamic.Interface
}

func newTestCluster(c *envtest.Cluster) *testCluster {
	GinkgoHelper()
	kube, err := kubernetes.NewForConfig(c.Config())
	Expect(err).NotTo(HaveOccurred())
	dyn, err := dynamic.NewForConfig(c.Config())
	Expect(err).NotTo(HaveOccurred())
	return &testCluster{Cluster: c, kube: kube, dyn: dyn}
}

// The cluster that the specs of all processes share, and its parts by themselves.
var (
	shared  testCluster
	cluster *envtest.Cluster
	kube    kubernetes.Interface
	dyn     dynamic.Interface
)

func TestMain(m *testing.M) {
	leash.Main()
	os.Exit(m.Run())
}

func TestEnvtest(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(soon)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RunSpecs(t, "envtest")
}

// The first process starts the cluster; the others join it, and it stops after their ends.
var _ = SynchronizedBeforeSuite(func(ctx SpecContext) []byte {
	before := goleak.IgnoreCurrent()
	started, err := envtest.Start(ctx, envtest.Options{Progress: func(step string) { GinkgoLogr.Info(step) }})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		Expect(started.Stop()).To(Succeed())
		Expect(started.Stop()).To(Succeed(), "again")
		Expect(started.Dir()).NotTo(BeADirectory())
		Expect(goleak.Find(before)).To(Succeed())
	})
	invitation, err := started.Invitation()
	Expect(err).NotTo(HaveOccurred())
	return invitation
}, func(_ SpecContext, invitation []byte) {
	before := goleak.IgnoreCurrent()
	var err error
	cluster, err = envtest.Join(invitation)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		Expect(cluster.Stop()).To(Succeed())
		Expect(cluster.Dir()).To(BeADirectory(), "it is another's to stop")
		// As it still runs, connections to it may be open, each with a goroutine that reads.
		Expect(goleak.Find(before, goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*clientConnReadLoop).run"))).To(Succeed())
	})
	shared = *newTestCluster(cluster)
	kube, dyn = shared.kube, shared.dyn
}, NodeTimeout(startTimeout))

var _ = AfterEach(func() { reportLogs(cluster) })

// reportLogs adds the ends of a cluster's logs to the report of a spec that failed.
func reportLogs(c *envtest.Cluster) {
	if CurrentSpecReport().Failed() {
		AddReportEntry("ends of the cluster's logs", c.LogTails(tailLines))
	}
}

// newNamespace makes a namespace for the running spec, which is deleted after it.
func newNamespace(ctx context.Context) string {
	GinkgoHelper()
	return shared.newNamespace(ctx)
}

func (c *testCluster) newNamespace(ctx context.Context) string {
	GinkgoHelper()
	name, err := c.NewNamespace(ctx, "spec")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx SpecContext) {
		Expect(c.kube.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})).To(Succeed())
	}, NodeTimeout(specTimeout))
	return name
}

// second is the error of a call that returns something else too.
func second[T any](_ T, err error) error { return err }
