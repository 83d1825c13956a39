package specs_test

import (
	"context"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// bulkLoad is a run of one of the example's templates in the spec's own namespace.
type bulkLoad struct {
	namespace string
	client    *workflow.WorkflowClient
	name      string // of the workflow
}

// startBulkLoad installs the example's manifests and starts a template for the session s1 with
// three workers. The credentials for target and coordinator come from the named Secret, or are given
// directly if secret is empty.
func startBulkLoad(ctx context.Context, template, secret string) *bulkLoad {
	GinkgoHelper()
	b := &bulkLoad{namespace: newNamespace(ctx)}
	b.client = nativeClient(cluster.Config(), b.namespace)
	applyExample(ctx, b.namespace, "backfill/manifests/bulk-load.yaml")
	applyExample(ctx, b.namespace, "backfill/manifests/bulk-load-replicaset.yaml")
	b.name = must(b.client.Start(ctx, workflow.StartRequest{Template: template, Parameters: map[string]any{
		"session-name": "s1", "snapshot-name": "nightly", "source-version": "ES 7.10.2",
		"s3-repo-uri": "s3://bucket/nightly", "s3-region": "us-east-2",
		"target-host": "https://target.example:9200", "target-password": `a "quoted" one: {}`, "target-secret": secret,
		"coordinator-host": "https://coordinator.example:9200", "coordinator-secret": secret,
		"image-config":             map[string]any{"reindex-from-snapshot": map[string]any{"image": "migrations/rfs:1"}},
		"use-localstack-aws-creds": false, "replicas": 3,
	}})).Name
	b.wait(ctx, workflow.Suspended)
	return b
}

func (b *bulkLoad) wait(ctx context.Context, until workflow.Condition) *status.WorkflowStatus {
	GinkgoHelper()
	return must(b.client.Wait(ctx, b.name, until))
}

// approve passes the gate, and returns the workers once they run.
func (b *bulkLoad) approve(ctx context.Context) []corev1.Pod {
	GinkgoHelper()
	must(b.client.Approve(ctx, b.name, workflow.Decision{All: true, Outputs: map[string]any{"approved-by": "ann"}}))
	Eventually(ctx, b.workers).Should(And(HaveLen(3), HaveEach(HaveField("Status.Phase", corev1.PodRunning))))
	return must(b.workers(ctx))
}

func (b *bulkLoad) workers(ctx context.Context) ([]corev1.Pod, error) {
	return shared.pods(ctx, b.namespace, "app=bulk-loader")
}

// setState sets the state of the work.
func (b *bulkLoad) setState(ctx context.Context, state string) {
	GinkgoHelper()
	mergePatch(ctx, kube.CoreV1().ConfigMaps(b.namespace), "s1-work", `{"data":{"state":"`+state+`"}}`)
}

// awaitAttempt blocks until a check has found the work unfinished.
func (b *bulkLoad) awaitAttempt(ctx context.Context) {
	GinkgoHelper()
	Eventually(ctx, b.client.Get).WithArguments(b.name).Should(WithTransform(ends, HaveKeyWithValue(
		"wait-for-completion(0)",
		failedWith("failure condition '{data.state == [working]}' evaluated true"),
	)))
}

// failedWith matches the end of a resource template that has failed. Argo 3.6 does not name the container.
func failedWith(message string) OmegaMatcher {
	return MatchRegexp(`^Failed (main: )?Error \(exit code 64\): ` + regexp.QuoteMeta(message) + "$")
}

// ends returns the phases and messages of a workflow's nodes, by display name.
func ends(st *status.WorkflowStatus) map[string]string {
	all := map[string]string{}
	for _, n := range st.Nodes {
		all[n.DisplayName] = strings.TrimSpace(string(n.Phase) + " " + n.Message)
	}
	return all
}

// expectNoWorkers expects that the workers ended with the workflow.
func (b *bulkLoad) expectNoWorkers(ctx context.Context, workload schema.GroupVersionResource) {
	GinkgoHelper()
	Expect(must(dyn.Resource(workload).Namespace(b.namespace).List(ctx, metav1.ListOptions{})).Items).To(BeEmpty())
	Expect(b.workers(ctx)).To(BeEmpty())
}

var _ = DescribeTableSubtree("bulk load", func(template, resource, name string, labels map[string]string) {
	workload := appsResource(resource)
	var b *bulkLoad
	BeforeEach(func(ctx SpecContext) { b = startBulkLoad(ctx, template, "") }, NodeTimeout(specTimeout))

	It("has its workers take credentials from a Secret", func(ctx SpecContext) {
		b := startBulkLoad(ctx, template, "creds")
		env := b.approve(ctx)[0].Spec.Containers[0].Env
		for name, key := range map[string]string{
			"TARGET_USERNAME": "username", "TARGET_PASSWORD": "password", "COORDINATOR_USERNAME": "username", "COORDINATOR_PASSWORD": "password",
		} {
			Expect(env).To(ContainElement(corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{
				SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "creds"}, Key: key},
			}}))
		}
	}, SpecTimeout(specTimeout))

	It("runs its workers until the work is done", func(ctx SpecContext) {
		workers := b.approve(ctx)
		object := must(dyn.Resource(workload).Namespace(b.namespace).Get(ctx, name, metav1.GetOptions{}))
		Expect(object.GetLabels()).To(And(HaveKeyWithValue("workflows.argoproj.io/workflow", b.name), Not(BeEmpty())))
		for key, value := range labels {
			Expect(object.GetLabels()).To(HaveKeyWithValue(key, value))
		}
		Expect(object.GetOwnerReferences()).To(HaveExactElements(And(HaveField("Kind", "Workflow"), HaveField("Name", b.name))))
		container := workers[0].Spec.Containers[0]
		Expect(container.Image).To(Equal("migrations/rfs:1"))
		Expect(container.Env).To(ContainElements(
			corev1.EnvVar{Name: "SESSION_NAME", Value: "s1"}, corev1.EnvVar{Name: "COORDINATOR_HOST", Value: "https://coordinator.example:9200"},
			corev1.EnvVar{Name: "TARGET_PASSWORD", Value: `a "quoted" one: {}`},
		))

		By("reading what a worker writes as the workflow's own log")
		Expect(cluster.WriteLog(ctx, b.namespace, workers[0].Name, container.Name, "reindexing")).To(Succeed())
		var lines []workflow.LogLine
		for line, err := range b.client.Logs(ctx, b.name, workflow.LogOptions{Containers: []string{container.Name}}) {
			Expect(err).NotTo(HaveOccurred())
			lines = append(lines, line)
		}
		Expect(lines).To(HaveExactElements(And(HaveField("Text", "reindexing"), HaveField("Pod", workers[0].Name))))

		b.awaitAttempt(ctx)
		b.setState(ctx, "done")
		st := b.wait(ctx, workflow.Completed)
		Expect(st.Outcome()).To(Equal(status.OutcomeSucceeded))
		Expect(st.Outputs.Parameters).To(ContainElement(status.Parameter{Name: "approved-by", Value: "ann", Set: true}))
		b.expectNoWorkers(ctx, workload)
	}, SpecTimeout(startTimeout))

	It("fails when the work does", func(ctx SpecContext) {
		b.approve(ctx)
		b.setState(ctx, "failed")
		st := b.wait(ctx, workflow.Completed)
		Expect(st.Outcome()).To(Equal(status.OutcomeFailed))
		Expect(ends(st)).To(And(
			HaveKeyWithValue("wait-for-completion", "Succeeded"),
			HaveKeyWithValue("verify", failedWith("failure condition '{data.state != [done]}' evaluated true")),
		))
		b.expectNoWorkers(ctx, workload)

		By("starting anew for the same session")
		b.name = must(b.client.Resubmit(ctx, b.name, workflow.ResubmitOptions{})).Name
		b.wait(ctx, workflow.Suspended)
		work := must(kube.CoreV1().ConfigMaps(b.namespace).Get(ctx, "s1-work", metav1.GetOptions{}))
		Expect(work.Data).To(Equal(map[string]string{"state": "working"}))
		Expect(work.OwnerReferences).To(HaveExactElements(HaveField("Name", b.name)))
	}, SpecTimeout(startTimeout))

	It("removes its workers when it is stopped", func(ctx SpecContext) {
		b.approve(ctx)
		b.awaitAttempt(ctx)
		Expect(b.client.Stop(ctx, b.name, workflow.StopOptions{})).To(Succeed())
		Expect(b.wait(ctx, workflow.Completed).Outcome()).To(Equal(status.OutcomeStopped))
		b.expectNoWorkers(ctx, workload)
	}, SpecTimeout(startTimeout))

	It("has nothing to remove when it is stopped at its gate", func(ctx SpecContext) {
		Expect(b.client.Stop(ctx, b.name, workflow.StopOptions{})).To(Succeed())
		st := b.wait(ctx, workflow.Completed)
		Expect(st.Outcome()).To(Equal(status.OutcomeStopped))
		Expect(ends(st)).To(HaveKeyWithValue(b.name+".onExit", "Succeeded"))
	}, SpecTimeout(specTimeout))
},
	Entry("by a Deployment", "bulk-load", "deployments", "s1-rfs",
		map[string]string{"app": "bulk-loader", "deployment-name": "s1-rfs"}),
	Entry("by a ReplicaSet, as it was before", "bulk-load-replicaset", "replicasets", "s1-reindex-from-snapshot",
		map[string]string{"app": "bulk-loader"}),
)
