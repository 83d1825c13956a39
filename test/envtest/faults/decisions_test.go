package faults_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/util/workqueue"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

const (
	// effectWithin is how long a decision may take to have its effect after its call returned.
	effectWithin = 10 * time.Second
	// decidersOfAKind is how many decisions of one kind are made at the same time. With more, the
	// halted controller would not get to each workflow in time. For kinds that expect no effect,
	// waitersOfAKind is enough, because those mostly wait.
	decidersOfAKind, waitersOfAKind = 2, 8
)

// decision is a kind of decision about a workflow.
type decision struct {
	kind     string
	template string
	spec     map[string]any
	// ready is the state for which the decision is made, at once, when the controller has just
	// written it.
	ready workflow.Condition
	make  func(ctx context.Context, c *caller, s *status.WorkflowStatus) error
	// taken is the state that shows that the decision had its effect.
	taken workflow.Condition
	// never, if set instead of taken, is a state that must not occur within effectWithin.
	never workflow.Condition
}

func decisions() []decision {
	stop := func(ctx context.Context, c *caller, s *status.WorkflowStatus) error {
		return c.Stop(ctx, s.Name, workflow.StopOptions{})
	}
	reject := func(ctx context.Context, c *caller, s *status.WorkflowStatus) error {
		_, err := c.Reject(ctx, s.Name, workflow.Decision{Gates: gateIDs(s), Message: "no"})
		return err
	}
	return []decision{
		{kind: "Approve", template: "gates", ready: workflow.Suspended,
			make: func(ctx context.Context, c *caller, s *status.WorkflowStatus) error {
				_, err := c.Approve(ctx, s.Name, workflow.Decision{Gates: gateIDs(s), By: "ann"})
				return err
			},
			taken: waitsAt("then")},
		{kind: "Resume", template: "gates", spec: map[string]any{"suspend": true}, ready: anyPhase,
			make: func(ctx context.Context, c *caller, s *status.WorkflowStatus) error {
				_, err := c.Resume(ctx, s.Name, workflow.ResumeOptions{})
				return err
			},
			taken: waitsAt("approve")},
		{kind: "Suspend", template: "delay-and-gate", ready: phaseRunning,
			make: func(ctx context.Context, c *caller, s *status.WorkflowStatus) error {
				return c.Suspend(ctx, s.Name, workflow.SuspendOptions{})
			},
			never: waitsAt("then")},
		{kind: "Reject", template: "gates", ready: workflow.Suspended, make: reject, taken: ended(status.OutcomeFailed)},
		{kind: "Stop", template: "gates", ready: workflow.Suspended, make: stop, taken: ended(status.OutcomeStopped)},
		{kind: "Terminate", template: "gates", ready: workflow.Suspended,
			make: func(ctx context.Context, c *caller, s *status.WorkflowStatus) error {
				return c.Terminate(ctx, s.Name, workflow.TerminateOptions{})
			},
			taken: ended(status.OutcomeTerminated)},
		{kind: "Retry", template: "gates", ready: workflow.Suspended,
			make: func(ctx context.Context, c *caller, s *status.WorkflowStatus) error {
				if err := reject(ctx, c, s); err != nil {
					return err
				}
				if err := tookEffect(ctx, c, s.Name, workflow.Completed, nil); err != nil {
					return err
				}
				_, err := c.Retry(ctx, s.Name, workflow.RetryOptions{})
				return err
			},
			taken: waitsAt("approve")},
	}
}

func gateIDs(s *status.WorkflowStatus) []string {
	var ids []string
	for _, n := range s.SuspendedNodes() {
		ids = append(ids, n.ID)
	}
	return ids
}

// anyPhase holds once the controller has written a workflow. A suspended workflow stays Pending if
// the controller postponed it first, which happens occasionally even without a limit on
// parallelism.
func anyPhase(s *status.WorkflowStatus) (bool, error) { return s.Phase != "", nil }

func phaseRunning(s *status.WorkflowStatus) (bool, error) { return s.Phase == status.PhaseRunning, nil }

// waitsAt holds while a workflow waits at the named gate. If the workflow ends before, it returns
// an error.
func waitsAt(name string) workflow.Condition {
	return func(s *status.WorkflowStatus) (bool, error) {
		at := slices.ContainsFunc(s.SuspendedNodes(), func(n *status.Node) bool { return n.DisplayName == name })
		if !at && s.Completed() {
			return false, fmt.Errorf("it ended %s", s.Outcome())
		}
		return at, nil
	}
}

// ended holds once a workflow has ended with the given outcome. Another outcome is an error.
func ended(so status.Outcome) workflow.Condition {
	return func(s *status.WorkflowStatus) (bool, error) {
		if s.Completed() && s.Outcome() != so {
			return false, fmt.Errorf("it ended %s", s.Outcome())
		}
		return s.Completed(), nil
	}
}

// newDecisions returns the verdict on n decisions of one kind.
func newDecisions(kind string, n int) *verdict {
	return &verdict{Row: faults.Row{Fault: "controller halted for 10–100 ms around its writes: " + kind, InFlight: n}}
}

