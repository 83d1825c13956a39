package specs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// account is a service account with a role of hack/rbac, complete or without one permission.
type account struct {
	what    string
	name    string
	granted []workflow.Permission
	cfg     *rest.Config // with its token
}

func (a *account) has(p workflow.Permission) bool { return slices.Contains(a.granted, p) }

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
func accountsOf(ctx context.Context, namespace string, files ...string) []*account {
	GinkgoHelper()
	whole := &account{what: "with " + strings.Join(files, " and ")}
	for _, file := range files {
		data, err := os.ReadFile("../../../hack/rbac/" + file)
		Expect(err).NotTo(HaveOccurred())
		granted := len(whole.granted)
		for document := range strings.SplitSeq(string(data), "\n---\n") {
			o := createIn(ctx, namespace, document)
			switch kind := o.GetKind(); kind {
			case "ServiceAccount":
				whole.name = o.GetName()
			case "Role", "ClusterRole":
				var role rbacv1.Role
				Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &role)).To(Succeed())
				whole.granted = append(whole.granted, permissionsOf(role.Rules)...)
				if kind == "ClusterRole" {
					bindClusterRole(ctx, o.GetName(), namespace, whole.name)
				}
			case "RoleBinding":
			default:
				Fail("a role's file has a " + kind)
			}
		}
		Expect(len(whole.granted)).To(BeNumerically(">", granted), file)
	}
	all := []*account{whole}
	for i, p := range whole.granted {
		a := &account{what: "without " + p.String(), name: fmt.Sprint("without-", i)}
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
		role := namespace + "-" + a.name
		rules, err := json.Marshal(rulesFor(inCluster))
		Expect(err).NotTo(HaveOccurred())
		createIn(ctx, namespace, fmt.Sprintf(
			`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: %s}, rules: %s}`, role, rules))
		bindClusterRole(ctx, role, namespace, a.name)
	}
}

// bindClusterRole grants a cluster role to an account until the end of the spec.
func bindClusterRole(ctx context.Context, role, namespace, account string) {
	GinkgoHelper()
	createIn(ctx, namespace, fmt.Sprintf(`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding,
		metadata: {name: %[2]s-%[3]s}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %[1]s},
		subjects: [{kind: ServiceAccount, namespace: %[2]s, name: %[3]s}]}`, role, namespace, account))
}

// createIn creates the object of a manifest, as kubectl does with -n, and returns it. It deletes a
// cluster-scoped object after the spec.
func createIn(ctx context.Context, namespace, manifest string) *unstructured.Unstructured {
	GinkgoHelper()
	o := argotest.Object(manifest)
	resource, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	clusterScoped := strings.HasPrefix(o.GetKind(), "Cluster")
	if clusterScoped {
		namespace = ""
	}
	client := dyn.Resource(resource).Namespace(namespace)
	created, err := client.Create(ctx, o, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	if clusterScoped {
		DeferCleanup(func(ctx SpecContext) {
			Expect(client.Delete(ctx, created.GetName(), metav1.DeleteOptions{})).To(Succeed())
		})
	}
	return created
}

// awaitKnown blocks until the API server's authorizer has noticed the account's roles. It checks
// one permission of each, because a role takes effect as a whole.
func (a *account) awaitKnown(ctx context.Context, namespace string) {
	GinkgoHelper()
	var one []workflow.Requirement
	for _, ofCluster := range []bool{false, true} {
		at := slices.IndexFunc(a.granted, func(p workflow.Permission) bool { return p.ClusterScoped() == ofCluster })
		if at >= 0 {
			one = append(one, workflow.Requirement{Permission: a.granted[at]})
		}
	}
	own := must(dynamic.NewForConfig(a.cfg))
	Eventually(ctx, func() error {
		needed := []workflow.OpRequirements{{Op: "any", Requirements: one}}
		return workflow.CheckRequirements(ctx, own, namespace, needed, workflow.CheckOptions{})
	}).Should(Succeed(), a.what)
}
