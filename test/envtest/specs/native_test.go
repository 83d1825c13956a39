package specs_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

var _ = conformance.Specs("native client", func(ctx context.Context) conformance.Fixture {
	return nativeFixture(ctx, &shared)
})

func nativeFixture(ctx context.Context, c *testCluster) conformance.Fixture {
	GinkgoHelper()
	return fixtureOf(ctx, c, func(cfg *rest.Config, namespace string) workflow.Interface { return nativeClient(cfg, namespace) })
}

// fixtureOf returns the fixture of an implementation, in its own namespace.
func fixtureOf(ctx context.Context, c *testCluster, client func(cfg *rest.Config, namespace string) workflow.Interface) conformance.Fixture {
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
		WriteLog: func(ctx context.Context, pod, container string, lines ...string) {
			GinkgoHelper()
			Expect(c.WriteLog(ctx, namespace, pod, container, lines...)).To(Succeed())
		},
	}
}

func nativeClient(cfg *rest.Config, namespace string) *workflow.WorkflowClient {
	GinkgoHelper()
	client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace, Observer: logging()})
	Expect(err).NotTo(HaveOccurred())
	return client
}

// restricted creates a service account that has only the given permissions in the namespace, for
// Argo's resources and for pods.
func (c *testCluster) restricted(ctx context.Context, namespace string, allowed map[string][]string) *rest.Config {
	GinkgoHelper()
	account, err := c.kube.CoreV1().ServiceAccounts(namespace).Create(ctx,
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{GenerateName: "restricted-"}}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: account.Name}}
	for resource, verbs := range allowed {
		group := "argoproj.io"
		if resource == "pods" || resource == "pods/log" {
			group = corev1.GroupName
		}
		role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs})
	}
	_, err = c.kube.RbacV1().Roles(namespace).Create(ctx, role, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	_, err = c.kube.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: account.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account.Name}},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	cfg, err := c.ServiceAccountConfig(ctx, namespace, account.Name)
	Expect(err).NotTo(HaveOccurred())
	Expect(cfg.BearerToken).NotTo(BeEmpty())
	tokens.add(cfg.BearerToken)
	return cfg
}
