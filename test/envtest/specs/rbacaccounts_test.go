package specs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// account is a service account with a role of hack/rbac, complete or without one permission.
type account struct {
	what    string
	name    string
	removed *workflow.Permission // nil if the role is complete
	granted []workflow.Permission
	cfg     *rest.Config // with its token
}

func (a *account) has(p workflow.Permission) bool { return slices.Contains(a.granted, p) }

// roleFile is a file of hack/rbac.
type roleFile struct {
	objects []*unstructured.Unstructured
	rules   []rbacv1.PolicyRule // of the Role or ClusterRole
	cluster bool
}

func readRoleFile(name string) roleFile {
	GinkgoHelper()
	data, err := os.ReadFile("../../../hack/rbac/" + name)
	Expect(err).NotTo(HaveOccurred())
	var f roleFile
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			Expect(f.rules).NotTo(BeEmpty())
			return f
		}
		Expect(err).NotTo(HaveOccurred())
		f.objects = append(f.objects, o)
		if kind := o.GetKind(); kind == "Role" || kind == "ClusterRole" {
			var role rbacv1.Role
			Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &role)).To(Succeed())
			f.rules, f.cluster = role.Rules, kind == "ClusterRole"
		}
	}
}

// permissionsOf returns the individual permissions that rules grant.
func permissionsOf(rules []rbacv1.PolicyRule) []workflow.Permission {
	var all []workflow.Permission
	for _, r := range rules {
		for _, group := range r.APIGroups {
			for _, name := range r.Resources {
				resource, subresource, _ := strings.Cut(name, "/")
				for _, verb := range r.Verbs {
					p := workflow.Permission{Verb: verb, Group: group, Resource: resource, Subresource: subresource}
					if len(r.ResourceNames) == 0 {
						all = append(all, p)
					}
					for _, p.Name = range r.ResourceNames {
						all = append(all, p)
					}
				}
			}
		}
	}
	return all
}

// rulesFor returns rules that grant the individual permissions.
func rulesFor(permissions []workflow.Permission) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, p := range permissions {
		rule := rbacv1.PolicyRule{
			APIGroups: []string{p.Group}, Resources: []string{strings.TrimRight(p.Resource+"/"+p.Subresource, "/")}, Verbs: []string{p.Verb},
		}
		if p.Name != "" {
			rule.ResourceNames = []string{p.Name}
		}
		rules = append(rules, rule)
	}
	return rules
}

// accountsOf creates a service account with exactly the permissions in the files, and for each of
// these permissions an account with all the others. It returns when the API server has noticed the
// roles.
func accountsOf(ctx context.Context, namespace string, names ...string) []*account {
	GinkgoHelper()
	whole := &account{what: "with " + strings.Join(names, " and ")}
	for _, name := range names {
		f := readRoleFile(name)
		whole.granted = append(whole.granted, permissionsOf(f.rules)...)
		for _, o := range f.objects {
			applyAs(ctx, o, namespace)
			if o.GetKind() == "ServiceAccount" {
				whole.name = o.GetName()
			}
		}
		if f.cluster {
			bindClusterRole(ctx, f.objects[0].GetName(), namespace, whole.name)
		}
	}
	all := []*account{whole}
	for i, p := range whole.granted {
		a := &account{what: "without " + p.String(), name: fmt.Sprint("without-", i), removed: &p}
		a.granted = slices.DeleteFunc(slices.Clone(whole.granted), func(other workflow.Permission) bool { return other == p })
		a.create(ctx, namespace)
		all = append(all, a)
	}
	for _, a := range all {
		var err error
		a.cfg, err = cluster.ServiceAccountConfig(ctx, namespace, a.name)
		Expect(err).NotTo(HaveOccurred())
		a.awaitKnown(ctx, namespace)
	}
	return all
}

// create creates an account and its roles.
func (a *account) create(ctx context.Context, namespace string) {
	GinkgoHelper()
	var inCluster, inNamespace []workflow.Permission
	for _, p := range a.granted {
		if p.ClusterScoped() {
			inCluster = append(inCluster, p)
		} else {
			inNamespace = append(inNamespace, p)
		}
	}
	Expect(cluster.CreateServiceAccount(ctx, namespace, a.name, rulesFor(inNamespace)...)).To(Succeed())
	if len(inCluster) > 0 {
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: namespace + "-" + a.name}, Rules: rulesFor(inCluster)}
		_, err := kube.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func(ctx SpecContext) {
			Expect(kube.RbacV1().ClusterRoles().Delete(ctx, role.Name, metav1.DeleteOptions{})).To(Succeed())
		})
		bindClusterRole(ctx, role.Name, namespace, a.name)
	}
}

// bindClusterRole grants a cluster role to an account until the end of the spec.
func bindClusterRole(ctx context.Context, role, namespace, account string) {
	GinkgoHelper()
	name := namespace + "-" + account
	_, err := kube.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx SpecContext) {
		Expect(kube.RbacV1().ClusterRoleBindings().Delete(ctx, name, metav1.DeleteOptions{})).To(Succeed())
	})
}

// applyAs creates an object of a manifest as kubectl does with -n. It deletes a cluster-scoped
// object after the spec.
func applyAs(ctx context.Context, o *unstructured.Unstructured, namespace string) {
	GinkgoHelper()
	rbac := func(plural string) schema.GroupVersionResource { return rbacv1.SchemeGroupVersion.WithResource(plural) }
	switch o.GetKind() {
	case "ServiceAccount":
		Expect(dyn.Resource(corev1.SchemeGroupVersion.WithResource("serviceaccounts")).Namespace(namespace).
			Create(ctx, o, metav1.CreateOptions{})).Error().NotTo(HaveOccurred())
	case "Role":
		Expect(dyn.Resource(rbac("roles")).Namespace(namespace).Create(ctx, o, metav1.CreateOptions{})).Error().NotTo(HaveOccurred())
	case "RoleBinding":
		Expect(dyn.Resource(rbac("rolebindings")).Namespace(namespace).Create(ctx, o, metav1.CreateOptions{})).Error().NotTo(HaveOccurred())
	case "ClusterRole":
		Expect(dyn.Resource(rbac("clusterroles")).Create(ctx, o, metav1.CreateOptions{})).Error().NotTo(HaveOccurred())
		DeferCleanup(func(ctx SpecContext) {
			Expect(kube.RbacV1().ClusterRoles().Delete(ctx, o.GetName(), metav1.DeleteOptions{})).To(Succeed())
		})
	default:
		Fail("a role's file has a " + o.GetKind())
	}
}

// awaitKnown blocks until the API server's authorizer has noticed the account's roles. It checks
// one permission of each, because a role takes effect as a whole.
func (a *account) awaitKnown(ctx context.Context, namespace string) {
	GinkgoHelper()
	own, err := kubernetes.NewForConfig(a.cfg)
	Expect(err).NotTo(HaveOccurred())
	for _, ofCluster := range []bool{false, true} {
		at := slices.IndexFunc(a.granted, func(p workflow.Permission) bool { return p.ClusterScoped() == ofCluster })
		if at < 0 {
			continue
		}
		p := a.granted[at]
		attributes := &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: p.Verb, Group: p.Group, Resource: p.Resource, Subresource: p.Subresource, Name: p.Name}
		if ofCluster {
			attributes.Namespace = ""
		}
		Eventually(ctx, func(g Gomega) {
			review, err := own.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
				Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: attributes},
			}, metav1.CreateOptions{})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(review.Status.Allowed).To(BeTrue(), "%s: %s", a.what, p)
		}).Should(Succeed())
	}
}
