package specs_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

const serviceManifests = "../../../examples/service/deploy"

// kustomized returns the service's manifests for a namespace, as built by kubectl.
func kustomized(ctx context.Context, namespace string) string {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	Expect(os.CopyFS(dir, os.DirFS(serviceManifests))).To(Succeed())
	path := filepath.Join(dir, "kustomization.yaml")
	data, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	Expect(string(data)).To(ContainSubstring("\nnamespace: ma\n"))
	data = []byte(strings.Replace(string(data), "\nnamespace: ma\n", "\nnamespace: "+namespace+"\n", 1))
	Expect(os.WriteFile(path, data, 0o600)).To(Succeed())
	out, err := exec.CommandContext(ctx, cluster.Kubectl(), "kustomize", dir).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return string(out)
}

var _ = Describe("examples/service", func() {
	It("can be deployed where pods may do least", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		const restricted = `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`
		_, err := kube.CoreV1().Namespaces().Patch(ctx, ns, types.MergePatchType, []byte(restricted), metav1.PatchOptions{})
		Expect(err).NotTo(HaveOccurred())

		apply := exec.CommandContext(ctx, cluster.Kubectl(), "--kubeconfig", cluster.Kubeconfig(), "apply", "--server-side", "--validate=strict", "-f", "-")
		apply.Stdin = strings.NewReader(kustomized(ctx, ns))
		out, err := apply.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))

		Eventually(ctx, func() (appsv1.DeploymentStatus, error) {
			d, err := kube.AppsV1().Deployments(ns).Get(ctx, "backfill-service", metav1.GetOptions{})
			if err != nil {
				return appsv1.DeploymentStatus{}, err
			}
			return d.Status, nil
		}).Should(And(HaveField("ReadyReplicas", BeNumerically("==", 2)), HaveField("AvailableReplicas", BeNumerically("==", 2))))

		pods, err := kube.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=backfill-service"})
		Expect(err).NotTo(HaveOccurred())
		for _, pod := range pods.Items {
			Expect(pod.Spec.ServiceAccountName).To(Equal("backfill-service"))
			Expect(pod.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem).To(HaveValue(BeTrue()))
			Expect(pod.Spec.Volumes).To(ContainElement(HaveField("VolumeSource.ConfigMap.Name", HavePrefix("backfill-service-"))), "it has a hash")
			for _, env := range pod.Spec.Containers[0].Env {
				if env.Name != "GOMEMLIMIT" {
					Expect(env.Value).To(BeEmpty(), env.Name)
				}
			}
		}
		slices, err := kube.DiscoveryV1().EndpointSlices(ns).List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=backfill-service"})
		Expect(err).NotTo(HaveOccurred())
		Expect(slices.Items).NotTo(BeEmpty(), "the Service finds the pods")
	}, SpecTimeout(specTimeout))

	It("has an account that may do what it does, and not what it doesn't", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		apply := exec.CommandContext(ctx, cluster.Kubectl(), "--kubeconfig", cluster.Kubeconfig(), "apply", "--server-side", "-f", "-")
		apply.Stdin = strings.NewReader(kustomized(ctx, ns))
		out, err := apply.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
		cfg, err := cluster.ServiceAccountConfig(ctx, ns, "backfill-service")
		Expect(err).NotTo(HaveOccurred())
		account, err := kubernetes.NewForConfig(cfg)
		Expect(err).NotTo(HaveOccurred())
		may := func(a authorizationv1.ResourceAttributes) bool {
			GinkgoHelper()
			review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &a}}
			answer, err := account.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
			Expect(err).NotTo(HaveOccurred())
			return answer.Status.Allowed
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
