package conformance

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func describeResume(fixture func() Fixture) {
	Describe("Resume", func() {
		It("approves a gate with supplied and default outputs", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			s = f.wait(ctx, s.Name, workflow.Suspended)
			Expect(s.SuspendedNodes()).To(HaveLen(1))

			result, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{Outputs: map[string]any{"by": "ann"}, UID: s.UID})
			Expect(err).NotTo(HaveOccurred())
			Expect(result.Nodes).To(HaveExactElements(HaveField("DisplayName", "approve")))
			Expect(result.Unsuspended).To(BeFalse())

			s = f.wait(ctx, s.Name, workflow.Completed)
			Expect(s.Err()).NotTo(HaveOccurred())
			approved := s.Node(result.Nodes[0].ID)
			Expect(approved.Phase).To(Equal(status.NodeSucceeded))
			Expect(approved.EndTime).NotTo(BeZero())
			note, _ := approved.Outputs().Parameter("note")
			Expect(note).To(Equal("none given"))
			approver, _ := s.Outputs.Parameter("approver")
			Expect(approver).To(Equal("ann"))
			Expect(s.Nodes).To(ContainElement(And(
				HaveField("DisplayName", "work"),
				HaveField("Inputs().Parameters", ContainElement(status.Parameter{Name: "by", Value: "ann", Set: true})),
			)), "the next step got the value")
		}, SpecTimeout(specTimeout))

		It("approves only the selected gates", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, twoGates)})
			bothWait := func(s *status.WorkflowStatus) (bool, error) { return len(s.SuspendedNodes()) == 2, nil }
			f.wait(ctx, s.Name, bothWait)

			_, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{Selector: "displayName=middle"})
			text := expectError(err, workflow.ErrNotSuspended, workflow.OpResume, s.Name)
			Expect(text).To(And(ContainSubstring("left"), ContainSubstring("right")))

			result, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{Selector: "displayName=left"})
			Expect(err).NotTo(HaveOccurred())
			Expect(result.Nodes).To(HaveExactElements(HaveField("DisplayName", "left")))
			s = f.wait(ctx, s.Name, func(s *status.WorkflowStatus) (bool, error) { return len(s.SuspendedNodes()) == 1, nil })
			Expect(s.SuspendedNodes()[0].DisplayName).To(Equal("right"))

			seen := workflow.ResumeOptions{UID: s.UID, NodeIDs: []string{result.Nodes[0].ID}}
			_, err = f.Client.Resume(ctx, s.Name, seen)
			expectError(err, workflow.ErrNotSuspended, workflow.OpResume, s.Name)
			seen.NodeIDs = append(seen.NodeIDs, s.SuspendedNodes()[0].ID)
			result, err = f.Client.Resume(ctx, s.Name, seen)
			Expect(err).NotTo(HaveOccurred())
			Expect(result.Nodes).To(HaveExactElements(HaveField("DisplayName", "right")))
			Expect(f.wait(ctx, s.Name, workflow.Completed).Outcome()).To(Equal(status.OutcomeSucceeded))
		}, SpecTimeout(specTimeout))

		It("undoes a suspend and approves nothing with KeepGates", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			f.wait(ctx, s.Name, workflow.Suspended)
			Expect(f.Client.Suspend(ctx, s.Name, workflow.SuspendOptions{})).To(Succeed())

			_, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{KeepGates: true, Selector: "displayName=approve"})
			expectError(err, workflow.ErrInvalid, workflow.OpResume, s.Name)

			for _, written := range []bool{true, false} {
				result, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{KeepGates: true, UID: s.UID})
				Expect(err).NotTo(HaveOccurred())
				Expect(result.Nodes).To(BeEmpty())
				Expect(result.Unsuspended).To(Equal(written))
			}
			s, err = f.Client.Get(ctx, s.Name)
			Expect(err).NotTo(HaveOccurred())
			Expect(s.SpecSuspended).To(BeFalse())
			Expect(s.SuspendedNodes()).To(HaveLen(1))
		}, SpecTimeout(specTimeout))

		It("resumes a workflow that was suspended as a whole", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{
				Template: f.template(ctx, onePod), Parameters: map[string]any{"message": ""}, Spec: map[string]any{"suspend": true},
			})
			s = f.wait(ctx, s.Name, workflow.Suspended)
			Expect(s.SpecSuspended).To(BeTrue())
			result, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{})
			Expect(err).NotTo(HaveOccurred())
			Expect(result.Unsuspended).To(BeTrue())
			Expect(f.wait(ctx, s.Name, workflow.Completed).Outcome()).To(Equal(status.OutcomeSucceeded))

			_, err = f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{})
			expectError(err, workflow.ErrCompleted, workflow.OpResume, s.Name)
		}, SpecTimeout(specTimeout))

		It("does nothing if nothing waits", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			f.wait(ctx, s.Name, workflow.Suspended)
			options := workflow.ResumeOptions{Outputs: map[string]any{"by": "ann"}}
			_, err := f.Client.Resume(ctx, s.Name, options)
			Expect(err).NotTo(HaveOccurred())
			result, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{})
			if err != nil { // its one pod may have ended by now
				expectError(err, workflow.ErrCompleted, workflow.OpResume, s.Name)
			} else {
				Expect(*result).To(BeZero())
			}
		}, SpecTimeout(specTimeout))

		It("changes nothing when it refuses", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			s = f.wait(ctx, s.Name, workflow.Suspended)

			_, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{})
			text := expectError(err, workflow.ErrInvalid, workflow.OpResume, s.Name)
			Expect(text).To(ContainSubstring("raw output parameter 'by' has not been set and does not have a default value"))
			_, err = f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{Outputs: map[string]any{"by": "ann", "bye": ""}})
			expectError(err, workflow.ErrInvalid, workflow.OpResume, s.Name)
			_, err = f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{Outputs: map[string]any{"by": "ann"}, UID: "another"})
			expectError(err, workflow.ErrReplaced, workflow.OpResume, s.Name)
			_, err = f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{Selector: "no selector"})
			expectError(err, workflow.ErrInvalid, workflow.OpResume, s.Name)
			_, err = f.Client.Resume(ctx, "nobody", workflow.ResumeOptions{})
			expectError(err, workflow.ErrNotFound, workflow.OpResume, "nobody")

			now, err := f.Client.Get(ctx, s.Name)
			Expect(err).NotTo(HaveOccurred())
			Expect(now.SuspendedNodes()).To(HaveLen(1))
			_, set := now.SuspendedNodes()[0].Outputs().Parameter("note")
			Expect(set).To(BeFalse())
		}, SpecTimeout(specTimeout))

		It("needs the permission to patch", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			f.wait(ctx, s.Name, workflow.Suspended)
			reader := f.Restricted(ctx, map[string][]string{"workflows": {"get"}})
			eventuallyAllowed(ctx, func() error { _, err := reader.Get(ctx, s.Name); return err })
			_, err := reader.Resume(ctx, s.Name, workflow.ResumeOptions{Outputs: map[string]any{"by": "ann"}})
			text := expectError(err, workflow.ErrForbidden, workflow.OpResume, s.Name)
			Expect(text).To(ContainSubstring("patch"))
		}, SpecTimeout(specTimeout))
	})
}
