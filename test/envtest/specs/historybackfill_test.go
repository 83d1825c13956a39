package specs_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// gateTemplateOnly has what a backfill's workflow needs to wait for a decision.
const gateTemplateOnly = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: only-a-gate}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: gate, template: gate}]]
  - {name: gate, suspend: {}}
`

// describeArchivedBackfill is about a backfill whose runs are archived and deleted.
func describeArchivedBackfill(begin func(context.Context) *historyScene) {
	It("counts the runs of a backfill that are gone, and never restarts with one of them", func(ctx SpecContext) {
		s := begin(ctx)
		argotest.Create(ctx, argotest.Templates(s.own.dyn, s.namespace), gateTemplateOnly)
		cfg := must(backfill.ParseConfig([]byte(exampleText(s.namespace, "backfill/backfill.yaml"))))
		argo := *cfg.Backfill.Argo
		argo.WorkflowTemplate, argo.Parameters, argo.Entrypoint = "only-a-gate", nil, "main"
		cfg.Backfill.Argo = &argo
		open := func() backfill.Backfill { // as each of several processes does
			GinkgoHelper()
			return must(backfill.New(cfg, backfill.Dependencies{Workflows: s.clientWith(workflow.Options{}), Kubernetes: s.own.dyn}))
		}
		uids := map[types.UID]bool{}
		for i, outcome := range []status.Outcome{status.OutcomeFailed, status.OutcomeSucceeded, status.OutcomeFailed} {
			restarted := must(open().Restart(ctx))
			run := HaveField("Run", i+1)
			Expect(restarted).To(run)
			Expect(uids).NotTo(HaveKey(restarted.Workflow.UID))
			uids[restarted.Workflow.UID] = true
			s.reachesGate(ctx, restarted.Workflow)
			if again, err := open().Restart(ctx); i == 0 {
				Expect(err).To(MatchError(backfill.ErrRunning))
			} else {
				Expect(must(again, err).Workflow.UID).To(Equal(restarted.Workflow.UID), "it is in progress")
			}
			s.endAndCollect(ctx, restarted.Workflow, outcome)

			asItEnded := And(run, HaveField("Workflow.UID", restarted.Workflow.UID), HaveField("Workflow.Source", status.SourceHistory),
				HaveField("State", map[status.Outcome]backfill.State{
					status.OutcomeFailed: backfill.StateFailed, status.OutcomeSucceeded: backfill.StateSucceeded,
				}[outcome]))
			Expect(open().Status(ctx)).To(asItEnded)
			Expect(open().Start(ctx)).To(asItEnded, "it has ended")
			Expect(must(s.in.List(ctx, metav1.ListOptions{})).Items).To(BeEmpty(), "nothing was started")
		}
		Expect(uids).To(HaveLen(3))

		By("copying a run, which has the session's label too")
		copied := must(s.client.Resubmit(ctx, must(open().Status(ctx)).Workflow.Name, workflow.ResubmitOptions{}))
		s.reachesGate(ctx, copied)
		s.endAndCollect(ctx, copied, status.OutcomeSucceeded)
		Expect(open().Status(ctx)).To(And(HaveField("Run", 3), HaveField("State", backfill.StateFailed)))
	}, SpecTimeout(specTimeout))
}
