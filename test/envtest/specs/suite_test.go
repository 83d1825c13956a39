package specs_test

import (
	"context"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

const (
	// startTimeout bounds a spec that starts its own cluster or takes long otherwise. Like the
	// other timeouts, it is several times what a busy machine needs.
	startTimeout = 8 * time.Minute
	// specTimeout bounds any other spec.
	specTimeout = 4 * time.Minute
	// lengthTimeout is for specs that run kubectl some hundred times.
	lengthTimeout = 16 * time.Minute
	// soon bounds short actions of the cluster.
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
	cfg := c.Config()
	return &testCluster{Cluster: c, kube: must(kubernetes.NewForConfig(cfg)), dyn: must(dynamic.NewForConfig(cfg))}
}

// startCluster starts a cluster that runs until the end of the spec or container that asks for it.
func startCluster(ctx context.Context, opts envtest.Options) *testCluster {
	GinkgoHelper()
	c := must(envtest.Start(ctx, opts))
	DeferCleanup(c.Stop)
	DeferCleanup(reportLogs, c)
	return newTestCluster(c)
}

// The specs of all processes share this cluster and its clients.
var (
	shared  testCluster
	cluster *envtest.Cluster
	owned   *envtest.Cluster // the same, as the first process owns it; nil in the others
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

// The first process starts the cluster, and stops it after the others have ended. The others join
// it.
var _ = SynchronizedBeforeSuite(func(ctx SpecContext) []byte {
	before := goleak.IgnoreCurrent()
	started := must(envtest.Start(ctx, envtest.Options{Node: onNode(), Progress: func(step string) { GinkgoLogr.Info(step) }}))
	owned = started
	DeferCleanup(func() {
		Expect(started.Stop()).To(Succeed())
		Expect(started.Stop()).To(Succeed(), "again")
		Expect(started.Dir()).NotTo(BeADirectory())
		Expect(goleak.Find(before)).To(Succeed())
	})
	return must(started.Invitation())
}, func(_ SpecContext, invitation []byte) {
	before := goleak.IgnoreCurrent()
	cluster = must(envtest.Join(invitation))
	DeferCleanup(func() {
		Expect(cluster.Stop()).To(Succeed())
		Expect(cluster.Dir()).To(BeADirectory(), "it is another's to stop")
		if GinkgoParallelProcess() == 1 {
			return // it also has the cluster's goroutines, and checks for others after the cluster's end
		}
		// The cluster still runs, so connections to it may be open, each with a goroutine that
		// reads.
		Expect(goleak.Find(before,
			goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*clientConnReadLoop).run"),
			goleak.IgnoreAnyFunction("net/http.(*http2clientConnReadLoop).run"), // connections that logs were read over
		)).To(Succeed())
	})
	shared = *newTestCluster(cluster)
	kube, dyn = shared.kube, shared.dyn
}, NodeTimeout(startTimeout))

var _ = AfterEach(func() { reportLogs(cluster) })

// reportLogs adds the ends of a cluster's logs to the report of a failed spec.
func reportLogs(c *envtest.Cluster) {
	if CurrentSpecReport().Failed() {
		AddReportEntry("ends of the cluster's logs", c.LogTails(tailLines))
	}
}

// labelRare is the label of specs that make test-rare runs and make test skips: those about the
// cluster itself, those with their own cluster, the one about the service's memory, long ones, and
// those about combinations of implementations that make test covers individually.
var labelRare = Label("rare")

// labelVersions is the label of rare specs that make test-matrix runs too, since versions of Argo and
// Kubernetes may differ in what they test.
var labelVersions = Label("versions")

// labelMatrix is the label of rare specs that only make test-matrix runs: those that repeat what make
// test covers on another database or with other settings of it, under the other resource definitions,
// or with calls by kubectl.
var labelMatrix = Label("matrix")

// labelNode is the label of specs that only make test-node runs, since they need a real node.
var labelNode = Label("node")

// onNode reports whether the cluster has a real node, as in make test-node.
func onNode() bool { return os.Getenv("ARGOSERVICE_NODE_CGROUP") != "" }

// first makes slow specs begin before the others, so that none runs alone at the end.
const first = SpecPriority(1)

// newNamespace creates a namespace for the running spec. After the spec, nothing runs in it.
func newNamespace(ctx context.Context) string {
	GinkgoHelper()
	return shared.newNamespace(ctx)
}

func (c *testCluster) newNamespace(ctx context.Context) string {
	GinkgoHelper()
	name := must(c.NewNamespace(ctx, "spec"))
	DeferCleanup(func(ctx SpecContext) { c.calm(ctx, name) }, NodeTimeout(specTimeout))
	return name
}

// calm ends all activity in a namespace. Its objects stay until the cluster ends: deleting a
// namespace takes the API server a hundred requests, a third of all that the specs would make.
func (c *testCluster) calm(ctx context.Context, namespace string) {
	GinkgoHelper()
	background := metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationBackground)}
	for _, of := range []struct {
		resource schema.GroupVersionResource
		selector string
	}{
		{argotest.Resource("cronworkflows"), ""},
		{argotest.Resource("workflows"), "workflows.argoproj.io/completed!=true"},
		{appsResource("deployments"), ""},
	} {
		Eventually(ctx, c.dyn.Resource(of.resource).Namespace(namespace).DeleteCollection).
			WithArguments(background, metav1.ListOptions{LabelSelector: of.selector}).Should(Succeed())
	}
}

// pods returns the pods of a namespace with the labels that the selector requires, if any.
func (c *testCluster) pods(ctx context.Context, namespace, selector string) ([]corev1.Pod, error) {
	list, err := c.kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// runningPod blocks until the only pod of a namespace runs, and returns its name.
func (c *testCluster) runningPod(ctx context.Context, namespace string) string {
	GinkgoHelper()
	Eventually(ctx, c.pods).WithArguments(namespace, "").
		Should(HaveExactElements(HaveField("Status.Phase", corev1.PodRunning)))
	return must(c.pods(ctx, namespace, ""))[0].Name
}

// mergePatch changes an object with a JSON merge patch. in is a typed or dynamic client of its
// resource.
func mergePatch[T any](ctx context.Context, in interface {
	Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (T, error)
}, name, patch string) {
	GinkgoHelper()
	must(in.Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}))
}

// must returns the value of a call, which has to succeed.
func must[T any](value T, err error) T {
	GinkgoHelper()
	Expect(err).NotTo(HaveOccurred())
	return value
}

// second returns the error of a call that returns another value too.
func second[T any](_ T, err error) error { return err }
