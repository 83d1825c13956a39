package envtest_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

var _ = conformance.Specs("kubectl client", func(ctx context.Context) conformance.Fixture {
	f := nativeFixture(ctx, &shared)
	f.Client = kubectlClient(shared.Config(), f.Namespace)
	f.Restricted = func(ctx context.Context, allowed map[string][]string) workflow.Interface {
		return kubectlClient(shared.restricted(ctx, f.Namespace, allowed), f.Namespace)
	}
	return f
})

// kubectlClient runs the kubectl of the tool module, with a kubeconfig for cfg.
func kubectlClient(cfg *rest.Config, namespace string) *legacy.KubectlClient {
	GinkgoHelper()
	kubeconfig, err := shared.WriteKubeconfig("kubectl-"+rand.String(8)+".kubeconfig", cfg)
	Expect(err).NotTo(HaveOccurred())
	executor := legacy.NewSubprocessExecutor(legacy.SubprocessOptions{Binary: shared.Kubectl(), Kubeconfig: kubeconfig})
	client, err := legacy.NewKubectlClient(executor, workflow.Options{Namespace: namespace})
	Expect(err).NotTo(HaveOccurred())
	return client
}

// Half of the workflows go one way, half the other.
var _ = conformance.Specs("router", func(ctx context.Context) conformance.Fixture {
	f := nativeFixture(ctx, &shared)
	f.Client = routed(shared.Config(), f.Namespace)
	f.Restricted = func(ctx context.Context, allowed map[string][]string) workflow.Interface {
		return routed(shared.restricted(ctx, f.Namespace, allowed), f.Namespace)
	}
	return f
})

func routed(cfg *rest.Config, namespace string) *legacy.Router {
	GinkgoHelper()
	router, err := legacy.NewRouter(nativeClient(cfg, namespace), kubectlClient(cfg, namespace), legacy.RouterOptions{
		Namespace: namespace, Rollout: legacy.Rollout{Percent: 50},
	})
	Expect(err).NotTo(HaveOccurred())
	return router
}
