package specs_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

var _ = Describe("pods of other owners", func() {
	It("become ready and stay", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		labels := map[string]string{"app": "web"}
		deployment := &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: "web"},
			Spec: appsv1.DeploymentSpec{
				Replicas: new(int32(3)),
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: map[string]string{
						// This only has an effect on pods of Workflows.
						envtest.AnnotationDuration: "1ms",
					}},
					Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "any"}}},
				},
			},
		}
		_, err := kube.AppsV1().Deployments(ns).Create(ctx, deployment, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		ready := func(g Gomega) {
			d, err := kube.AppsV1().Deployments(ns).Get(ctx, "web", metav1.GetOptions{})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(d.Status.ReadyReplicas).To(BeEquivalentTo(3))
		}
		Eventually(ctx, ready).Should(Succeed())
		Consistently(ctx, ready, "1s").Should(Succeed())
	}, SpecTimeout(specTimeout))
})

var _ = Describe("pods of Workflows", func() {
	var (
		ns     string
		client dynamic.ResourceInterface
	)
	BeforeEach(func(ctx SpecContext) {
		ns = newNamespace(ctx)
		client = argotest.Workflows(dyn, ns)
	}, NodeTimeout(specTimeout))

	It("end, and hand their outputs to the next step", func(ctx SpecContext) {
		status := awaitPhase(ctx, client, argotest.Create(ctx, client, threeSteps), "Succeeded")
		Expect(node(status, "third")).To(HaveKeyWithValue("outputs", HaveKeyWithValue("parameters",
			ConsistOf(HaveKeyWithValue("value", "abc++")))))
		Expect(status).To(HaveKeyWithValue("progress", "3/3"))
	}, SpecTimeout(specTimeout))

	It("fail with an exit code and a message", func(ctx SpecContext) {
		name := argotest.Create(ctx, client, onePod(map[string]string{
			envtest.AnnotationExitCode: "3",
			envtest.AnnotationMessage:  "disk full",
		}))
		status := awaitPhase(ctx, client, name, "Failed")
		Expect(status).To(HaveKeyWithValue("message", "main: Error (exit code 3): disk full"))
		Expect(node(status, name)).To(HaveKeyWithValue("phase", "Failed"))
	}, SpecTimeout(specTimeout))

	It("report progress while they run", func(ctx SpecContext) {
		name := argotest.Create(ctx, client, onePod(map[string]string{
			envtest.AnnotationDuration: "1h",
			envtest.AnnotationProgress: "3/10",
		}))
		Eventually(ctx, func(g Gomega) {
			status := statusOf(ctx, g, client, name)
			g.Expect(status).To(HaveKeyWithValue("progress", "3/10"))
			g.Expect(status).To(HaveKeyWithValue("phase", "Running"))
		}).Should(Succeed())
	}, SpecTimeout(specTimeout))

	It("have the logs that were written for them", func(ctx SpecContext) {
		argotest.Create(ctx, client, onePod(map[string]string{envtest.AnnotationDuration: "1h"}))
		var pod string
		Eventually(ctx, func(g Gomega) {
			list, err := kube.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(list.Items).To(HaveExactElements(HaveField("Status.Phase", corev1.PodRunning)))
			pod = list.Items[0].Name
		}).Should(Succeed())
		Expect(cluster.WriteLog(ctx, ns, pod, "main", "one", "two")).To(Succeed())
		Expect(cluster.WriteLog(ctx, ns, pod, "wait", "of another")).To(Succeed())
		Expect(cluster.WriteLog(ctx, ns, pod, "main", "three")).To(Succeed())
		read := func(opts *corev1.PodLogOptions) string {
			GinkgoHelper()
			text, err := kube.CoreV1().Pods(ns).GetLogs(pod, opts).DoRaw(ctx)
			Expect(err).NotTo(HaveOccurred())
			return string(text)
		}
		Expect(read(&corev1.PodLogOptions{Container: "main"})).To(Equal("one\ntwo\nthree\n"))
		Expect(read(&corev1.PodLogOptions{Container: "wait"})).To(Equal("of another\n"))
		Expect(read(&corev1.PodLogOptions{Container: "main", TailLines: new(int64(1))})).To(Equal("three\n"))
		Expect(read(&corev1.PodLogOptions{Container: "main", LimitBytes: new(int64(5))})).To(Equal("one\nt"))
		Expect(read(&corev1.PodLogOptions{Container: "main", SinceTime: new(metav1.NewTime(time.Now().Add(time.Hour)))})).To(BeEmpty())
		Expect(read(&corev1.PodLogOptions{Container: "main", Timestamps: true})).To(MatchRegexp(`^\S+T\S+Z one\n`))

		_, err := kube.CoreV1().Pods(ns).GetLogs(pod, &corev1.PodLogOptions{Container: "init"}).DoRaw(ctx)
		Expect(err).To(MatchError(apierrors.IsBadRequest, "IsBadRequest"), "nothing was written for it")
	}, SpecTimeout(specTimeout))

	It("are collected with their Workflow", func(ctx SpecContext) {
		name := argotest.Create(ctx, client, threeSteps)
		awaitPhase(ctx, client, name, "Succeeded")
		pods := func(g Gomega) []corev1.Pod {
			list, err := kube.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
			g.Expect(err).NotTo(HaveOccurred())
			return list.Items
		}
		Eventually(ctx, pods).Should(HaveLen(3))
		background := metav1.DeletePropagationBackground
		Expect(client.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background})).To(Succeed())
		Eventually(ctx, pods).Should(BeEmpty())
	}, SpecTimeout(specTimeout))
})
