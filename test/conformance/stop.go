package conformance

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func describeSuspend(f *Fixture) {
	Describe("Suspend", func() {
		It("holds back the next steps, and succeeds again", Label(NeedsAccounts), func(ctx SpecContext) {
			s := f.startUntil(ctx, plainGate, workflow.Suspended)
			Expect(f.Client.Suspend(ctx, s.Name, workflow.SuspendOptions{UID: s.UID})).To(Succeed())
			Expect(f.Client.Get(ctx, s.Name)).To(HaveField("SpecSuspended", true))
			reader := f.reader(ctx, s.Name, map[string][]string{"workflows": {"get"}})
			Expect(reader.Suspend(ctx, s.Name, workflow.SuspendOptions{})).To(Succeed(), "no write is left that could be denied")
			Expect(f.Client.Suspend(ctx, s.Name, workflow.SuspendOptions{})).To(Succeed())

			result := must(f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{}))
			Expect(result.Unsuspended).To(BeTrue())
			Expect(result.Gates).To(HaveLen(1))
			f.succeeded(ctx, s.Name)
		}, SpecTimeout(specTimeout))

		It("doesn't prevent a stop", Label(NeedsPods), func(ctx SpecContext) {
			s := f.startUntil(ctx, endlessExit, podRuns)
			Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
			err := f.Client.Suspend(ctx, s.Name, workflow.SuspendOptions{})
			text := expectError(err, workflow.ErrConflict, workflow.OpSuspend, s.Name)
			Expect(text).To(ContainSubstring("shut down"))
		}, SpecTimeout(specTimeout))
	})
}

