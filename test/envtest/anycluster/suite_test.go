package anycluster_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

var (
	kubeconfig        = flag.String("kubeconfig", "", "the kubeconfig `file` of the cluster; without it nothing is run")
	kubeContext       = flag.String("context", "", "the context to use (default: the file's current one)")
	namespace         = flag.String("namespace", "", "an existing namespace without Argo's objects (default: makes one, and removes it)")
	image             = flag.String("image", "busybox:1.37", "the image of pods; it has a shell")
	serviceAccount    = flag.String("service-account", "", "the service account of pods (default: makes one if it may, else default)")
	reportFile        = flag.String("report", "", "also write the report to this `file`")
	controllerTimeout = flag.Duration("controller-timeout", time.Minute, "how long the controller may take to run a workflow without pods")
	podTimeout        = flag.Duration("pod-timeout", 3*time.Minute, "how long the first pod may take, with its images")
	cleanUpTimeout    = flag.Duration("cleanup-timeout", 3*time.Minute, "how long the removal of the run's objects may take")
)

const (
	// specTimeout bounds the setup and the clean-up of a spec.
	specTimeout = 4 * time.Minute
	// suiteTimeout is longer than all specs take on a slow cluster.
	suiteTimeout = 12 * time.Hour
	// soon bounds short actions of the cluster.
	soon = 90 * time.Second
	// exitNothingPassed is the exit code of a run without a failure in which no spec could be run.
	exitNothingPassed = 3
)

var (
	current *run
	results report
)

func TestMain(m *testing.M) {
	code := m.Run()
	if current != nil && code == 0 && results.passed() == 0 {
		fmt.Println("nothing was tested, see above")
		code = exitNothingPassed
	}
	os.Exit(code)
}

func TestConformance(t *testing.T) {
	if *kubeconfig == "" {
		t.Skip("no cluster is named: make test-cluster KUBECONFIG=file")
	}
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(soon)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	var err error
	if current, err = connect(t.Context(), *kubeconfig, *kubeContext, *namespace); err != nil {
		t.Fatal(status.Printable(err.Error()))
	}
	if *reportFile != "" { // one that cannot be written is said before the run; an earlier run's is not mistaken for it
		if err := os.WriteFile(*reportFile, nil, 0o644); err != nil { //nolint:gosec // others may read it
			t.Fatal(err)
		}
	}
	// A terminal that is closed is Ctrl-C.
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	go func() {
		for range hangUp {
			_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
		}
	}()

	suite, reporter := GinkgoConfiguration()
	suite.Timeout, reporter.SilenceSkips, reporter.NoColor = suiteTimeout, true, true
	RunSpecs(t, "conformance", suite, reporter)
	// Not in AfterSuite, which a second Ctrl-C would skip. Here one ends this.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := current.end(ctx); err != nil {
		t.Error(status.Printable(err.Error()))
	}
	if err := results.write(current, *reportFile); err != nil {
		t.Error(err)
	}
}

var _ = BeforeSuite(func(ctx SpecContext) {
	current.prepare(ctx)
}, NodeTimeout(suiteTimeout))

var _ = ReportAfterSuite("results", func(all Report) { results.add(all) })

var _ = conformance.Specs("native client", func(context.Context) conformance.Fixture {
	return current.fixture(func(cfg *rest.Config, namespace string) workflow.Interface {
		return must(workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace}))
	})
})

// must returns the value of a call, which has to succeed.
func must[T any](value T, err error) T {
	GinkgoHelper()
	Expect(err).NotTo(HaveOccurred())
	return value
}
