package faults_test

import (
	"context"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// heapSlack is how much the heap may have grown after a fault, for caches of client-go and of the
// cluster's own clients, and for the report.
const heapSlack = 24 << 20

// scene is the environment of one spec: its own namespace, and everything between the clients and
// the API server.
type scene struct {
	namespace string
	steer     *caller          // directly to the server, for requests that are not under test
	database  *argodb.Database // of the cluster, or nil

	mu      sync.Mutex
	callers []*caller
	closers []func() // of lines and proxies

	before goleak.Option
	heap   uint64
}

func newScene(ctx context.Context) *scene {
	GinkgoHelper()
	s := &scene{before: goleak.IgnoreCurrent(), heap: heap(), database: database}
	// The cluster's NewNamespace is not used: it waits for a controller that takes a while to
	// reconnect to a restarted API server, and no pods are needed here.
	namespace, err := kube.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "faults-"}}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	s.namespace = namespace.Name
	DeferCleanup(func(ctx SpecContext) {
		Expect(kube.CoreV1().Namespaces().Delete(ctx, s.namespace, metav1.DeleteOptions{})).To(Succeed())
	}, NodeTimeout(soon))
	s.createTemplates(ctx)
	s.steer = s.caller(cluster.Config(), nil)
	return s
}

// caller returns a client under test. Its connections use the line; if that is nil, they go
// directly to the server.
func (s *scene) caller(cfg *rest.Config, line *faults.Line) *caller {
	GinkgoHelper()
	return s.callerWith(cfg, line, s.options())
}

// options returns the options of the scene's clients.
func (s *scene) options() workflow.Options {
	opts := options(s.namespace)
	if s.database != nil {
		opts.History, opts.NodeStore = s.database, s.database
	}
	return opts
}

func (s *scene) callerWith(cfg *rest.Config, line *faults.Line, opts workflow.Options) *caller {
	GinkgoHelper()
	c := &caller{answers: map[int]int{}}
	if line != nil {
		c.conns.To = line.Address
	}
	cfg = rest.CopyConfig(cfg)
	cfg.Dial = c.conns.Dial
	cfg.Wrap(c.wrap)
	var err error
	c.WorkflowClient, err = workflow.NewForConfig(cfg, opts)
	Expect(err).NotTo(HaveOccurred())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callers = append(s.callers, c)
	return c
}

// line opens a line to the server of a client's configuration. It has no faults yet.
func (s *scene) line(cfg *rest.Config) *faults.Line {
	GinkgoHelper()
	server, err := url.Parse(cfg.Host)
	Expect(err).NotTo(HaveOccurred())
	line, err := faults.NewLine(server.Host)
	Expect(err).NotTo(HaveOccurred())
	s.closeLater(line.Close)
	return line
}

// answers opens a proxy to the API server that has the administrator's identity.
func (s *scene) answers(opts faults.AnswersOptions) *faults.Answers {
	GinkgoHelper()
	proxy, err := faults.NewAnswers(cluster.Config(), opts)
	Expect(err).NotTo(HaveOccurred())
	s.closeLater(proxy.Close)
	return proxy
}

// closeLater has something closed when the scene is left, or if the spec fails before.
func (s *scene) closeLater(closeIt func()) {
	DeferCleanup(closeIt)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closers = append(s.closers, closeIt)
}

// patch changes a workflow by a merge patch.
func (s *scene) patch(ctx context.Context, name, format string, args ...any) error {
	patch := fmt.Appendf(nil, format, args...)
	_, err := argotest.Workflows(dyn, s.namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// account creates a service account with the permissions that a service needs for workflows.
func (s *scene) account(ctx context.Context, name string) *rest.Config {
	GinkgoHelper()
	Expect(cluster.CreateServiceAccount(ctx, s.namespace, name)).To(Succeed())
	s.permit(ctx, name)
	cfg, err := cluster.ServiceAccountConfig(ctx, s.namespace, name)
	Expect(err).NotTo(HaveOccurred())
	probe := s.caller(cfg, nil)
	Eventually(ctx, func() error { return listed(ctx, probe) }).Should(Succeed(), "the API server knows of the role")
	return cfg
}

// permit grants a service account its permissions.
func (s *scene) permit(ctx context.Context, name string) {
	GinkgoHelper()
	Expect(cluster.Grant(ctx, s.namespace, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: s.namespace, Name: name},
		rbacv1.PolicyRule{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflows"},
			Verbs: []string{"get", "list", "watch", "create", "patch", "update", "delete"}},
		rbacv1.PolicyRule{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflowtemplates"}, Verbs: []string{"get", "list"}},
	)).To(Succeed())
}

// listed lists one page and returns the error.
func listed(ctx context.Context, c *caller) error {
	for _, err := range c.List(ctx, workflow.ListOptions{PageSize: 1}) {
		return err
	}
	return nil
}

// leave checks, after every call has ended, that no connection, goroutine or memory is left.
func (s *scene) leave(ctx context.Context) {
	GinkgoHelper()
	By("nothing is left")
	for i, c := range s.callers {
		Eventually(ctx, c.closeIdle).Should(BeZero(), "connections of client %d of %d with something on them", i+1, len(s.callers))
	}
	for _, closeIt := range slices.Backward(s.closers) {
		closeIt()
	}
	Eventually(ctx, func() error {
		return goleak.Find(slices.Concat(ofTheCluster(), ofToxiproxy(), []goleak.Option{s.before})...)
	}).Should(Succeed())
	Eventually(ctx, heap).Should(BeNumerically("<", s.heap+heapSlack), "the heap is about what it was")
}

// ofTheCluster excepts goroutines of connections and of processes. The cluster's own clients, which
// run in this process too, open new connections when the API server returns. Connections of the
// clients under test are counted instead. At the end of the suite these goroutines are not
// excepted.
func ofTheCluster() []goleak.Option {
	return running(
		"golang.org/x/net/http2.(*clientConnReadLoop).run",
		"golang.org/x/net/http2.(*clientStream).writeRequest",
		"k8s.io/apimachinery/pkg/watch.(*StreamWatcher).receive",
		"net/http.(*persistConn).writeLoop",
		"k8s.io/client-go/tools/cache.(*Reflector).ListAndWatchWithContext",
		"k8s.io/client-go/tools/cache.(*Reflector).startResync",
		"context.(*cancelCtx).propagateCancel.func2",
		"os/exec.(*Cmd).Wait",
	)
}

// ofToxiproxy excepts goroutines that toxiproxy leaves behind when a connection is cut while data
// is in transit.
func ofToxiproxy() []goleak.Option {
	return running(
		"github.com/Shopify/toxiproxy/v2.(*ToxicLink).read",
		"github.com/Shopify/toxiproxy/v2.(*ToxicLink).write",
		"github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run",
	)
}

// running excepts goroutines that run one of the functions.
func running(functions ...string) []goleak.Option {
	var opts []goleak.Option
	for _, function := range functions {
		opts = append(opts, goleak.IgnoreAnyFunction(function))
	}
	return opts
}

// heap returns the size of the heap in use after a garbage collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // frees what finalizers of the first have released
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
