package envtest

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CreateServiceAccount creates a service account. With rules, it grants them to it in its namespace,
// as Grant does. The API server may need a moment to apply them.
func (c *Cluster) CreateServiceAccount(ctx context.Context, namespace, name string, rules ...rbacv1.PolicyRule) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := c.kube.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create service account %s/%s: %w", namespace, name, err)
	}
	if len(rules) == 0 {
		return nil
	}
	return c.Grant(ctx, namespace, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}, rules...)
}

// Grant creates a Role with these rules in a namespace, and a RoleBinding that grants it to the
// subject. Both have the subject's name.
func (c *Cluster) Grant(ctx context.Context, namespace string, subject rbacv1.Subject, rules ...rbacv1.PolicyRule) error {
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: subject.Name}, Rules: rules}
	if _, err := c.kube.RbacV1().Roles(namespace).Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create role %s/%s: %w", namespace, role.Name, err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: subject.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{subject},
	}
	if _, err := c.kube.RbacV1().RoleBindings(namespace).Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create role binding %s/%s: %w", namespace, binding.Name, err)
	}
	return nil
}
