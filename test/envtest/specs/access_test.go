package specs_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

var _ = Describe("access", func() {
	It("is what a service account's roles allow", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "reader"}}
		_, err := kube.CoreV1().ServiceAccounts(ns).Create(ctx, account, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		cfg, err := cluster.ServiceAccountConfig(ctx, ns, "reader")
		Expect(err).NotTo(HaveOccurred())
		reader, err := dynamic.NewForConfig(cfg)
		Expect(err).NotTo(HaveOccurred())
		list := func() error {
			_, err := workflows(reader, ns).List(ctx, metav1.ListOptions{})
			return err
		}
		Expect(list()).To(MatchError(apierrors.IsForbidden, "IsForbidden"))

		_, err = kube.RbacV1().Roles(ns).Create(ctx, &rbacv1.Role{
			ObjectMeta: metav1.ObjectMeta{Name: "reader"},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflows"}, Verbs: []string{"list"}}},
		}, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		_, err = kube.RbacV1().RoleBindings(ns).Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "reader"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: ns, Name: "reader"}},
		}, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		Eventually(ctx, list).Should(Succeed())

		_, err = workflows(reader, ns).Create(ctx, fromYAML(threeSteps), metav1.CreateOptions{})
		Expect(err).To(MatchError(apierrors.IsForbidden, "IsForbidden"))
	}, SpecTimeout(specTimeout))
})
