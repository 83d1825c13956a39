package faults_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// approvers is how many gates are approved at the same time. With more, the halted controller
	// would pass them too late for the approvals to meet it.
	approvers = 6
	// approvedWithin is how long after its time a gate is approved at the latest.
	approvedWithin = 120 * time.Millisecond
)

// A controller that passes a gate at its timeout writes the defaults over the outputs of an approval
// that arrives in the meantime. Halted around its writes, that of Argo 3.7.4 does so in one of twelve
// cases.
var _ = Describe("approvals at the timeout of their gate", Serial, func() {
	It("have their outputs or fail", func(ctx SpecContext) {
		s := newScene(ctx)
		c := s.caller(cluster.Config(), nil)
		h := s.haltController(ctx)
		var approved, late atomic.Int64
		each(approvers, func(i int) {
			defer GinkgoRecover()
			chance := seeded(i + 1)
			for range form(2, 25) {
				inTime, err := approveAtTimeout(ctx, c, chance)
				Expect(err).NotTo(HaveOccurred())
				if inTime {
					approved.Add(1)
				} else {
					late.Add(1)
				}
			}
		})
		Expect(h.stop()).To(BeNumerically(">", 0), "the controller was halted")
		GinkgoWriter.Printf("%d approvals were in time, %d were late\n", approved.Load(), late.Load())
		s.leave(ctx)
	}, SpecTimeout(20*time.Minute))
})

// approveAtTimeout approves a gate when it passes by itself, and reports whether that was in time. It
// returns an error if the gate's output says otherwise.
func approveAtTimeout(ctx context.Context, c *caller, chance *rand.Rand) (inTime bool, err error) {
	started, err := c.Start(ctx, workflow.StartRequest{Template: "timed"})
	if err != nil {
		return false, err
	}
	s, err := c.Wait(ctx, started.Name, workflow.AtGate("approve"))
	if err != nil {
		return false, err
	}
	sleep(ctx, time.Until(s.SuspendedNodes()[0].Until())+time.Duration(chance.Int64N(int64(approvedWithin))))
	result, failed := c.Approve(ctx, s.Name, workflow.Decision{Gates: []string{"approve"}, Outputs: map[string]any{"by": "ann"}})
	if s, err = c.Wait(ctx, s.Name, workflow.Completed); err != nil {
		return false, err
	}
	by, _ := s.OutputParameter(status.NodeNamed("approve"), "by")
	switch {
	case failed == nil && len(result.Gates) == 1 && by == "ann":
		inTime = true
	case by == "nobody" && (errors.Is(failed, workflow.ErrNotSuspended) || errors.Is(failed, workflow.ErrCompleted)):
	default:
		return false, errors.Join(fmt.Errorf("%s: the approval reports %+v, but the output is %q", s.Name, result, by), failed)
	}
	return inTime, c.Delete(ctx, s.Name, workflow.DeleteOptions{})
}