func describeStop(f *Fixture) {
	// stopped starts a workflow from a template, waits for a state and calls stop.
	stopped := func(
		ctx context.Context, template string, when workflow.Condition, stop func(s *status.WorkflowStatus) error,
	) *status.WorkflowStatus {
		GinkgoHelper()
		s := f.startUntil(ctx, template, when)
		Expect(stop(s)).To(Succeed())
		return f.untilArchived(ctx, s.Name)
	}

	Describe("Stop", func() {
		It("ends a workflow that waits at a gate, and succeeds again", func(ctx SpecContext) {
			s := stopped(ctx, gate, workflow.Suspended, func(s *status.WorkflowStatus) error {
				return f.Client.Stop(ctx, s.Name, workflow.StopOptions{UID: s.UID})
			})
			Expect(s.Phase).To(Equal(status.PhaseFailed))
			Expect(s.Outcome()).To(Equal(status.OutcomeStopped))
			Expect(s.Err()).To(MatchError(ContainSubstring("Stopped with strategy 'Stop'")))
			Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
			Expect(f.Client.Terminate(ctx, s.Name, workflow.TerminateOptions{})).To(Succeed())
			Expect(f.Client.Get(ctx, s.Name)).To(HaveField("ResourceVersion", s.ResourceVersion), "nothing was written")
		}, SpecTimeout(specTimeout))

		It("ends a workflow that is suspended as a whole", func(ctx SpecContext) {
			s := stopped(ctx, gate, workflow.Suspended, func(s *status.WorkflowStatus) error {
				Expect(f.Client.Suspend(ctx, s.Name, workflow.SuspendOptions{})).To(Succeed())
				return f.Client.Stop(ctx, s.Name, workflow.StopOptions{})
			})
			Expect(s.Outcome()).To(Equal(status.OutcomeStopped))
		}, SpecTimeout(specTimeout))

		// Argo 3.7 and 4.1 look at a queued workflow too early, and not again at its gate.
		It("ends a queued workflow when its turn comes, or when the stop is repeated", func(ctx SpecContext) {
			_, holder, s := f.queued(ctx)
			Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
			Expect(f.Client.Terminate(ctx, holder.Name, workflow.TerminateOptions{})).To(Succeed())

			itsTurn := f.wait(ctx, s.Name, func(s *status.WorkflowStatus) (bool, error) { return s.Completed() || s.Suspended(), nil })
			Expect(itsTurn.Shutdown).To(Equal(status.ShutdownStop))
			Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
			Expect(f.wait(ctx, s.Name, workflow.Completed).Outcome()).To(Equal(status.OutcomeStopped))
		}, SpecTimeout(specTimeout))

		It("runs exit handlers", Label(NeedsPods), func(ctx SpecContext) {
			s := stopped(ctx, slowExit, podRuns, func(s *status.WorkflowStatus) error {
				return f.Client.Stop(ctx, s.Name, workflow.StopOptions{})
			})
			Expect(s.Outcome()).To(Equal(status.OutcomeStopped))
			Expect(s.Nodes).To(ContainElement(And(HaveField("DisplayName", s.Name+".onExit"), HaveField("Phase", status.NodeSucceeded))))
		}, SpecTimeout(specTimeout))
	})

	Describe("Terminate", func() {
		It("ends a workflow without its exit handlers", Label(NeedsPods), func(ctx SpecContext) {
			s := stopped(ctx, slowExit, podRuns, func(s *status.WorkflowStatus) error {
				return f.Client.Terminate(ctx, s.Name, workflow.TerminateOptions{UID: s.UID})
			})
			Expect(s.Outcome()).To(Equal(status.OutcomeTerminated))
			Expect(s.Nodes).NotTo(ContainElement(HaveField("DisplayName", s.Name+".onExit")))
		}, SpecTimeout(specTimeout))

		// Argo 3.7 gives the second one the phase Succeeded.
		It("ends a workflow that waits for a lock, which then has not succeeded", func(ctx SpecContext) {
			mutex, holder, s := f.queued(ctx)
			Expect(s.Outcome()).To(Equal(status.OutcomePending))
			seen, cancel := context.WithCancel(ctx)
			defer cancel()
			_, err := f.Client.Wait(seen, s.Name, func(*status.WorkflowStatus) (bool, error) { cancel(); return false, nil })
			Expect(err).To(MatchError(ContainSubstring("waiting for mutex " + f.Namespace + "/Mutex/" + mutex)))

			Expect(f.Client.Terminate(ctx, s.Name, workflow.TerminateOptions{UID: s.UID})).To(Succeed())
			s = f.wait(ctx, s.Name, workflow.Completed)
			Expect(s.Outcome()).To(Equal(status.OutcomeTerminated))
			Expect(s.Err()).To(MatchError(ContainSubstring("ended Terminated")))
			terminated := workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeTerminated}}
			Expect(collect(f.Client.List(ctx, terminated))).To(ContainElement(HaveField("Name", s.Name)))
			Expect(f.Client.Terminate(ctx, holder.Name, workflow.TerminateOptions{})).To(Succeed())
			f.wait(ctx, holder.Name, workflow.Completed)
		}, SpecTimeout(specTimeout))

		It("overrides a stop, and is not overridden by one", Label(NeedsInlineNodes), func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, onePod), Parameters: map[string]any{"message": ""}, Spec: map[string]any{"suspend": true}})
			// No controller reconciles it any more, so it stays as it is written.
			Expect(f.Client.Terminate(ctx, s.Name, workflow.TerminateOptions{})).To(Succeed())
			Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
			Expect(f.wait(ctx, s.Name, workflow.Completed).Outcome()).To(Equal(status.OutcomeTerminated))
		}, SpecTimeout(specTimeout))
	})
}

// queued starts two workflows that need the same mutex: one that holds it and waits at a gate, and
// one that waits for it.
func (f Fixture) queued(ctx context.Context) (mutex string, holder, waiting *status.WorkflowStatus) {
	GinkgoHelper()
	template := f.template(ctx, gate)
	locked := workflow.StartRequest{Template: template, Spec: map[string]any{
		"synchronization": map[string]any{"mutexes": []any{map[string]any{"name": template}}},
	}}
	holder = f.wait(ctx, f.start(ctx, locked).Name, workflow.Suspended)
	waiting = f.wait(ctx, f.start(ctx, locked).Name, func(s *status.WorkflowStatus) (bool, error) {
		return len(s.AwaitedLocks()) > 0, nil
	})
	return template, holder, waiting
}

// podRuns holds once a pod of the workflow runs.
func podRuns(s *status.WorkflowStatus) (bool, error) {
	for _, n := range s.Nodes {
		if n.Type == status.NodeTypePod && n.Phase == status.NodeRunning {
			return true, nil
		}
	}
	return false, nil
}
