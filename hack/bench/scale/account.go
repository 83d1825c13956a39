package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// reader is the service account by which all that is measured reads workflows. Unlike an
// administrator's, its requests are queued where there are too many, so that an API server that is
// polled by thousands still lets the writer write.
const reader = "reader"

// addReader adds it to a namespace and returns its kubeconfig.
func addReader(ctx context.Context, cluster *envtest.Cluster, namespace string) (kubeconfig string, err error) {
	client, err := kubernetes.NewForConfig(cluster.Config())
	if err != nil {
		return "", err
	}
	meta := metav1.ObjectMeta{Name: reader}
	account := &corev1.ServiceAccount{ObjectMeta: meta}
	if _, err := client.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return "", fmt.Errorf("create service account: %w", err)
	}
	rules := []rbacv1.PolicyRule{{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflows"}, Verbs: []string{"get", "list", "watch"}}}
	role := &rbacv1.Role{ObjectMeta: meta, Rules: rules}
	if _, err := client.RbacV1().Roles(namespace).Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return "", fmt.Errorf("create role: %w", err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: reader},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: reader}},
	}
	if _, err := client.RbacV1().RoleBindings(namespace).Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		return "", fmt.Errorf("create role binding: %w", err)
	}
	cfg, err := cluster.ServiceAccountConfig(ctx, namespace, reader)
	if err != nil {
		return "", err
	}
	return cluster.WriteKubeconfig(namespace+".kubeconfig", cfg)
}
