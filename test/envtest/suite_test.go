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
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

const (
	// startTimeout is for a spec that starts a cluster of its own, or takes long otherwise. Like the
	// others it is several times what a busy machine needs.
	startTimeout = 8 * time.Minute
	// specTimeout is for any other.
	specTimeout = 4 * time.Minute
	// soon is for what takes the cluster a moment.
	soon = 90 * time.Second

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
		if GinkgoParallelProcess() == 1 {
			return // it has the cluster's own goroutines as well, and looks for others after the cluster's end
		}
		// As the cluster still runs, connections to it may be open, each with a goroutine that reads.
		Expect(goleak.Find(before,
			goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*clientConnReadLoop).run"),
			goleak.IgnoreAnyFunction("net/http.(*http2clientConnReadLoop).run"), // those that logs are read over
		)).To(Succeed())
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

// labelRare is of specs that make test-rare runs and make test leaves out: those about the cluster
// itself, those that start one of their own, that of the service's memory, those at length, and those
// that say the same again by a combination of implementations each of which make test covers.
var labelRare = Label("rare")

// first has slow specs begin before the others, so that none is left to run alone at the end.
const first = SpecPriority(1)

// newNamespace makes a namespace for the running spec, in which nothing goes on after it.
func newNamespace(ctx context.Context) string {
	GinkgoHelper()
	return shared.newNamespace(ctx)
}

func (c *testCluster) newNamespace(ctx context.Context) string {
	GinkgoHelper()
	name, err := c.NewNamespace(ctx, "spec")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx SpecContext) { c.calm(ctx, name) }, NodeTimeout(specTimeout))
	return name
}

// calm ends what would go on in a namespace. The rest goes with the cluster: to delete the namespace
// takes the API server a hundred requests, a third of all that the specs would make.
func (c *testCluster) calm(ctx context.Context, namespace string) {
	GinkgoHelper()
	background := metav1.DeletePropagationBackground
	for _, of := range []struct {
		resource schema.GroupVersionResource
		selector string
	}{
		{argoResource("cronworkflows"), ""},
		{argoResource("workflows"), "workflows.argoproj.io/completed!=true"},
		{appsResource("deployments"), ""},
	} {
		Expect(c.dyn.Resource(of.resource).Namespace(namespace).DeleteCollection(ctx,
			metav1.DeleteOptions{PropagationPolicy: &background}, metav1.ListOptions{LabelSelector: of.selector})).To(Succeed())
	}
}

// second is the error of a call that returns something else too.
func second[T any](_ T, err error) error { return err }
