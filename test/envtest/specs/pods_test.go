package specs_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
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
		argotest.Create(ctx, dyn.Resource(appsResource("deployments")).Namespace(ns), `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    # The duration only has an effect on pods of Workflows.
    metadata: {labels: {app: web}, annotations: {`+envtest.AnnotationDuration+`: 1ms}}
    spec: {containers: [{name: web, image: any}]}
`)
		deployments := kube.AppsV1().Deployments(ns)
		ready := HaveField("Status.ReadyReplicas", BeEquivalentTo(3))
		Eventually(ctx, deployments.Get).WithArguments("web", metav1.GetOptions{}).Should(ready)
		Consistently(ctx, deployments.Get, "1s").WithArguments("web", metav1.GetOptions{}).Should(ready)
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
		Expect(status).To(HaveKeyWithValue("message", HaveSuffix("Error (exit code 3): disk full")))
		Expect(node(status, name)).To(HaveKeyWithValue("phase", "Failed"))
	}, SpecTimeout(specTimeout))

	It("end in an error if their service account may not report", func(ctx SpecContext) {
		Expect(cluster.CreateServiceAccount(ctx, ns, "mute")).To(Succeed())
		for _, template := range []string{"container: {image: any, command: [\"true\"]}", "resource: {action: get, flags: [configmap/a, --ignore-not-found]}"} {
			name := argotest.Create(ctx, client, oneTemplate("serviceAccountName: mute\n"+template))
			Eventually(ctx, statusOf).WithArguments(client, name).Should(HaveKeyWithValue("message", And(
				MatchRegexp(`^((wait|main): )?Error \(exit code 64\): `),
				ContainSubstring(`User "system:serviceaccount:`+ns+`:mute" cannot create resource "workflowtaskresults"`),
			)))
		}
	}, SpecTimeout(specTimeout))

	It("report progress while they run", func(ctx SpecContext) {
		name := argotest.Create(ctx, client, onePod(map[string]string{
			envtest.AnnotationDuration: "1h",
			envtest.AnnotationProgress: "3/10",
		}))
		Eventually(ctx, statusOf).WithArguments(client, name).
			Should(And(HaveKeyWithValue("progress", "3/10"), HaveKeyWithValue("phase", "Running")))
	}, SpecTimeout(specTimeout))

	It("have the logs that were written for them", func(ctx SpecContext) {
		argotest.Create(ctx, client, onePod(map[string]string{envtest.AnnotationDuration: "1h"}))
		pod := shared.runningPod(ctx, ns)
		Expect(cluster.WriteLog(ctx, ns, pod, "main", "one", "two")).To(Succeed())
		Expect(cluster.WriteLog(ctx, ns, pod, "wait", "of another")).To(Succeed())
		Expect(cluster.WriteLog(ctx, ns, pod, "main", "three")).To(Succeed())
		read := func(opts *corev1.PodLogOptions) string {
			GinkgoHelper()
			return string(must(kube.CoreV1().Pods(ns).GetLogs(pod, opts).DoRaw(ctx)))
		}
		Expect(read(&corev1.PodLogOptions{Container: "main"})).To(Equal("one\ntwo\nthree\n"))
		Expect(read(&corev1.PodLogOptions{Container: "wait"})).To(Equal("of another\n"))
		Expect(read(&corev1.PodLogOptions{Container: "main", TailLines: new(int64(1))})).To(Equal("three\n"))
		Expect(read(&corev1.PodLogOptions{Container: "main", LimitBytes: new(int64(5))})).To(Equal("one\nt"))
		Expect(read(&corev1.PodLogOptions{Container: "main", SinceTime: new(metav1.NewTime(time.Now().Add(time.Hour)))})).To(BeEmpty())
		Expect(read(&corev1.PodLogOptions{Container: "main", Timestamps: true})).To(MatchRegexp(`^\S+T\S+Z one\n`))

		Expect(second(kube.CoreV1().Pods(ns).GetLogs(pod, &corev1.PodLogOptions{Container: "init"}).DoRaw(ctx))).
			To(MatchError(apierrors.IsBadRequest, "IsBadRequest"), "nothing was written for it")
	}, SpecTimeout(specTimeout))

	It("are collected with their Workflow", func(ctx SpecContext) {
		name := argotest.Create(ctx, client, threeSteps)
		awaitPhase(ctx, client, name, "Succeeded")
		Eventually(ctx, shared.pods).WithArguments(ns, "").Should(HaveLen(3))
		background := metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationBackground)}
		Expect(client.Delete(ctx, name, background)).To(Succeed())
		Eventually(ctx, shared.pods).WithArguments(ns, "").Should(BeEmpty())
	}, SpecTimeout(specTimeout))
})
