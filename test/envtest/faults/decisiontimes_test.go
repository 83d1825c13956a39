package faults_test

import (
	"context"
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// restedAfter is longer than a workflow must be unchanged for a decision not to be followed up.
const restedAfter = 47 * time.Second

// The spec measures the cost of following up a decision, compared with a read and a write, which
// are all that a Resume would need without it.
var _ = Describe("the time that decisions take", func() {
	It("is that of a read and a write where the controller has not written for long", func(ctx SpecContext) {
		s := newScene(ctx)
		c := s.caller(cluster.Config(), nil)
		n := form(10, 50)

		requests := 0 // of the last Resume
		resume := func(ctx context.Context, name string) error {
			before := c.answered(http.StatusOK)
			_, err := c.Resume(ctx, name, workflow.ResumeOptions{})
			requests = c.answered(http.StatusOK) - before
			return err
		}
		bare := func(ctx context.Context, name string) error {
			if _, err := argotest.Workflows(dyn, s.namespace).Get(ctx, name, metav1.GetOptions{}); err != nil {
				return err
			}
			return s.patch(ctx, name, `{"metadata":{"annotations":{"at":%q}}}`, time.Now().Format(time.RFC3339Nano))
		}
		atOnce := median(ctx, c, n, 0, resume)
		alone := median(ctx, c, n, 0, bare)
		note("median of a Resume right after the workflow has come to its gate: %v; of a read and a write alone: %v",
			atOnce.Round(time.Millisecond), alone.Round(time.Millisecond))
		Expect(requests).To(BeNumerically(">", 2), "it is followed up")
		if long() { // it takes most of a minute
			rested := median(ctx, c, n, restedAfter, resume)
			note("median of a Resume of a workflow that has waited at its gate for %v: %v", restedAfter, rested.Round(time.Millisecond))
			Expect(requests).To(Equal(2), "a read and a write: nothing is followed up")
		}
		s.leave(ctx)
	}, SpecTimeout(10*time.Minute)) // one workflow after the other, beside all that the other specs start
})

// median returns the median duration of a call, for workflows that have waited at a gate for the
// given time.
func median(ctx context.Context, c *caller, n int, wait time.Duration, call func(context.Context, string) error) time.Duration {
	GinkgoHelper()
	start := func() *status.WorkflowStatus {
		GinkgoHelper()
		s, err := c.Start(ctx, workflow.StartRequest{Template: "gates"})
		Expect(err).NotTo(HaveOccurred())
		return s.WorkflowStatus
	}
	states := make([]*status.WorkflowStatus, n)
	for i := range states {
		if wait > 0 { // so that all have been unchanged for this long at the same time
			states[i] = start()
		}
	}
	took := make([]time.Duration, n)
	for i, s := range states {
		if s == nil {
			s = start()
		}
		s, err := c.Wait(ctx, s.Name, workflow.Suspended)
		Expect(err).NotTo(HaveOccurred())
		Eventually(ctx, func() time.Duration { return time.Since(s.SuspendedNodes()[0].StartTime) }).Should(BeNumerically(">=", wait))
		began := time.Now()
		Expect(call(ctx, s.Name)).To(Succeed())
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[n/2]
}
