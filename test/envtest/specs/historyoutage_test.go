package specs_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// describeDatabaseOutage is about a database that is stopped, and started again. It comes last, since Argo's
// controller doesn't like that either.
func describeDatabaseOutage(begin func(context.Context) *historyScene) {
	It("says that the database is down, starts no key then, and goes on when it is back", func(ctx SpecContext) {
		s := begin(ctx)
		waiting := s.atGate(ctx, nil)
		request := workflow.StartRequest{Manifest: []byte(waitsNoTime), IdempotencyKey: "down"}
		gone := must(s.client.Start(ctx, request))
		s.ends(ctx, gone.WorkflowStatus, status.OutcomeSucceeded)
		s.collect(ctx, gone.Name)

		impatient := s.clientWith(workflow.Options{RetryFor: -1})
		Expect(s.own.Kill(ctx, envtest.PartDatabase)).To(Succeed())
		for verb, err := range map[string]error{
			"get":                  second(impatient.Get(ctx, gone.Name)),
			"get of another name":  second(impatient.Get(ctx, "absent")),
			"gates":                second(impatient.Gates(ctx, gone.Name)),
			"wait":                 second(impatient.Wait(ctx, gone.Name, workflow.Completed)),
			"wait for a UID":       second(impatient.Wait(ctx, gone.Name, workflow.Completed, workflow.WithUID(gone.UID))),
			"start of its key":     second(impatient.Start(ctx, request)),
			"start of another key": second(impatient.Start(ctx, workflow.StartRequest{Manifest: request.Manifest, IdempotencyKey: "other"})),
			"stop":                 impatient.Stop(ctx, gone.Name, workflow.StopOptions{}),
			"retry":                second(impatient.Retry(ctx, gone.Name, workflow.RetryOptions{})),
			"resubmit":             second(impatient.Resubmit(ctx, gone.Name, workflow.ResubmitOptions{})),
		} {
			Expect(err).To(MatchError(workflow.ErrHistory), verb)
			Expect(err).NotTo(MatchError(workflow.ErrNotFound), verb)
		}
		var listed []string
		var failed error
		for state, err := range impatient.List(ctx, workflow.ListOptions{Archived: true}) {
			if failed = err; err == nil {
				listed = append(listed, state.Name)
			}
		}
		Expect(listed).To(Equal([]string{waiting.Name}))
		Expect(failed).To(MatchError(workflow.ErrHistory))

		By("reading what is in the cluster, without nodes that are in the database")
		now := must(impatient.Get(ctx, waiting.Name))
		if s.stored == offloaded {
			Expect(now.NodesErr).To(MatchError(workflow.ErrHistory))
			Expect(second(impatient.Approve(ctx, waiting.Name, decided()))).To(MatchError(workflow.ErrHistory))
		} else {
			Expect(now.Suspended()).To(BeTrue())
		}
		Expect(must(s.in.List(ctx, metav1.ListOptions{})).Items).To(HaveLen(1), "no key was started")

		By("waiting for the database until it is back")
		read := make(chan error, 1)
		go func() { read <- second(s.client.Get(ctx, gone.Name)) }()
		Consistently(ctx, read, time.Second).ShouldNot(Receive())
		Expect(s.own.Restart(ctx, envtest.PartDatabase)).To(Succeed())
		Eventually(ctx, read).Should(Receive(BeNil()))
		// Argo's controller can miss what happened while it had no database.
		Expect(s.own.Restart(ctx, envtest.PartWorkflowController)).To(Succeed())
		Expect(must(s.client.Start(ctx, request)).UID).To(Equal(gone.UID))
		must(s.client.Approve(ctx, waiting.Name, decided()))
		s.ends(ctx, waiting, status.OutcomeSucceeded)
	}, SpecTimeout(specTimeout))

	It("waits for a database that does not answer, and takes nothing for an answer", func(ctx SpecContext) {
		s := begin(ctx)
		request := workflow.StartRequest{Manifest: []byte(waitsNoTime), IdempotencyKey: "halted"}
		gone := must(s.client.Start(ctx, request))
		s.ends(ctx, gone.WorkflowStatus, status.OutcomeSucceeded)
		s.collect(ctx, gone.Name)
		Expect(s.own.Pause(envtest.PartDatabase)).To(Succeed())
		DeferCleanup(func() { Expect(s.own.Continue(envtest.PartDatabase)).To(Succeed()) })
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		Expect(second(s.client.Get(short, gone.Name))).To(MatchError(context.DeadlineExceeded))
		found := make(chan error, 1)
		go func() {
			again, err := s.client.Start(ctx, request)
			if err == nil && again.UID != gone.UID {
				err = workflow.ErrReplaced
			}
			found <- err
		}()
		Consistently(ctx, found, time.Second).ShouldNot(Receive())
		Expect(s.own.Continue(envtest.PartDatabase)).To(Succeed())
		Eventually(ctx, found).Should(Receive(BeNil()))
	}, SpecTimeout(specTimeout))
}
