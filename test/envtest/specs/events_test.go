package specs_test

import (
	"cmp"
	"context"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The events of the client and those of Argo's controller are on the same workflow.
var _ = Describe("events on workflows", func() {
	It("tell of what this client has changed, once each", func(ctx SpecContext) {
		namespace := newNamespace(ctx)
		client := must(workflow.NewForConfig(cluster.Config(), workflow.Options{
			Namespace: namespace, EventSource: "migrator.example.com", Observer: logging(),
		}))
		request := workflow.StartRequest{IdempotencyKey: "k", Manifest: []byte(gatedWorkflow)}
		s := must(client.Start(ctx, request))
		Expect(client.Start(ctx, request)).To(HaveField("Name", s.Name), "it finds the one that there is")
		must(client.Wait(ctx, s.Name, workflow.Suspended))
		Expect(client.Suspend(ctx, s.Name, workflow.SuspendOptions{})).To(Succeed())
		Expect(client.Suspend(ctx, s.Name, workflow.SuspendOptions{})).To(Succeed(), "again")
		must(client.Resume(ctx, s.Name, workflow.ResumeOptions{}))
		Expect(must(client.Wait(ctx, s.Name, workflow.Completed)).Outcome()).To(Equal(status.OutcomeSucceeded))

		Expect(eventsBy(ctx, namespace, "migrator.example.com", s.Name)).To(Equal([]string{
			`Normal WorkflowStarted: Started from the manifest`,
			`Normal WorkflowSuspended: Suspended as a whole`,
			`Normal WorkflowResumed: Resumed as a whole; gates passed: ` + s.Name,
		}))
	}, SpecTimeout(specTimeout))
})

// eventsBy returns the events on a workflow by one reporter, in order.
func eventsBy(ctx context.Context, namespace, reporter, name string) (told []string) {
	GinkgoHelper()
	events := must(kube.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.kind": "Workflow", "involvedObject.name": name, "source": reporter}.String(),
	}))
	slices.SortFunc(events.Items, func(a, b corev1.Event) int { return cmp.Compare(a.Name, b.Name) })
	for _, e := range events.Items {
		Expect(e.InvolvedObject.UID).NotTo(BeEmpty())
		Expect(e.LastTimestamp.IsZero()).To(BeFalse())
		told = append(told, e.Type+" "+e.Reason+": "+e.Message)
	}
	return told
}
