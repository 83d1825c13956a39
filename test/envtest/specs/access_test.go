package specs_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

var _ = Describe("access", func() {
	It("is what a service account's roles allow", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		Expect(cluster.CreateServiceAccount(ctx, ns, "reader")).To(Succeed())
		reader := must(dynamic.NewForConfig(must(cluster.ServiceAccountConfig(ctx, ns, "reader"))))
		list := func() error { return second(argotest.Workflows(reader, ns).List(ctx, metav1.ListOptions{})) }
		Expect(list()).To(MatchError(apierrors.IsForbidden, "IsForbidden"))

		Expect(cluster.Grant(ctx, ns, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: ns, Name: "reader"},
			rbacv1.PolicyRule{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflows"}, Verbs: []string{"list"}})).To(Succeed())
		Eventually(ctx, list).Should(Succeed())

		Expect(second(argotest.Workflows(reader, ns).Create(ctx, argotest.Object(threeSteps), metav1.CreateOptions{}))).
			To(MatchError(apierrors.IsForbidden, "IsForbidden"))
	}, SpecTimeout(specTimeout))
})
