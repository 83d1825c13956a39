package specs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

// labelLegacy is the label of specs that run kubectl. They run separately.
var labelLegacy = Label("legacy")

var _ = Describe("pkg/legacy", labelLegacy, func() {
	conformance.Specs("kubectl client", func(ctx context.Context) conformance.Fixture {
		return fixtureOf(ctx, &shared, func(cfg *rest.Config, namespace string, policies ...workflow.GatePolicy) workflow.Interface {
			return kubectlClient(cfg, namespace, policies...)
		})
	})
	Context("by two ways", labelRare, labelVersions, labelMatrix, func() {
		conformance.Specs("router", func(ctx context.Context) conformance.Fixture {
			return fixtureOf(ctx, &shared, func(cfg *rest.Config, namespace string, policies ...workflow.GatePolicy) workflow.Interface {
				return routed(nativeClient(cfg, namespace, policies...), kubectlClient(cfg, namespace, policies...), namespace)
			})
		})
	})
})

// kubectlRetryFor is longer than the default: on a busy machine each kubectl takes seconds, and the
// controller often writes in between.
const kubectlRetryFor = 3 * time.Minute

// kubectlClient returns a client that runs the tool module's kubectl with a kubeconfig for cfg.
func kubectlClient(cfg *rest.Config, namespace string, policies ...workflow.GatePolicy) *legacy.KubectlClient {
	GinkgoHelper()
	return kubectlClientWith(cfg, workflow.Options{Namespace: namespace, RetryFor: kubectlRetryFor, GatePolicies: policies})
}

func kubectlClientWith(cfg *rest.Config, opts workflow.Options) *legacy.KubectlClient {
	GinkgoHelper()
	return kubectlClientBy(legacy.SubprocessOptions{Binary: quickKubectl()}, cfg, opts)
}

// quickKubectl returns a script that starts kubectl faster. The specs run kubectl thousands of
// times, and a third of its time is garbage collection at its start.
func quickKubectl() string {
	GinkgoHelper()
	path := filepath.Join(shared.Dir(), fmt.Sprint("quick-kubectl-", GinkgoParallelProcess()))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	script := fmt.Sprintf("#!/bin/sh\nGOGC=off GOMAXPROCS=1 exec '%s' \"$@\"\n", shared.Kubectl())
	Expect(os.WriteFile(path, []byte(script), 0o700)).To(Succeed()) //nolint:gosec // to be run
	return path
}

// kubectls returns the tool module's kubectl and the one that is installed on the machine, if any.
func kubectls() []string {
	all := []string{shared.Kubectl()}
	if installed, err := exec.LookPath("kubectl"); err == nil && installed != shared.Kubectl() {
		all = append(all, installed)
	}
	return all
}

func kubectlClientBy(by legacy.SubprocessOptions, cfg *rest.Config, opts workflow.Options) *legacy.KubectlClient {
	GinkgoHelper()
	by.Kubeconfig = kubectlConfig(cfg)
	opts.Observer = logging()
	return must(legacy.NewKubectlClient(loggingExecutor{legacy.NewSubprocessExecutor(by)}, opts))
}

// kubectlConfig returns the path of a new kubeconfig.
func kubectlConfig(cfg *rest.Config) string {
	GinkgoHelper()
	return must(shared.WriteKubeconfig("kubectl-"+rand.String(8)+".kubeconfig", cfg))
}

// loggingExecutor logs the arguments of the commands that it runs.
type loggingExecutor struct{ *legacy.SubprocessExecutor }

func (e loggingExecutor) ExecuteCommand(ctx context.Context, cmd legacy.Command) (legacy.CommandOutput, error) {
	e.log(cmd)
	return e.SubprocessExecutor.ExecuteCommand(ctx, cmd)
}

func (e loggingExecutor) StreamCommand(ctx context.Context, cmd legacy.Command) (io.ReadCloser, error) {
	e.log(cmd)
	return e.SubprocessExecutor.StreamCommand(ctx, cmd)
}

func (loggingExecutor) log(cmd legacy.Command) {
	slog.New(slog.NewTextHandler(said, nil)).Info("run kubectl", "args", cmd.Args)
}

