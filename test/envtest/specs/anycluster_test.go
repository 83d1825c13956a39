package specs_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

const (
	anyCluster       = "../anycluster"
	nothingPassed    = 3 // exit code
	ownRunsNamespace = "argoservice-conformance-"
	oneSpec          = "-ginkgo.focus=native client Start starts a workflow that runs to its end"
)

// The suite for any cluster runs as its users run it: as a process with a kubeconfig. Whoever they
// are, what was there before is unchanged afterwards, and nothing else is there.
var _ = Describe("the suite for any cluster", Ordered, ContinueOnFailure, labelRare, first, func() {
	var (
		c                   *testCluster
		suite               string
		namespaced, cluster []rbacv1.PolicyRule // of the role in its documentation
	)
	BeforeAll(func(ctx SpecContext) {
		suite = filepath.Join(GinkgoT().TempDir(), "suite")
		outputOf(exec.CommandContext(ctx, "go", "test", "-C", anyCluster, "-c", "-o", suite, "."))
		var of [2]rbacv1.ClusterRole
		for i, document := range strings.Split(string(must(os.ReadFile(anyCluster+"/role.yaml"))), "\n---\n") {
			Expect(yaml.UnmarshalStrict([]byte(document), &of[i])).To(Succeed())
		}
		namespaced, cluster = of[0].Rules, of[1].Rules
		c = startCluster(ctx, envtest.Options{})
	}, NodeTimeout(startTimeout))

	// begin starts the suite with a kubeconfig.
	begin := func(kubeconfig string, args ...string) *gexec.Session {
		GinkgoHelper()
		cmd := exec.Command(suite, append([]string{"-test.timeout=0", "-kubeconfig", kubeconfig}, args...)...)
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(c.Kubectl())+":"+os.Getenv("PATH"))
		session := must(gexec.Start(cmd, GinkgoWriter, GinkgoWriter))
		DeferCleanup(func() { session.Kill() })
		return session
	}
	// ends waits for a run's exit code, and returns its output.
	ends := func(ctx context.Context, session *gexec.Session, code int) string {
		GinkgoHelper()
		Eventually(session).WithContext(ctx).WithTimeout(lengthTimeout).Should(gexec.Exit(code))
		return string(session.Out.Contents())
	}
	// user makes a user with these permissions in a namespace, or in all, and returns the kubeconfig.
	user := func(ctx context.Context, namespace string, rules ...rbacv1.PolicyRule) string {
		GinkgoHelper()
		const home = "default"
		name := "user-" + rand.String(8)
		Expect(c.CreateServiceAccount(ctx, home, name)).To(Succeed())
		subject := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: home, Name: name}
		if namespace != "" {
			Expect(c.Grant(ctx, namespace, subject, rules...)).To(Succeed())
		} else {
			meta := metav1.ObjectMeta{Name: name}
			must(c.kube.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}))
			must(c.kube.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
				ObjectMeta: meta, Subjects: []rbacv1.Subject{subject},
				RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
			}, metav1.CreateOptions{}))
		}
		return must(c.WriteKubeconfig(name, must(c.ServiceAccountConfig(ctx, home, name))))
	}
	// touchesNothing expects that the cluster has the same objects afterwards.
	touchesNothing := func(ctx context.Context, runs func()) {
		GinkgoHelper()
		var before map[string]string
		Eventually(ctx, func() bool { // controllers have done what the preparation asks for
			earlier := before
			before = c.versions(ctx)
			return maps.Equal(earlier, before)
		}).Should(BeTrue())
		runs()
		Eventually(ctx, func(g Gomega) { // garbage is collected
			after := c.versions(ctx)
			g.Expect(after).To(Equal(before))
		}).Should(Succeed())
	}

	It("runs what the user and the cluster permit, and says why it skips the rest", func(ctx SpecContext) {
		noRoles, noPods := c.newNamespace(ctx), c.newNamespace(ctx)
		argotest.Create(ctx, c.dyn.Resource(schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"}).Namespace(noPods),
			`{apiVersion: v1, kind: ResourceQuota, metadata: {name: no-pods}, spec: {hard: {pods: "0"}}}`)
		withoutRoles := slices.DeleteFunc(slices.Clone(namespaced), func(rule rbacv1.PolicyRule) bool {
			return rule.APIGroups[0] == rbacv1.GroupName
		})
		all := user(ctx, "", append(slices.Clone(namespaced), cluster...)...)
		limited, podless := user(ctx, noRoles, withoutRoles...), user(ctx, noPods, namespaced...)
		const native = "-ginkgo.focus=native client"
		touchesNothing(ctx, func() {
			file := filepath.Join(GinkgoT().TempDir(), "report")
			sessions := []*gexec.Session{ // side by side
				begin(all, "-report", file, native+"|kubectl client Start starts a workflow that runs to its end"),
				begin(limited, "-namespace", noRoles, native),
				begin(podless, "-namespace", noPods, "-pod-timeout=10s", native),
			}
			Expect(ends(ctx, sessions[0], 0)).To(And(ContainSubstring("- needs-logs: "), ContainSubstring("- needs-gate-objects: "), ContainSubstring("| kubectl client: Start | 1 | 0 |"),
				MatchRegexp(`\| native client: Start \| \d+ \| 0 \| 0 \|`), Not(ContainSubstring("not permitted"))))
			Expect(string(must(os.ReadFile(file)))).To(ContainSubstring("user: system:serviceaccount:default:"))
			Expect(ends(ctx, sessions[1], 0)).To(And(
				MatchRegexp("- needs-accounts: not permitted: .*create roles.rbac.authorization.k8s.io"), ContainSubstring("- needs-cluster-templates: "),
				ContainSubstring("- needs-namespaces: "), Not(ContainSubstring("- needs-pods: ")), Not(ContainSubstring("- needs-quotas: "))))
			Expect(ends(ctx, sessions[2], 0)).To(MatchRegexp("- needs-pods: .*exceeded quota: no-pods"))
		})
	}, SpecTimeout(2*lengthTimeout))

	It("runs nothing for users who may not make what it needs, and changes nothing", func(ctx SpecContext) {
		given := c.newNamespace(ctx)
		reading := slices.Clone(namespaced)
		for i := range reading {
			reading[i].Verbs = []string{"get", "list", "watch"}
		}
		reader, tenant := user(ctx, "", reading...), user(ctx, given, namespaced...)
		touchesNothing(ctx, func() {
			Expect(ends(ctx, begin(reader, "-namespace", given), nothingPassed)).To(MatchRegexp("- cluster: not permitted: .*create workflows"))
			Expect(ends(ctx, begin(tenant), nothingPassed)).To(MatchRegexp("create namespaces.*; NAMESPACE can name"))
			Expect(ends(ctx, begin(c.Kubeconfig(), "-context", "none"), 1)).To(ContainSubstring(`CONTEXT can be one of ["envtest"]`))
		})
	}, SpecTimeout(lengthTimeout))

	It("says what is wrong before it makes anything", func(ctx SpecContext) {
		touchesNothing(ctx, func() {
			for said, spoil := range map[string]func(*clientcmdapi.Cluster){
				"must have no user or password": func(of *clientcmdapi.Cluster) {
					of.Server = strings.Replace(of.Server, "://", "://anna7:hunter2@", 1)
				},
				"proxy-url must be": func(of *clientcmdapi.Cluster) { of.ProxyURL = "ftp://anna7:hunter2@proxy.example" },
			} {
				file := must(clientcmd.LoadFromFile(c.Kubeconfig()))
				for _, of := range file.Clusters {
					spoil(of)
				}
				spoilt := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
				Expect(clientcmd.WriteToFile(*file, spoilt)).To(Succeed())
				session := begin(spoilt)
				Expect(ends(ctx, session, 1) + string(session.Err.Contents())).To(And(
					ContainSubstring(said), Not(ContainSubstring("hunter2")), Not(ContainSubstring("anna7"))))
			}
			Expect(ends(ctx, begin(c.Kubeconfig(), "-report", "/there/is/none"), 1)).To(And(
				ContainSubstring("/there/is/none: no such file"), Not(ContainSubstring("# Conformance"))))
			Expect(ends(ctx, begin(c.Kubeconfig(), "-namespace", "nowhere"), 1)).To(ContainSubstring(`namespaces "nowhere" not found`))
		})
	}, SpecTimeout(lengthTimeout))

	It("uses no namespace that has workflows, or that another run uses", func(ctx SpecContext) {
		given := c.newNamespace(ctx)
		foreign := argotest.Create(ctx, argotest.Workflows(c.dyn, given), gatedWorkflow)
		awaitPhase(ctx, argotest.Workflows(c.dyn, given), foreign, "Running")
		touchesNothing(ctx, func() {
			Expect(ends(ctx, begin(c.Kubeconfig(), "-namespace", given), 1)).To(And(
				ContainSubstring("it has Workflow "+foreign), Not(ContainSubstring("kubectl delete"))))
		})
		given = c.newNamespace(ctx)
		touchesNothing(ctx, func() {
			one := begin(c.Kubeconfig(), "-namespace", given, oneSpec)
			Eventually(one.Out).WithContext(ctx).WithTimeout(soon).Should(gbytes.Say("Argo's resource definitions: " + string(c.Definitions())))
			one.Signal(syscall.SIGSTOP) // it cleans up nothing
			said := ends(ctx, begin(c.Kubeconfig(), "-namespace", given, oneSpec), 1)
			Expect(said).To(ContainSubstring("is in use"))
			Eventually(one.Kill()).Should(gexec.Exit())
			remove := exec.CommandContext(ctx, "sh", "-c", regexp.MustCompile("kubectl delete .*").FindString(said))
			remove.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig(), "PATH="+filepath.Dir(c.Kubectl())+":"+os.Getenv("PATH"))
			Expect(outputOf(remove)).To(ContainSubstring("deleted"))
		})
	}, SpecTimeout(lengthTimeout))

	It("cleans up after Ctrl-C, and says what it could not remove", func(ctx SpecContext) {
		touchesNothing(ctx, func() {
			session := begin(c.Kubeconfig())
			Eventually(session.Out).WithContext(ctx).WithTimeout(soon).Should(gbytes.Say("•"))
			Expect(ends(ctx, session.Interrupt(), 1)).To(ContainSubstring("not selected or interrupted"))

			session = begin(c.Kubeconfig(), "-cleanup-timeout=30s")
			Eventually(session.Out).WithContext(ctx).WithTimeout(soon).Should(gbytes.Say("•"))
			runs := slices.DeleteFunc(must(c.kube.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})).Items, func(ns corev1.Namespace) bool {
				return !strings.HasPrefix(ns.Name, ownRunsNamespace)
			})
			Expect(runs).To(HaveLen(1))
			configMaps := c.kube.CoreV1().ConfigMaps(runs[0].Name)
			must(configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "held", Finalizers: []string{"spec.test/held"}}}, metav1.CreateOptions{}))
			Expect(ends(ctx, session.Interrupt(), 1)).To(And(
				ContainSubstring("kubectl delete namespaces,clusterworkflowtemplates -l argoservice-conformance/run="+runs[0].Labels["argoservice-conformance/run"]), ContainSubstring("spec.test/held in 1 resource instances")))
			must(configMaps.Patch(ctx, "held", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}))
		})
	}, SpecTimeout(lengthTimeout))

	It("runs nothing without a controller, or without Argo", func(ctx SpecContext) {
		c := startCluster(ctx, envtest.Options{Parts: envtest.Controllers})
		Expect(ends(ctx, begin(c.Kubeconfig(), "-controller-timeout=5s"), nothingPassed)).To(ContainSubstring("no controller acts on a workflow"))
		definitions := c.dyn.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
		Expect(definitions.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})).To(Succeed())
		Eventually(ctx, func() error {
			return second(c.kube.Discovery().ServerResourcesForGroupVersion("argoproj.io/v1alpha1"))
		}).ShouldNot(Succeed())
		Expect(ends(ctx, begin(c.Kubeconfig()), nothingPassed)).To(ContainSubstring("Argo's resource definitions are not installed"))
		for _, ns := range must(c.kube.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})).Items {
			Expect(ns.Name).NotTo(HavePrefix(ownRunsNamespace))
		}
	}, SpecTimeout(lengthTimeout))
})

// versions returns the UID and resourceVersion of all objects, except for those that a cluster changes
// by itself.
func (c *testCluster) versions(ctx context.Context) map[string]string {
	GinkgoHelper()
	all := map[string]string{}
	for _, group := range must(c.kube.Discovery().ServerPreferredResources()) {
		version := must(schema.ParseGroupVersion(group.GroupVersion))
		for _, resource := range group.APIResources {
			if !slices.Contains(resource.Verbs, "list") || slices.Contains([]string{"events", "leases", "nodes", "componentstatuses", "endpoints"}, resource.Name) {
				continue
			}
			for _, o := range must(c.dyn.Resource(version.WithResource(resource.Name)).List(ctx, metav1.ListOptions{})).Items {
				all[fmt.Sprint(resource.Name, " ", o.GetNamespace(), "/", o.GetName())] = string(o.GetUID()) + " " + o.GetResourceVersion()
			}
		}
	}
	return all
}
