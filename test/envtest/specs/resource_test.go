package specs_test

import (
	"context"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

var _ = Describe("resource templates", func() {
	var (
		ns     string
		client dynamic.ResourceInterface
	)
	BeforeEach(func(ctx SpecContext) {
		ns = newNamespace(ctx)
		client = argotest.Workflows(dyn, ns)
		allowConfigMaps(ctx, cluster, ns, ns, "default")
	}, NodeTimeout(specTimeout))

	configMap := func(ctx context.Context, name string) *corev1.ConfigMap {
		GinkgoHelper()
		return must(kube.CoreV1().ConfigMaps(ns).Get(ctx, name, metav1.GetOptions{}))
	}
	makeConfigMap := func(ctx context.Context, name, state string) {
		GinkgoHelper()
		must(kube.CoreV1().ConfigMaps(ns).Create(ctx, stateConfigMap(name, state), metav1.CreateOptions{}))
	}
	setState := func(ctx context.Context, name, state string) {
		GinkgoHelper()
		must(kube.CoreV1().ConfigMaps(ns).Update(ctx, stateConfigMap(name, state), metav1.UpdateOptions{}))
	}
	// run runs a workflow of one resource template to its end, and returns its only node.
	run := func(ctx context.Context, phase, template string) map[string]any {
		GinkgoHelper()
		name := argotest.Create(ctx, client, oneTemplate(template))
		return node(awaitPhase(ctx, client, name, phase), name)
	}

	It("create an object that the workflow owns, and put out what it has become", func(ctx SpecContext) {
		name := argotest.Create(ctx, client, oneTemplate(`
resource:
  action: create
  setOwnerReference: true
  manifest: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {generateName: made-}
    data: {state: working}
outputs:
  parameters:
  - {name: name, valueFrom: {jsonPath: "{.metadata.name}"}}
  - {name: state, globalName: state, valueFrom: {jsonPath: "{.data.state}"}}
  - {name: other, valueFrom: {jsonPath: "{.data.other}"}}
`))
		status := awaitPhase(ctx, client, name, "Succeeded")
		all := must(kube.CoreV1().ConfigMaps(ns).List(ctx, metav1.ListOptions{})).Items
		at := slices.IndexFunc(all, func(cm corev1.ConfigMap) bool { return strings.HasPrefix(cm.Name, "made-") })
		Expect(at).NotTo(Equal(-1))
		made := all[at]
		Expect(made.OwnerReferences).To(HaveExactElements(And(HaveField("Kind", "Workflow"), HaveField("Name", name))))
		Expect(node(status, name)).To(HaveKeyWithValue("outputs", HaveKeyWithValue("parameters", ConsistOf(
			HaveKeyWithValue("value", made.Name), HaveKeyWithValue("value", "working"), HaveKeyWithValue("value", ""),
		))))
		Expect(status).To(HaveKeyWithValue("outputs", HaveKeyWithValue("parameters", ConsistOf(
			And(HaveKeyWithValue("name", "state"), HaveKeyWithValue("value", "working")),
		))))
	}, SpecTimeout(specTimeout))

	It("wait for a condition", func(ctx SpecContext) {
		makeConfigMap(ctx, "work", "begun")
		name := argotest.Create(ctx, client, oneTemplate(getWork))
		awaitPhase(ctx, client, name, "Running")
		Consistently(ctx, statusOf, "1s").WithArguments(client, name).Should(HaveKeyWithValue("phase", "Running"))
		setState(ctx, "work", "done")
		awaitPhase(ctx, client, name, "Succeeded")

		setState(ctx, "work", "failed")
		Expect(run(ctx, "Failed", getWork)).To(HaveKeyWithValue("message",
			HaveSuffix("Error (exit code 64): failure condition '{data.state in [failed working]}' evaluated true")))
	}, SpecTimeout(specTimeout))

	It("are tried again until a condition has changed", func(ctx SpecContext) {
		makeConfigMap(ctx, "work", "working")
		name := argotest.Create(ctx, client, oneTemplate(`
retryStrategy: {limit: "100", retryPolicy: Always, backoff: {duration: 1s, factor: "1"}}`+getWork))
		Eventually(ctx, statusOf).WithArguments(client, name).Should(HaveKeyWithValue("nodes", ContainElement(
			And(HaveKeyWithValue("displayName", name+"(1)"), HaveKeyWithValue("phase", "Failed")))))
		setState(ctx, "work", "done")
		status := awaitPhase(ctx, client, name, "Succeeded")
		Expect(node(status, name)).To(HaveKeyWithValue("phase", "Succeeded"))
		Expect(node(status, name+"(0)")).To(HaveKeyWithValue("phase", "Failed"))
	}, SpecTimeout(specTimeout))

	It("apply and patch", func(ctx SpecContext) {
		apply := configMapTemplate("apply", "work", "state: working")
		run(ctx, "Succeeded", apply)
		run(ctx, "Succeeded", configMapTemplate("patch", "work", "state: done, more: x")+`  mergeStrategy: merge`)
		Expect(configMap(ctx, "work").Data).To(Equal(map[string]string{"state": "done", "more": "x"}))
		run(ctx, "Succeeded", `
resource:
  action: patch
  mergeStrategy: json
  flags: [configmap, work]
  manifest: |
    - {op: remove, path: /data/more}
`)
		Expect(configMap(ctx, "work").Data).To(Equal(map[string]string{"state": "done"}))
		run(ctx, "Succeeded", apply)
		Expect(configMap(ctx, "work").Data).To(Equal(map[string]string{"state": "working"}))
	}, SpecTimeout(specTimeout))

	It("delete objects, and don't mind those that aren't there", func(ctx SpecContext) {
		makeConfigMap(ctx, "a", "")
		makeConfigMap(ctx, "b", "")
		const deletion = `
resource:
  action: delete
  flags: [--cascade=foreground]
` + twoConfigMaps
		for range 2 {
			run(ctx, "Succeeded", deletion)
			for _, name := range []string{"a", "b"} {
				Expect(second(kube.CoreV1().ConfigMaps(ns).Get(ctx, name, metav1.GetOptions{}))).
					To(MatchError(apierrors.IsNotFound, "IsNotFound"))
			}
		}
	}, SpecTimeout(specTimeout))

	It("fail like kubectl, and where the service account may not", func(ctx SpecContext) {
		Expect(run(ctx, "Failed", getWork)).To(HaveKeyWithValue("message",
			HaveSuffix(`Error (exit code 64): no more retries Error from server (NotFound): configmaps "work" not found`)))
		Expect(run(ctx, "Failed", `
resource: {action: get, flags: [secret, work]}
`)).To(HaveKeyWithValue("message", ContainSubstring("Error (exit code 64): no more retries Error from server (Forbidden): secrets \"work\" is forbidden: "+
			`User "system:serviceaccount:`+ns+`:default" cannot get resource "secrets"`)))
		run(ctx, "Succeeded", `
resource: {action: get, flags: [configmap/work, --ignore-not-found]}
`)
		Expect(run(ctx, "Failed", `
resource:
  action: create
`+twoConfigMaps)).To(HaveKeyWithValue("message",
			ContainSubstring("create of 2 objects was done, but Argo's executor fails then")))
		configMap(ctx, "b")
	}, SpecTimeout(specTimeout))

	It("may be too long for a pod's environment", func(ctx SpecContext) {
		// Argo's own role lacks this permission. With that role, such a workflow ends in an error.
		allowConfigMaps(ctx, cluster, ns, envtest.ArgoNamespace, "argo")
		text := strings.Repeat("x", 150_000)
		run(ctx, "Succeeded", configMapTemplate("create", "long", "text: "+text))
		Expect(configMap(ctx, "long").Data).To(HaveKeyWithValue("text", text))
	}, SpecTimeout(specTimeout))

	It("end with their pod", func(ctx SpecContext) {
		makeConfigMap(ctx, "work", "begun")
		argotest.Create(ctx, client, oneTemplate(getWork))
		pod := shared.runningPod(ctx, ns)
		Expect(kube.CoreV1().Pods(ns).Delete(ctx, pod, metav1.DeleteOptions{})).To(Succeed())
		Eventually(ctx, func() string { return cluster.LogTails(tailLines) }).Should(
			ContainSubstring("pod %s/%s: get of a resource ended early: the pod is being deleted", ns, pod))
	}, SpecTimeout(specTimeout))

	It("go on after the API server was away", labelRare, func(ctx SpecContext) {
		own := startCluster(ctx, envtest.Options{})
		allowConfigMaps(ctx, own.Cluster, "default", "default", "default")
		configMaps := own.kube.CoreV1().ConfigMaps("default")
		must(configMaps.Create(ctx, stateConfigMap("work", "begun"), metav1.CreateOptions{}))
		client := argotest.Workflows(own.dyn, "default")
		name := argotest.Create(ctx, client, oneTemplate(getWork))
		own.runningPod(ctx, "default")

		Expect(own.Kill(ctx, envtest.PartAPIServer)).To(Succeed())
		Eventually(ctx, func() string { return own.LogTails(tailLines) }).Should(ContainSubstring("connection refused; trying again"))
		Expect(own.Restart(ctx, envtest.PartAPIServer)).To(Succeed())
		Eventually(ctx, func() error {
			return second(configMaps.Update(ctx, stateConfigMap("work", "done"), metav1.UpdateOptions{}))
		}).Should(Succeed())
		awaitPhase(ctx, client, name, "Succeeded")
	}, SpecTimeout(startTimeout))
})

// getWork gets the ConfigMap work and succeeds when the work is done.
const getWork = `
resource:
  action: get
  manifest: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: work}
  successCondition: data.state == done
  failureCondition: data.state in (working, failed)
`

// twoConfigMaps is a manifest of two objects, in a resource template.
const twoConfigMaps = `
  manifest: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: a}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: b}
`

// configMapTemplate returns a resource template for a ConfigMap with the given data.
func configMapTemplate(action, name, data string) string {
	return `
resource:
  action: ` + action + `
  manifest: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: ` + name + `}
    data: {` + data + `}
`
}

// stateConfigMap returns a ConfigMap that has the state of some work.
func stateConfigMap(name, state string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"state": state}}
}

// oneTemplate returns a workflow with one template.
func oneTemplate(template string) string {
	GinkgoHelper()
	main := mapping(template)
	main["name"] = "main"
	return string(must(yaml.Marshal(map[string]any{
		"apiVersion": "argoproj.io/v1alpha1",
		"kind":       "Workflow",
		"metadata":   map[string]any{"generateName": "one-template-"},
		"spec":       map[string]any{"entrypoint": "main", "templates": []any{main}},
	})))
}

// allowConfigMaps grants a service account all verbs on a namespace's ConfigMaps.
func allowConfigMaps(ctx context.Context, c *envtest.Cluster, namespace, accountNamespace, account string) {
	GinkgoHelper()
	Expect(c.Grant(ctx, namespace, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: accountNamespace, Name: account},
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"*"}})).To(Succeed())
}