// routed returns a router that uses each client for half of the workflows.
func routed(native, kubectl workflow.Interface, namespace string) *legacy.Router {
	GinkgoHelper()
	return must(legacy.NewRouter(native, kubectl, legacy.RouterOptions{
		Namespace: namespace, Rollout: legacy.Rollout{Percent: 50},
	}))
}

// kubectl reports failures as text, which has to be parsed. The native client meets the same
// failures.
var _ = Describe("failures that kubectl words", labelLegacy, func() {
	kinds := map[string]error{
		"not found": workflow.ErrNotFound, "unauthorized": workflow.ErrUnauthorized, "forbidden": workflow.ErrForbidden,
		"unavailable": workflow.ErrUnavailable, "invalid": workflow.ErrInvalid, "not installed": workflow.ErrNotInstalled,
	}
	kindsOf := func(err error) []string {
		var all []string
		for name, kind := range kinds {
			if errors.Is(err, kind) {
				all = append(all, name)
			}
		}
		return all
	}
	DescribeTable("are those of the native client",
		func(ctx SpecContext, change func(*rest.Config), want string) {
			cfg := shared.Config()
			change(cfg)
			namespace := shared.newNamespace(ctx)
			opts := workflow.Options{Namespace: namespace, RetryFor: -1}
			clients := []workflow.Interface{must(workflow.NewForConfig(cfg, opts))}
			for _, binary := range kubectls() {
				clients = append(clients, kubectlClientBy(legacy.SubprocessOptions{Binary: binary}, cfg, opts))
			}
			for _, client := range clients {
				for _, err := range []error{
					second(client.Get(ctx, "nobody")),
					client.Delete(ctx, "nobody", workflow.DeleteOptions{}),
					client.Suspend(ctx, "nobody", workflow.SuspendOptions{}),
				} {
					Expect(err).To(HaveOccurred())
					if want == "" {
						Expect(kindsOf(err)).To(BeEmpty(), "%T: %v", client, err)
					} else {
						Expect(kindsOf(err)).To(ConsistOf(want), "%T: %v", client, err)
					}
				}
			}
		},
		Entry("a name that nobody has", func(*rest.Config) {}, "not found", SpecTimeout(specTimeout)),
		Entry("a token that is none", func(cfg *rest.Config) {
			cfg.CertData, cfg.KeyData, cfg.BearerToken = nil, nil, "no-token"
		}, "unauthorized", SpecTimeout(specTimeout)),
		Entry("nobody at the address", func(cfg *rest.Config) { cfg.Host = "https://127.0.0.1:1" }, "unavailable", SpecTimeout(specTimeout)),
		Entry("a name that no server has", func(cfg *rest.Config) { cfg.Host = "https://nobody.invalid:6443" }, "unavailable", SpecTimeout(specTimeout)),
		Entry("a server that is not trusted", func(cfg *rest.Config) {
			cfg.CAData = cfg.CertData // a different authority
		}, "", SpecTimeout(specTimeout)),
	)
})

// Watches take turns, and other commands have a place of their own.
var _ = Describe("few kubectl processes", labelLegacy, func() {
	It("are enough for more waits than there are places", func(ctx SpecContext) {
		namespace := shared.newNamespace(ctx)
		client := kubectlClientBy(legacy.SubprocessOptions{Binary: quickKubectl(), MaxProcesses: 2}, shared.Config(),
			workflow.Options{Namespace: namespace, RetryFor: kubectlRetryFor})
		const count = 3
		waits := make(chan error, count)
		var names []string
		for range count {
			st := must(client.Start(ctx, workflow.StartRequest{Manifest: []byte(gatedWorkflow)}))
			names = append(names, st.Name)
			go func() { waits <- second(client.Wait(ctx, st.Name, workflow.Completed)) }()
		}
		for _, name := range names {
			Expect(client.Wait(ctx, name, workflow.Suspended)).Error().NotTo(HaveOccurred())
			Expect(client.Resume(ctx, name, workflow.ResumeOptions{})).Error().NotTo(HaveOccurred())
		}
		for range count {
			Eventually(ctx, waits).WithTimeout(specTimeout).Should(Receive(BeNil()))
		}
	}, SpecTimeout(startTimeout))
})
