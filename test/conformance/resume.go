package conformance

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func describeResume(f *Fixture) {
	Describe("Resume", func() {
		It("passes every gate, with the defaults of its outputs", func(ctx SpecContext) {
			s := f.startUntil(ctx, defaultsGate, workflow.AtGate())

			result := must(f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{UID: s.UID}))
			Expect(result.Gates).To(ConsistOf(HaveField("Name", "approve"), HaveField("Name", "check")))
			Expect(result.Unsuspended).To(BeFalse())

			s = f.succeeded(ctx, s.Name)
			note, _ := s.OutputParameter(status.NodeNamed("check"), "note")
			Expect(note).To(Equal("none given"))
		}, SpecTimeout(specTimeout))

		It("undoes a suspend and approves nothing with KeepGates", func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.Suspended)
			Expect(f.Client.Suspend(ctx, s.Name, workflow.SuspendOptions{})).To(Succeed())

			for _, written := range []bool{true, false} {
				result := must(f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{KeepGates: true, UID: s.UID}))
				Expect(result.Gates).To(BeEmpty())
				Expect(result.Unsuspended).To(Equal(written))
			}
			s = must(f.Client.Get(ctx, s.Name))
			Expect(s.SpecSuspended).To(BeFalse())
			Expect(s.SuspendedNodes()).To(HaveLen(1))
		}, SpecTimeout(specTimeout))

		// A controller of 4.0 that offloads always fails a workflow that was suspended before it had nodes.
		It("resumes a workflow that was suspended as a whole", Label(NeedsPods, NeedsInlineNodes), func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{
				Template: f.template(ctx, onePod), Parameters: map[string]any{"message": ""}, Spec: map[string]any{"suspend": true},
			})
			s = f.wait(ctx, s.Name, workflow.Suspended)
			Expect(s.SpecSuspended).To(BeTrue())
			result := must(f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{}))
			Expect(result.Unsuspended).To(BeTrue())
			f.succeeded(ctx, s.Name)

			_, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{})
			expectError(err, workflow.ErrCompleted, workflow.OpResume, s.Name)
		}, SpecTimeout(specTimeout))

		It("does nothing if nothing waits", func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.Suspended)
			must(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": "ann"}}))
			result, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{})
			if err != nil { // its one pod may have ended by now
				expectError(err, workflow.ErrCompleted, workflow.OpResume, s.Name)
			} else {
				Expect(result.Gates).To(BeEmpty())
				Expect(result.Delays).To(BeEmpty())
				Expect(result.Unsuspended).To(BeFalse())
			}
		}, SpecTimeout(specTimeout))

		It("changes nothing when it refuses", func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.Suspended)

			_, err := f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{})
			text := expectError(err, workflow.ErrInvalid, workflow.OpResume, s.Name)
			Expect(text).To(ContainSubstring("raw output parameter 'by' has not been set and does not have a default value"))
			_, err = f.Client.Resume(ctx, "nobody", workflow.ResumeOptions{})
			expectError(err, workflow.ErrNotFound, workflow.OpResume, "nobody")

			now := must(f.Client.Get(ctx, s.Name))
			Expect(now.SuspendedNodes()).To(HaveLen(1))
			_, set := now.SuspendedNodes()[0].Outputs().Parameter("note")
			Expect(set).To(BeFalse())
		}, SpecTimeout(specTimeout))
	})
}

// defaultsGate waits at two gates, one of which has outputs with defaults.
const defaultsGate = `
  templates:
  - name: main
    steps:
    - - {name: approve, template: approval}
      - {name: check, template: noted}
  - name: approval
    suspend: {}
  - name: noted
    suspend: {}
    outputs: {parameters: [{name: note, valueFrom: {supplied: {}, default: none given}}]}
`
