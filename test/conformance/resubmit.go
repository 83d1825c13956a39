package conformance

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func describeResubmit(f *Fixture) {
	Describe("Resubmit", func() {
		It("runs the same again, with other parameters", Label(NeedsPods), func(ctx SpecContext) {
			template := f.template(ctx, onePod)
			old := f.start(ctx, workflow.StartRequest{
				Template: template, Parameters: map[string]any{"message": "m", "exit-code": 3},
				Labels: map[string]string{"team": "search"}, Annotations: map[string]string{"note": "x"},
			})
			old = f.wait(ctx, old.Name, workflow.Completed)
			Expect(old.Outcome()).To(Equal(status.OutcomeFailed))

			s := must(f.Client.Resubmit(ctx, old.Name, workflow.ResubmitOptions{
				UID: old.UID, Parameters: map[string]any{"exit-code": 0}, Labels: map[string]string{"again": "yes"},
			}))
			Expect(s.UID).NotTo(Equal(old.UID))
			Expect(s.Name).To(And(HavePrefix(template+"-"), HaveLen(len(old.Name))), "named like the old one")
			Expect(s.Labels).To(And(
				HaveKeyWithValue("team", "search"), HaveKeyWithValue("again", "yes"),
				HaveKeyWithValue("workflows.argoproj.io/resubmitted-from-workflow", old.Name),
				Not(HaveKey("workflows.argoproj.io/completed")), Not(HaveKey("workflows.argoproj.io/phase")),
			))
			Expect(s.Annotations).To(HaveKeyWithValue("note", "x"))
			Expect(s.Arguments).To(ConsistOf(
				status.Parameter{Name: "message", Value: "m", Set: true}, status.Parameter{Name: "exit-code", Value: "0", Set: true},
			))
			f.succeeded(ctx, s.Name)
			// Its version may be another by now: it gets a label when it is archived.
			Expect(f.Client.Get(ctx, old.Name)).To(And(HaveField("UID", old.UID), HaveField("StartTime", old.StartTime),
				HaveField("EndTime", old.EndTime), HaveField("Arguments", old.Arguments), HaveField("Nodes", HaveLen(len(old.Nodes)))),
				"the old workflow is unchanged")
		}, SpecTimeout(specTimeout))

		It("runs a stopped workflow again", func(ctx SpecContext) {
			old := f.startUntil(ctx, gate, workflow.Suspended)
			Expect(f.Client.Stop(ctx, old.Name, workflow.StopOptions{})).To(Succeed())
			f.wait(ctx, old.Name, workflow.Completed)
			s := must(f.Client.Resubmit(ctx, old.Name, workflow.ResubmitOptions{Name: "again"}))
			Expect(s.Name).To(Equal("again"))
			Expect(s.Shutdown).To(BeEmpty())
			f.wait(ctx, s.Name, workflow.Suspended)
		}, SpecTimeout(specTimeout))

		It("does so once for a key, even if the old workflow was deleted", func(ctx SpecContext) {
			old := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			opts := workflow.ResubmitOptions{IdempotencyKey: "k"}
			first := must(f.Client.Resubmit(ctx, old.Name, opts))
			Expect(f.Client.Delete(ctx, old.Name, workflow.DeleteOptions{Wait: true})).To(Succeed())
			Expect(f.Client.Resubmit(ctx, old.Name, opts)).To(HaveField("UID", first.UID))
			opts.Labels = map[string]string{"other": "request"}
			_, err := f.Client.Resubmit(ctx, old.Name, opts)
			expectError(err, workflow.ErrIdempotencyMismatch, workflow.OpResubmit, first.Name)
		}, SpecTimeout(specTimeout))

		It("refuses a missing workflow, another one, bad input, or a denied request", Label(NeedsAccounts), func(ctx SpecContext) {
			old := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, onePod), Parameters: map[string]any{"message": ""}})
			_, err := f.Client.Resubmit(ctx, "nobody", workflow.ResubmitOptions{})
			expectError(err, workflow.ErrNotFound, workflow.OpResubmit, "nobody")
			_, err = f.Client.Resubmit(ctx, old.Name, workflow.ResubmitOptions{UID: "another"})
			expectError(err, workflow.ErrReplaced, workflow.OpResubmit, old.Name)
			_, err = f.Client.Resubmit(ctx, old.Name, workflow.ResubmitOptions{Parameters: map[string]any{"mesage": ""}})
			Expect(expectError(err, workflow.ErrInvalid, workflow.OpResubmit, old.Name)).To(ContainSubstring(`did you mean "message"?`))
			_, err = f.Client.Resubmit(ctx, old.Name, workflow.ResubmitOptions{Name: old.Name})
			expectError(err, workflow.ErrAlreadyExists, workflow.OpResubmit, old.Name)
			_, err = f.Client.Resubmit(ctx, "a b", workflow.ResubmitOptions{})
			expectError(err, workflow.ErrInvalid, workflow.OpResubmit, "a b")

			reader := f.reader(ctx, old.Name, map[string][]string{"workflows": {"get"}})
			_, err = reader.Resubmit(ctx, old.Name, workflow.ResubmitOptions{Name: "forbidden"})
			text := expectError(err, workflow.ErrForbidden, workflow.OpResubmit, "forbidden")
			Expect(text).To(ContainSubstring("create"))

			Expect(f.existing(ctx)).To(HaveLen(1))
		}, SpecTimeout(specTimeout))
	})
}
