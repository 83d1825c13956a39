package specs_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

var _ = conformance.Specs("native client", func(ctx context.Context) conformance.Fixture {
	return nativeFixture(ctx, &shared)
})

func nativeFixture(ctx context.Context, c *testCluster) conformance.Fixture {
	GinkgoHelper()
	return fixtureOf(ctx, c, func(cfg *rest.Config, namespace string, policies ...workflow.GatePolicy) workflow.Interface {
		return nativeClient(cfg, namespace, policies...)
	})
}

// fixtureOf returns the fixture of an implementation, in its own namespace.
func fixtureOf(
	ctx context.Context, c *testCluster, client func(cfg *rest.Config, namespace string, policies ...workflow.GatePolicy) workflow.Interface,
) conformance.Fixture {
	GinkgoHelper()
	namespace := c.newNamespace(ctx)
	return conformance.Fixture{
		Client:    client(c.Config(), namespace),
		In:        func(namespace string) workflow.Interface { return client(c.Config(), namespace) },
		Namespace: namespace,
		Admin:     c.dyn,
		Restricted: func(ctx context.Context, allowed map[string][]string) workflow.Interface {
			return client(c.restricted(ctx, namespace, allowed), namespace)
		},
		WithGates: func(policies ...workflow.GatePolicy) workflow.Interface {
			return client(c.Config(), namespace, policies...)
		},
		Noisy: onNode(),
		WriteLog: func(ctx context.Context, pod, container string, lines ...string) {
			GinkgoHelper()
			Expect(c.WriteLog(ctx, namespace, pod, container, lines...)).To(Succeed())
		},
	}
}

func nativeClient(cfg *rest.Config, namespace string, policies ...workflow.GatePolicy) *workflow.WorkflowClient {
	GinkgoHelper()
	return must(workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace, Observer: logging(), GatePolicies: policies}))
}

// restricted creates a service account that has only the given permissions in the namespace, for
// Argo's resources and for pods.
func (c *testCluster) restricted(ctx context.Context, namespace string, allowed map[string][]string) *rest.Config {
	GinkgoHelper()
	var rules []rbacv1.PolicyRule
	for resource, verbs := range allowed {
		group := "argoproj.io"
		if resource == "pods" || resource == "pods/log" {
			group = corev1.GroupName
		}
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs})
	}
	name := "restricted-" + rand.String(8)
	Expect(c.CreateServiceAccount(ctx, namespace, name, rules...)).To(Succeed())
	cfg := must(c.ServiceAccountConfig(ctx, namespace, name))
	Expect(cfg.BearerToken).NotTo(BeEmpty())
	tokens.add(cfg.BearerToken)
	return cfg
}
