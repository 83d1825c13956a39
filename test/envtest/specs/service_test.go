package specs_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// deployService deploys the service to a namespace, with kubectl.
func deployService(ctx context.Context, namespace string) {
	GinkgoHelper()
	const manifests = "service/deploy"
	dir := GinkgoT().TempDir()
	Expect(os.CopyFS(dir, os.DirFS(filepath.Join(examplesDir, manifests)))).To(Succeed())
	kustomization := exampleText(namespace, manifests+"/kustomization.yaml")
	Expect(os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(kustomization), 0o600)).To(Succeed())
	objects := outputOf(exec.CommandContext(ctx, cluster.Kubectl(), "kustomize", dir))
	apply := exec.CommandContext(ctx, cluster.Kubectl(), "--kubeconfig", cluster.Kubeconfig(),
		"apply", "--server-side", "--validate=strict", "-f", "-")
	apply.Stdin = strings.NewReader(objects)
	outputOf(apply)
}

var _ = Describe("examples/service", func() {
	It("can be deployed where pods may do least", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		const restricted = `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`
		mergePatch(ctx, kube.CoreV1().Namespaces(), ns, restricted)
		deployService(ctx, ns)

		Eventually(ctx, kube.AppsV1().Deployments(ns).Get).WithArguments("backfill-service", metav1.GetOptions{}).
			Should(HaveField("Status", And(
				HaveField("ReadyReplicas", BeEquivalentTo(2)), HaveField("AvailableReplicas", BeEquivalentTo(2)),
			)))
		for _, pod := range must(shared.pods(ctx, ns, "app.kubernetes.io/name=backfill-service")) {
			Expect(pod.Spec.ServiceAccountName).To(Equal("backfill-service"))
			Expect(pod.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem).To(HaveValue(BeTrue()))
			Expect(pod.Spec.Volumes).To(ContainElement(HaveField("VolumeSource.ConfigMap.Name", HavePrefix("backfill-service-"))), "it has a hash")
			for _, env := range pod.Spec.Containers[0].Env {
				if env.Name != "GOMEMLIMIT" {
					Expect(env.Value).To(BeEmpty(), env.Name)
				}
			}
		}
		ofService := metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=backfill-service"}
		Expect(must(kube.DiscoveryV1().EndpointSlices(ns).List(ctx, ofService)).Items).
			NotTo(BeEmpty(), "the Service finds the pods")
	}, SpecTimeout(specTimeout))

	It("has an account that may do what it does, and not what it doesn't", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		deployService(ctx, ns)
		account := must(kubernetes.NewForConfig(must(cluster.ServiceAccountConfig(ctx, ns, "backfill-service"))))
		may := func(a authorizationv1.ResourceAttributes) bool {
			GinkgoHelper()
			review := &authorizationv1.SelfSubjectAccessReview{
				Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &a},
			}
			reviews := account.AuthorizationV1().SelfSubjectAccessReviews()
			return must(reviews.Create(ctx, review, metav1.CreateOptions{})).Status.Allowed
		}
		credentials := authorizationv1.ResourceAttributes{Namespace: ns, Verb: "get", Resource: "secrets", Name: "target-credentials"}
		Eventually(ctx, func() bool { return may(credentials) }).Should(BeTrue())
		for _, verb := range []string{"create", "get", "list", "watch", "patch"} {
			Expect(may(authorizationv1.ResourceAttributes{Namespace: ns, Verb: verb, Group: "argoproj.io", Resource: "workflows"})).To(BeTrue(), verb)
		}
		for _, a := range []authorizationv1.ResourceAttributes{
			{Namespace: ns, Verb: "create", Resource: "events"},
			{Namespace: ns, Verb: "get", Resource: "pods", Subresource: "log"},
			{Namespace: ns, Verb: "watch", Resource: "pods"},
			{Namespace: ns, Verb: "get", Group: "apps", Resource: "deployments"},
		} {
			Expect(may(a)).To(BeTrue(), "%+v", a)
		}
		for _, a := range []authorizationv1.ResourceAttributes{
			{Namespace: ns, Verb: "get", Resource: "secrets", Name: "another"},
			{Namespace: ns, Verb: "list", Resource: "secrets"},
			{Namespace: ns, Verb: "delete", Group: "argoproj.io", Resource: "workflows"},
			{Namespace: ns, Verb: "create", Resource: "pods"},
			{Namespace: ns, Verb: "create", Resource: "pods", Subresource: "exec"},
			{Namespace: ns, Verb: "create", Group: "apps", Resource: "deployments"},
			{Namespace: ns, Verb: "list", Resource: "events"},
			{Namespace: "default", Verb: "get", Group: "argoproj.io", Resource: "workflows"},
			{Verb: "list", Resource: "namespaces"},
		} {
			Expect(may(a)).To(BeFalse(), "%+v", a)
		}
	}, SpecTimeout(specTimeout))
})
