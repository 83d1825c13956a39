package conformance

import (
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// exitGate is a workflow that waits at a gate, and whose exit handler waits at another one.
const exitGate = `
  onExit: clean-up
  templates:
  - name: main
    steps:
    - - {name: approve, template: approval}
  - name: clean-up
    steps:
    - - {name: confirm, template: approval}
  - name: approval
    suspend: {}
`

// indexGates is a workflow with a gate for each of some index patterns.
const indexGates = `
  templates:
  - name: main
    steps:
    - - {name: approve, template: approval, withItems: ["logs-*", "logs-2026", "logs-[0-9]"]}
  - name: approval
    suspend: {}
`

func describeGates(f *Fixture) {
	waiting := func(gates int) workflow.Condition {
		return func(s *status.WorkflowStatus) (bool, error) { return len(s.SuspendedNodes()) == gates, nil }
	}

	Describe("Gates", func() {
		It("returns what waits, and which outputs it waits for", func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.AtGate("approve"))
			none := "none given"
			Expect(f.Client.Gates(ctx, s.Name)).To(HaveExactElements(And(
				HaveField("ID", s.SuspendedNodes()[0].ID), HaveField("Name", "approve"), HaveField("Since", s.SuspendedNodes()[0].StartTime),
				HaveField("Outputs", ConsistOf(workflow.GateOutput{Name: "by"}, workflow.GateOutput{Name: "note", Default: &none})),
			)))

			Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
			f.wait(ctx, s.Name, workflow.Completed)
			Expect(f.Client.Gates(ctx, s.Name)).To(BeEmpty())
		}, SpecTimeout(specTimeout))

		It("refuses a missing workflow, an invalid name, or a denied request", Label(NeedsAccounts), func(ctx SpecContext) {
			expectError(errorOf(f.Client.Gates(ctx, "nobody")), workflow.ErrNotFound, workflow.OpGates, "nobody")
			expectError(errorOf(f.Client.Gates(ctx, "../pods")), workflow.ErrInvalid, workflow.OpGates, "../pods")
			_, err := f.Restricted(ctx, nil).Gates(ctx, "nobody")
			expectError(err, workflow.ErrForbidden, workflow.OpGates, "nobody")
		}, SpecTimeout(specTimeout))

		It("is waited for by name, ID or pattern", func(ctx SpecContext) {
			s := f.startUntil(ctx, twoGates, workflow.AtGate("le*"))
			f.wait(ctx, s.Name, workflow.AtGate())
			s = f.wait(ctx, s.Name, waiting(2))
			f.wait(ctx, s.Name, workflow.AtGate("none", s.SuspendedNodes()[1].ID))

			_, err := f.Client.Wait(ctx, s.Name, workflow.AtGate("[left"))
			expectError(err, workflow.ErrInvalid, workflow.OpWait, s.Name)
			Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
			_, err = f.Client.Wait(ctx, s.Name, workflow.AtGate("none"))
			expectError(err, workflow.ErrCompleted, workflow.OpWait, s.Name)
			var early *workflow.EndedBeforeSuspendError
			Expect(errors.As(err, &early)).To(BeTrue())
		}, SpecTimeout(specTimeout))
	})

	Describe("Approve", func() {
		It("passes a gate with supplied and default outputs, and records who approved", Label(NeedsPods), func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.AtGate())

			decision := workflow.Decision{
				Gates: []string{"appr*"}, Outputs: map[string]any{"by": "ann"}, Message: "looks right", By: "ann@example.com", UID: s.UID,
			}
			result := must(f.Client.Approve(ctx, s.Name, decision))
			Expect(result.Gates).To(HaveExactElements(HaveField("Name", "approve")))

			s = f.succeeded(ctx, s.Name)
			approved := s.Node(result.Gates[0].ID)
			Expect(approved.Phase).To(Equal(status.NodeSucceeded))
			Expect(approved.EndTime).NotTo(BeZero())
			Expect(approved.Message).To(Equal("looks right; Resumed by: map[User:ann@example.com]"))
			note, _ := approved.Outputs().Parameter("note")
			Expect(note).To(Equal("none given"))
			approver, _ := s.Outputs.Parameter("approver")
			Expect(approver).To(Equal("ann"))
			Expect(s.Nodes).To(ContainElement(And(
				HaveField("DisplayName", "work"),
				HaveField("Inputs().Parameters", ContainElement(status.Parameter{Name: "by", Value: "ann", Set: true})),
			)), "the next step got the value")
			Expect(s.Labels).To(And(
				HaveKeyWithValue("workflows.argoproj.io/actor", "ann-example.com"),
				HaveKeyWithValue("workflows.argoproj.io/actor-email", "ann.at.example.com"),
				HaveKeyWithValue("workflows.argoproj.io/action", "Resume"),
			))

			Expect(f.Client.Approve(ctx, s.Name, decision)).To(HaveField("Gates", BeEmpty()), "it was made before")
			decision.Outputs = map[string]any{"by": "bob"}
			_, err := f.Client.Approve(ctx, s.Name, decision)
			text := expectError(err, workflow.ErrCompleted, workflow.OpApprove, s.Name)
			Expect(text).To(And(ContainSubstring("with other values of the outputs by"), Not(ContainSubstring("bob"))))
		}, SpecTimeout(specTimeout))

		It("takes an exact name for itself, even if it reads as a pattern", func(ctx SpecContext) {
			s := f.startUntil(ctx, indexGates, waiting(3))

			result := must(f.Client.Approve(ctx, s.Name, workflow.Decision{Gates: []string{"approve(0:logs-*)"}}))
			Expect(result.Gates).To(HaveExactElements(HaveField("Name", "approve(0:logs-*)")))
			f.wait(ctx, s.Name, waiting(2))
			rest := workflow.Decision{Gates: []string{"approve(?:logs-*)"}}
			Expect(f.Client.Approve(ctx, s.Name, rest)).To(HaveField("Gates", HaveLen(2)))
			f.succeeded(ctx, s.Name)
		}, SpecTimeout(specTimeout))

		It("passes only the gates that are selected", func(ctx SpecContext) {
			s := f.startUntil(ctx, twoGates, waiting(2))

			_, err := f.Client.Approve(ctx, s.Name, workflow.Decision{Gates: []string{"left", "middle"}})
			text := expectError(err, workflow.ErrNotSuspended, workflow.OpApprove, s.Name)
			Expect(text).To(ContainSubstring(`"middle"; waiting gates: left, right`))

			result := must(f.Client.Approve(ctx, s.Name, workflow.Decision{Selector: "displayName=left"}))
			Expect(result.Gates).To(HaveExactElements(HaveField("Name", "left")))
			s = f.wait(ctx, s.Name, waiting(1))
			Expect(s.SuspendedNodes()[0].DisplayName).To(Equal("right"))

			seen := workflow.Decision{UID: s.UID, Gates: []string{result.Gates[0].ID}}
			Expect(f.Client.Approve(ctx, s.Name, seen)).To(HaveField("Gates", BeEmpty()))
			seen.Gates = append(seen.Gates, s.SuspendedNodes()[0].ID)
			result = must(f.Client.Approve(ctx, s.Name, seen))
			Expect(result.Gates).To(HaveExactElements(HaveField("Name", "right")))
			f.succeeded(ctx, s.Name)
		}, SpecTimeout(specTimeout))

		It("leaves a workflow suspended as a whole", func(ctx SpecContext) {
			s := f.startUntil(ctx, twoGates, waiting(2))
			Expect(f.Client.Suspend(ctx, s.Name, workflow.SuspendOptions{})).To(Succeed())
			Expect(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true})).To(HaveField("Gates", HaveLen(2)))
			Expect(f.Client.Get(ctx, s.Name)).To(HaveField("SpecSuspended", true))
			must(f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{}))
			f.succeeded(ctx, s.Name)
		}, SpecTimeout(specTimeout))

		It("passes the gates of exit handlers alone after a stop", func(ctx SpecContext) {
			s := f.startUntil(ctx, exitGate, workflow.AtGate("approve"))
			Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
			f.wait(ctx, s.Name, workflow.AtGate("confirm"))
			_, err := f.Client.Approve(ctx, s.Name, workflow.Decision{Gates: []string{"approve"}})
			text := expectError(err, workflow.ErrNotSuspended, workflow.OpApprove, s.Name)
			Expect(text).To(ContainSubstring(`gate "approve" is Failed`))
			result := must(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true}))
			Expect(result.Gates).To(HaveExactElements(HaveField("Name", "confirm")))
			Expect(f.wait(ctx, s.Name, workflow.Completed).Outcome()).To(Equal(status.OutcomeStopped))
		}, SpecTimeout(specTimeout))

		It("changes nothing when it refuses", func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.AtGate())
			refuse := func(decision workflow.Decision, kind error) string {
				GinkgoHelper()
				return expectError(errorOf(f.Client.Approve(ctx, s.Name, decision)), kind, workflow.OpApprove, s.Name)
			}
			Expect(refuse(workflow.Decision{All: true}, workflow.ErrInvalid)).To(
				ContainSubstring("raw output parameter 'by' has not been set and does not have a default value"))
			refuse(workflow.Decision{All: true, Outputs: map[string]any{"by": "ann", "bye": ""}}, workflow.ErrInvalid)
			refuse(workflow.Decision{All: true, Outputs: map[string]any{"by": "ann"}, UID: "another"}, workflow.ErrReplaced)
			refuse(workflow.Decision{Selector: "no selector"}, workflow.ErrInvalid)
			refuse(workflow.Decision{Gates: []string{"[approve"}}, workflow.ErrInvalid)
			refuse(workflow.Decision{}, workflow.ErrInvalid)
			refuse(workflow.Decision{All: true, Outputs: map[string]any{"by": "ann"}, By: "{{workflow.name}}"}, workflow.ErrInvalid)

			now := must(f.Client.Get(ctx, s.Name))
			Expect(now.SuspendedNodes()).To(HaveLen(1))
			Expect(now.Labels).NotTo(HaveKey("workflows.argoproj.io/actor"))
			_, set := now.SuspendedNodes()[0].Outputs().Parameter("note")
			Expect(set).To(BeFalse())
		}, SpecTimeout(specTimeout))
	})

	Describe("Reject", func() {
		It("fails the gates that are selected, with a message", func(ctx SpecContext) {
			s := f.startUntil(ctx, twoGates, waiting(2))
			refuse := func(decision workflow.Decision, kind error) string {
				GinkgoHelper()
				return expectError(errorOf(f.Client.Reject(ctx, s.Name, decision)), kind, workflow.OpReject, s.Name)
			}
			Expect(refuse(workflow.Decision{Selector: "displayName=middle"}, workflow.ErrNotSuspended)).To(
				And(ContainSubstring("left"), ContainSubstring("right")))
			refuse(workflow.Decision{Selector: "side=left"}, workflow.ErrInvalid)
			refuse(workflow.Decision{Message: "why"}, workflow.ErrInvalid)
			refuse(workflow.Decision{All: true, Outputs: map[string]any{"by": "ann"}}, workflow.ErrInvalid)

			decision := workflow.Decision{Gates: []string{"left"}, Message: "not today"}
			result := must(f.Client.Reject(ctx, s.Name, decision))
			Expect(result.Gates).To(HaveExactElements(HaveField("Name", "left")))
			s = f.wait(ctx, s.Name, waiting(1))
			Expect(s.Shutdown).To(BeEmpty())
			Expect(s.SuspendedNodes()[0].DisplayName).To(Equal("right"))

			Expect(f.Client.Reject(ctx, s.Name, decision)).To(HaveField("Gates", BeEmpty()))
			_, err := f.Client.Approve(ctx, s.Name, decision)
			text := expectError(err, workflow.ErrNotSuspended, workflow.OpApprove, s.Name)
			Expect(text).To(And(ContainSubstring(`gate "left" is Failed since`), ContainSubstring("not today")))
			var not *workflow.NotSuspendedError
			Expect(errors.As(err, &not)).To(BeTrue())
			Expect(not.Gates).To(HaveExactElements(And(HaveField("Name", "left"), HaveField("Phase", status.NodeFailed))))
			Expect(not.Waiting).To(HaveExactElements(HaveField("Name", "right")))

			must(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true}))
			s = f.wait(ctx, s.Name, workflow.Completed)
			Expect(s.Outcome()).To(Equal(status.OutcomeFailed))
			Expect(s.FailedNodes()).To(HaveExactElements(And(HaveField("DisplayName", "left"), HaveField("Message", "not today"))))

			Expect(f.Client.Reject(ctx, s.Name, decision)).Error().NotTo(HaveOccurred(), "it was made before the end")
			_, err = f.Client.Approve(ctx, s.Name, decision)
			expectError(err, workflow.ErrCompleted, workflow.OpApprove, s.Name)
			var ended *workflow.CompletedError
			Expect(errors.As(err, &ended)).To(BeTrue())
			Expect(ended.Outcome).To(Equal(status.OutcomeFailed))
			Expect(ended.Gates).To(HaveExactElements(HaveField("Phase", status.NodeFailed)))
		}, SpecTimeout(specTimeout))
	})
}
