package conformance

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func describeWait(f *Fixture) {
	Describe("Wait", func() {
		It("treats the failure of a workflow as data", Label(NeedsPods), func(ctx SpecContext) {
			s := f.failed(ctx, onePod, map[string]any{"message": "", "exit-code": 3})
			Expect(s.Outcome()).To(Equal(status.OutcomeFailed))
			Expect(s.Err()).To(MatchError(ContainSubstring("told to fail")))
			Expect(s.FailedNodes()).To(HaveLen(1))
		}, SpecTimeout(specTimeout))

		It("fails when the workflow ends before it is suspended", Label(NeedsPods), func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, onePod), Parameters: map[string]any{"message": ""}})
			_, err := f.Client.Wait(ctx, s.Name, workflow.Suspended)
			var early *workflow.EndedBeforeSuspendError
			Expect(errors.As(err, &early)).To(BeTrue(), "%v", err)
			Expect(early.Name).To(Equal(s.Name))
			Expect(early.Phase).To(Equal(status.PhaseSucceeded))
			expectError(err, workflow.ErrCompleted, workflow.OpWait, s.Name)
		}, SpecTimeout(specTimeout))

		It("fails when the workflow ends before its condition holds", Label(NeedsPods), func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, onePod), Parameters: map[string]any{"message": ""}})
			_, err := f.Client.Wait(ctx, s.Name, func(*status.WorkflowStatus) (bool, error) { return false, nil })
			expectError(err, workflow.ErrCompleted, workflow.OpWait, s.Name)
		}, SpecTimeout(specTimeout))

		It("returns the condition's own error", func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			mine := errors.New("seen enough")
			_, err := f.Client.Wait(ctx, s.Name, func(*status.WorkflowStatus) (bool, error) { return false, mine })
			expectError(err, mine, workflow.OpWait, s.Name)
		}, SpecTimeout(specTimeout))

		It("ends with its context and reports the workflow's last state", Label(NeedsInlineNodes), func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.Suspended)
			var err error
			var waited *workflow.WaitError
			longEnough(ctx, 500*time.Millisecond, func(short context.Context) bool {
				_, err = f.Client.Wait(short, s.Name, workflow.Completed)
				return errors.As(err, &waited) && waited.Last != nil
			})
			expectError(err, context.DeadlineExceeded, workflow.OpWait, s.Name)
			Expect(waited.Last.Suspended()).To(BeTrue())
			Expect(err.Error()).To(ContainSubstring("waiting at approve"))

			gone, cancel := context.WithCancel(ctx)
			cancel()
			_, err = f.Client.Wait(gone, s.Name, workflow.Completed)
			expectError(err, context.Canceled, workflow.OpWait, s.Name)
			Expect(err).NotTo(MatchError(context.DeadlineExceeded))
		}, SpecTimeout(specTimeout))

		It("shows the first state and the end to a condition that needs no others", Label(NeedsPods, NeedsInlineNodes), func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.Suspended)
			var shown []status.Phase
			waiting, seen := make(chan error, 1), make(chan struct{}, 1)
			var ended *status.WorkflowStatus
			go func() {
				var err error
				ended, err = f.Client.Wait(ctx, s.Name, func(s *status.WorkflowStatus) (bool, error) {
					if shown = append(shown, s.Phase); len(shown) == 1 {
						close(seen)
					}
					return s.Completed(), nil
				}, workflow.WithUID(s.UID), workflow.WithEndOnly())
				waiting <- err
			}()
			Eventually(ctx, seen).Should(BeClosed())
			must(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": "ann"}}))
			var err error
			Eventually(ctx, waiting).WithTimeout(specTimeout).Should(Receive(&err))
			Expect(err).NotTo(HaveOccurred())
			Expect(shown).To(Equal([]status.Phase{status.PhaseRunning, status.PhaseSucceeded}))
			Expect(ended.NodesErr).NotTo(HaveOccurred())
			Expect(ended.Nodes).NotTo(BeEmpty())

			again, err := f.Client.Wait(ctx, s.Name, workflow.Completed, workflow.WithEndOnly())
			Expect(err).NotTo(HaveOccurred())
			Expect(again.UID).To(Equal(s.UID))
			expectError(onlyError(f.Client.Watch(ctx, s.Name, workflow.WithEndOnly())), workflow.ErrInvalid, workflow.OpWatch, s.Name)
		}, SpecTimeout(specTimeout))

		It("ends when the workflow is deleted", func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.Suspended)
			waiting, seen := make(chan error, 1), make(chan struct{}, 100)
			go func() {
				_, err := f.Client.Wait(ctx, s.Name, func(*status.WorkflowStatus) (bool, error) {
					seen <- struct{}{}
					return false, nil
				})
				waiting <- err
			}()
			Eventually(ctx, seen).Should(Receive())
			Expect(f.workflows().Delete(ctx, s.Name, metav1.DeleteOptions{})).To(Succeed())
			var err error
			Eventually(ctx, waiting).WithTimeout(specTimeout).Should(Receive(&err))
			expectError(err, workflow.ErrDeleted, workflow.OpWait, s.Name)
		}, SpecTimeout(specTimeout))

		It("waits for the workflow with the given UID and for no other of its name", func(ctx SpecContext) {
			first := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate), Name: "one-name"})
			s, err := f.Client.Wait(ctx, first.Name, workflow.Suspended, workflow.WithUID(first.UID))
			Expect(err).NotTo(HaveOccurred())
			Expect(s.UID).To(Equal(first.UID))

			waiting, seen := make(chan error, 1), make(chan types.UID, 100)
			look := workflow.Any(func(s *status.WorkflowStatus) (bool, error) {
				seen <- s.UID
				return false, nil
			})
			go func() {
				_, err := f.Client.Wait(ctx, first.Name, look, workflow.WithUID(first.UID))
				waiting <- err
			}()
			Eventually(ctx, seen).Should(Receive(Equal(first.UID)))
			Expect(f.workflows().Delete(ctx, first.Name, metav1.DeleteOptions{})).To(Succeed())
			Eventually(ctx, waiting).WithTimeout(specTimeout).Should(Receive(&err))
			Expect(err).To(Or(MatchError(workflow.ErrDeleted), MatchError(workflow.ErrReplaced)))

			_, err = f.Client.Wait(ctx, first.Name, look, workflow.WithUID(first.UID))
			expectError(err, workflow.ErrDeleted, workflow.OpWait, first.Name)
			second := f.start(ctx, workflow.StartRequest{Template: first.Template.Name, Name: first.Name})
			Expect(second.UID).NotTo(Equal(first.UID))
			_, err = f.Client.Wait(ctx, first.Name, look, workflow.WithUID(first.UID))
			expectError(err, workflow.ErrReplaced, workflow.OpWait, first.Name)
			err = onlyError(f.Client.Watch(ctx, first.Name, workflow.WithUID(first.UID)))
			expectError(err, workflow.ErrReplaced, workflow.OpWatch, first.Name)
			for len(seen) > 0 {
				Expect(seen).To(Receive(Equal(first.UID)))
			}
		}, SpecTimeout(specTimeout))

		It("fails at once if the workflow does not exist or access is denied", Label(NeedsAccounts), func(ctx SpecContext) {
			_, err := f.Client.Wait(ctx, "nobody", workflow.Completed)
			expectError(err, workflow.ErrNotFound, workflow.OpWait, "nobody")
			_, err = f.Restricted(ctx, nil).Wait(ctx, "nobody", workflow.Completed)
			expectError(err, workflow.ErrForbidden, workflow.OpWait, "nobody")
		}, SpecTimeout(specTimeout))
	})

	Describe("Watch", func() {
		It("yields distinct states up to the end", Label(NeedsPods), func(ctx SpecContext) {
			started := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			versions, approved := map[string]bool{}, false
			var last *status.WorkflowStatus
			for s, err := range f.Client.Watch(ctx, started.Name) {
				Expect(err).NotTo(HaveOccurred())
				Expect(versions).NotTo(HaveKey(s.ResourceVersion))
				versions[s.ResourceVersion] = true
				last = s
				if s.Suspended() && !approved { // it goes on only after it was seen, however late the watch began
					approved = true
					must(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": "me"}}))
				}
			}
			Expect(last.Outcome()).To(Equal(status.OutcomeSucceeded))
			Expect(len(versions)).To(BeNumerically(">", 1))
		}, SpecTimeout(specTimeout))

		It("can be left early, and yields its error once", func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			for _, err := range f.Client.Watch(ctx, s.Name) {
				Expect(err).NotTo(HaveOccurred())
				break
			}
			expectError(onlyError(f.Client.Watch(ctx, "nobody")), workflow.ErrNotFound, workflow.OpWatch, "nobody")
		}, SpecTimeout(specTimeout))
	})
}
