package faults_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

const (
	// effectWithin is how long a decision may take to have its effect after its call returned.
	effectWithin = 10 * time.Second
	// decidersOfAKind is how many decisions of one kind are made at the same time. With more, the
	// halted controller would not get to each workflow in time. For kinds that expect no effect,
	// waitersOfAKind is enough, because those mostly wait.
	decidersOfAKind, waitersOfAKind = 2, 8

	// delayTemplate waits for a duration and then at a gate. gatesTemplate waits at two gates.
	delayTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: delay-and-gate}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: delay, template: delay}], [{name: then, template: gate}]]
  - {name: delay, suspend: {duration: "3"}}
  - {name: gate, suspend: {}}
`
	gatesTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: gates}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: approve, template: gate}], [{name: then, template: gate}]]
  - {name: gate, suspend: {}}
`
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

// ballot collects the results of the decisions of one kind.
type ballot struct {
	mu sync.Mutex
	v  *verdict
}

func newBallot(kind string, n int) *ballot {
	return &ballot{v: &verdict{Row: faults.Row{Fault: "controller halted for 10–100 ms around its writes: " + kind, InFlight: n}}}
}

func (b *ballot) enter(name string, failed, lost error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case failed != nil:
		b.v.wrong("%s: %v", name, failed)
	case lost != nil:
		b.v.lost("%s: %v", name, lost)
	}
}

// run makes n decisions of the kind, each about its own workflow.
func (d decision) run(ctx context.Context, c *caller, n int) *ballot {
	b := newBallot(d.kind, n)
	var deciders sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	atOnce := decidersOfAKind
	if d.never != nil {
		atOnce = waitersOfAKind
	}
	for range atOnce {
		deciders.Go(func() {
			for left.Add(-1) >= 0 {
				name, failed, lost := d.once(ctx, c)
				b.enter(name, failed, lost)
			}
		})
	}
	deciders.Wait()
	return b
}

// once makes one decision. failed is the error of making it; lost is an error that shows that it
// had no effect.
func (d decision) once(ctx context.Context, c *caller) (name string, failed, lost error) {
	s, err := c.Start(ctx, workflow.StartRequest{Template: d.template, Spec: d.spec})
	if err != nil {
		return d.kind, err, nil
	}
	name = s.Name
	defer func() {
		if err := c.Delete(ctx, name, workflow.DeleteOptions{}); err != nil && failed == nil {
			failed = err
		}
	}()
	ready, err := c.Wait(ctx, name, d.ready)
	if err != nil {
		return name, err, nil
	}
	if err = d.make(ctx, c, ready); err != nil {
		return name, err, nil
	}
	return name, nil, tookEffect(ctx, c, name, d.taken, d.never)
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
func backfills(ctx context.Context, c *caller, namespace string, n int) (pauses, starts *ballot) {
	GinkgoHelper()
	text, err := os.ReadFile("../../../examples/backfill/backfill.yaml")
	Expect(err).NotTo(HaveOccurred())
	cfg, err := backfill.ParseConfig([]byte(strings.ReplaceAll(string(text), "namespace: ma", "namespace: "+namespace)))
	Expect(err).NotTo(HaveOccurred())
	argo := *cfg.Backfill.Argo
	argo.WorkflowTemplate, argo.Parameters, argo.Entrypoint = "delay-and-gate", nil, "main"
	cfg.Backfill.Argo = &argo

	pauses, starts = newBallot("Pause of a backfill", n), newBallot("Start of a paused backfill", n)
	var deciders sync.WaitGroup
	var next atomic.Int64
	for range waitersOfAKind {
		deciders.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				cfg := cfg
				cfg.Backfill.Session = fmt.Sprintf("session-%d", i)
				b, err := backfill.New(cfg, backfill.Dependencies{Workflows: c, Kubernetes: dyn})
				if err != nil {
					pauses.enter(cfg.Backfill.Session, err, nil)
					continue
				}
				pauseAndStart(ctx, c, b, pauses, starts)
			}
		})
	}
	deciders.Wait()
	return pauses, starts
}

func pauseAndStart(ctx context.Context, c *caller, b backfill.Backfill, pauses, starts *ballot) {
	started, err := b.Start(ctx)
	if err != nil {
		pauses.enter("", err, nil)
		return
	}
	name := started.Workflow.Name
	defer func() {
		if err := c.Delete(ctx, name, workflow.DeleteOptions{}); err != nil {
			starts.enter(name, err, nil)
		}
	}()
	if _, err := c.Wait(ctx, name, phaseRunning); err != nil {
		pauses.enter(name, err, nil)
		return
	}
	if err := b.Pause(ctx); err != nil {
		pauses.enter(name, err, nil)
		return
	}
	pauses.enter(name, nil, tookEffect(ctx, c, name, nil, waitsAt("then")))
	if _, err := b.Start(ctx); err != nil {
		starts.enter(name, err, nil)
		return
	}
	starts.enter(name, nil, tookEffect(ctx, c, name, waitsAt("then"), nil))
}

// After a write of its own, the controller of Argo 3.7.4 puts an older copy of a workflow back into
// its cache. If it is halted between the two, it does so after a decision that was made in the
// meantime.
var _ = Describe("decisions", Serial, func() {
	It("take effect though the workflow-controller is halted around its writes", func(ctx SpecContext) {
		s := newScene(ctx)
		for _, template := range []string{delayTemplate, gatesTemplate} {
			argotest.Create(ctx, argotest.Templates(dyn, s.namespace), template)
		}
		c := s.caller(cluster.Config(), nil)
		n := form(6, 300)

		h := s.haltController(ctx)
		kinds := decisions()
		ballots := make([]*ballot, len(kinds)+2)
		each(len(kinds)+1, func(i int) {
			defer GinkgoRecover()
			if i == len(kinds) {
				ballots[i], ballots[i+1] = backfills(ctx, c, s.namespace, n)
				return
			}
			ballots[i] = kinds[i].run(ctx, c, n)
		})
		halts := h.stop()
		Expect(ballots).NotTo(ContainElement(BeNil()))
		verdicts := make([]*verdict, len(ballots))
		for i, b := range ballots {
			b.v.Injected = halts
			verdicts[i] = b.v
		}
		s.leave(ctx)
		enter(verdicts...)
	}, SpecTimeout(60*time.Minute))
})