// missed counts a decision as lost if there is an error, which shows that it had no effect.
func (v *verdict) missed(name string, err error) {
	if err != nil {
		v.lost("%s: %v", name, err)
	}
}

// run makes n decisions of the kind, each about its own workflow.
func (d decision) run(ctx context.Context, c *caller, n int) *verdict {
	v := newDecisions(d.kind, n)
	atOnce := decidersOfAKind
	if d.never != nil {
		atOnce = waitersOfAKind
	}
	workqueue.ParallelizeUntil(ctx, atOnce, n, func(int) { d.once(ctx, c, v) })
	return v
}

// once makes one decision.
func (d decision) once(ctx context.Context, c *caller, v *verdict) {
	s, err := c.Start(ctx, workflow.StartRequest{Template: d.template, Spec: d.spec})
	if v.failed(d.kind, err) {
		return
	}
	defer func() { v.failed(s.Name, c.Delete(ctx, s.Name, workflow.DeleteOptions{})) }()
	ready, err := c.Wait(ctx, s.Name, d.ready)
	if v.failed(s.Name, err) || v.failed(s.Name, d.make(ctx, c, ready)) {
		return
	}
	v.missed(s.Name, tookEffect(ctx, c, s.Name, d.taken, d.never))
}

// tookEffect returns nil if the state taken occurs in time, or if the state never does not.
func tookEffect(ctx context.Context, c *caller, name string, taken, never workflow.Condition) error {
	within, cancel := context.WithTimeout(ctx, effectWithin)
	defer cancel()
	if never == nil {
		_, err := c.Wait(within, name, taken)
		return err
	}
	_, err := c.Wait(within, name, never)
	switch {
	case err == nil:
		return errors.New("it went on")
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return nil
	}
	return err
}

// backfills pauses backfills during a delay, and starts them again.
func backfills(ctx context.Context, c *caller, namespace string, n int) (pauses, starts *verdict) {
	GinkgoHelper()
	text, err := os.ReadFile("../../../examples/backfill/backfill.yaml")
	Expect(err).NotTo(HaveOccurred())
	cfg, err := backfill.ParseConfig([]byte(strings.ReplaceAll(string(text), "namespace: ma", "namespace: "+namespace)))
	Expect(err).NotTo(HaveOccurred())
	argo := *cfg.Backfill.Argo
	argo.WorkflowTemplate, argo.Parameters, argo.Entrypoint = "delay-and-gate", nil, "main"
	cfg.Backfill.Argo = &argo

	pauses, starts = newDecisions("Pause of a backfill", n), newDecisions("Start of a paused backfill", n)
	workqueue.ParallelizeUntil(ctx, waitersOfAKind, n, func(i int) {
		cfg := cfg
		cfg.Backfill.Session = fmt.Sprintf("session-%d", i)
		b, err := backfill.New(cfg, backfill.Dependencies{Workflows: c, Kubernetes: dyn})
		if !pauses.failed(cfg.Backfill.Session, err) {
			pauseAndStart(ctx, c, b, pauses, starts)
		}
	})
	return pauses, starts
}

func pauseAndStart(ctx context.Context, c *caller, b backfill.Backfill, pauses, starts *verdict) {
	started, err := b.Start(ctx)
	if pauses.failed("start of a backfill", err) {
		return
	}
	name := started.Workflow.Name
	defer func() { starts.failed(name, c.Delete(ctx, name, workflow.DeleteOptions{})) }()
	if _, err := c.Wait(ctx, name, phaseRunning); pauses.failed(name, err) {
		return
	}
	if pauses.failed(name, b.Pause(ctx)) {
		return
	}
	pauses.missed(name, tookEffect(ctx, c, name, nil, waitsAt("then")))
	if _, err := b.Start(ctx); starts.failed(name, err) {
		return
	}
	starts.missed(name, tookEffect(ctx, c, name, waitsAt("then"), nil))
}

// After a write of its own, the controller of Argo 3.7.4 puts an older copy of a workflow back into
// its cache. If it is halted between the two, it does so after a decision that was made in the
// meantime.
var _ = Describe("decisions", Serial, func() {
	It("take effect though the workflow-controller is halted around its writes", func(ctx SpecContext) {
		s := newScene(ctx)
		c := s.caller(cluster.Config(), nil)
		n := form(6, 300)

		h := s.haltController(ctx)
		kinds := decisions()
		verdicts := make([]*verdict, len(kinds)+2)
		each(len(kinds)+1, func(i int) {
			defer GinkgoRecover()
			if i == len(kinds) {
				verdicts[i], verdicts[i+1] = backfills(ctx, c, s.namespace, n)
				return
			}
			verdicts[i] = kinds[i].run(ctx, c, n)
		})
		halts := h.stop()
		Expect(verdicts).NotTo(ContainElement(BeNil()))
		for _, v := range verdicts {
			v.Injected = halts
		}
		s.leave(ctx)
		enter(verdicts...)
	}, SpecTimeout(60*time.Minute))
})
