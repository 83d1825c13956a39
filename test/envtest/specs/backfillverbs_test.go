package specs_test

import (
	"context"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// do calls the method of a verb. A verb about a gate is for the gate with the given name.
func do(ctx context.Context, b backfill.Backfill, verb backfill.Verb, gate string) error {
	switch verb {
	case backfill.VerbStart:
		return second(b.Start(ctx))
	case backfill.VerbRestart:
		return second(b.Restart(ctx))
	case backfill.VerbPause:
		return b.Pause(ctx)
	case backfill.VerbScale:
		return b.Scale(ctx, backfillScale+1)
	case backfill.VerbApprove:
		return second(b.Approve(ctx, workflow.Decision{Gates: []string{gate}, Outputs: map[string]any{"approved-by": "ann"}}))
	case backfill.VerbReject:
		return second(b.Reject(ctx, workflow.Decision{Gates: []string{gate}, Message: "not today"}))
	case backfill.VerbStop:
		return b.Stop(ctx)
	case backfill.VerbArchive:
		return second(b.Archive(ctx, backfill.ArchiveOptions{Dir: GinkgoT().TempDir()}))
	case backfill.VerbNone:
	}
	return fmt.Errorf("no such verb: %q", verb)
}

// reach brings a session with that name to a state in which verb is tested. For a decision, a
// paused backfill is at its gate. For any other verb, Pause has paused it.
func (f *backfills) reach(ctx context.Context, session string, state backfill.State, verb backfill.Verb) backfill.Backfill {
	GinkgoHelper()
	switch state {
	case backfill.StateNotStarted:
		return f.open(session, nil)
	case backfill.StateStarting:
		b := f.open(session, nil)
		must(b.Start(ctx))
		return b
	case backfill.StateRunning, backfill.StateTerminating:
		b := f.working(ctx, session)
		if state == backfill.StateTerminating {
			Expect(b.Stop(ctx)).To(Succeed())
		}
		return b
	case backfill.StatePaused:
		if verb == backfill.VerbApprove || verb == backfill.VerbReject {
			return f.atGate(ctx, session)
		}
		b := f.working(ctx, session)
		Expect(b.Pause(ctx)).To(Succeed())
		return b
	case backfill.StateStopped:
		b := f.atGate(ctx, session)
		must(b.StopAndWait(ctx))
		return b
	case backfill.StateFailed:
		b := f.atGate(ctx, session)
		must(b.Reject(ctx, workflow.Decision{All: true, Message: "not today"}))
		return b
	case backfill.StateSucceeded:
		b := f.working(ctx, session)
		f.finish(ctx, session)
		return b
	}
	Fail("no such state: " + string(state))
	return nil
}

// prepare changes the template so that it stays in a state while a spec checks it.
func (f *backfills) prepare(ctx context.Context, state backfill.State) {
	GinkgoHelper()
	switch state {
	case backfill.StateStarting: // the lock that it needs is held
		f.variant(ctx, "locked", func(spec map[string]any) {
			spec["synchronization"] = mapping("mutexes: [{name: taken}]")
		})
		holder := argotest.Create(ctx, argotest.Workflows(dyn, f.namespace), `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: holder-}
spec:
  entrypoint: hold
  synchronization: {mutexes: [{name: taken}]}
  templates: [{name: hold, suspend: {}}]
`)
		awaitPhase(ctx, argotest.Workflows(dyn, f.namespace), holder, "Running")
	case backfill.StateTerminating: // the exit handler takes a while
		f.variant(ctx, "slow", func(spec map[string]any) {
			spec["onExit"] = "linger"
			spec["templates"] = append(spec["templates"].([]any), mapping(`
name: linger
metadata: {annotations: {envtest.argoservice/duration: 10m}}
container: {image: any, command: ["true"]}
`))
		})
	}
}

// older replaces the template by that of older migrations.
func (f *backfills) older(ctx context.Context) {
	GinkgoHelper()
	manifest := exampleText(f.namespace, "backfill/manifests/bulk-load-replicaset.yaml")
	f.useTemplate(argotest.Create(ctx, argotest.Templates(dyn, f.namespace), manifest))
}

func describeBackfillVerbs(f *backfills) {
	Describe("does what the state machine says", func() {
		for _, state := range backfill.States() {
			It("in state "+string(state), func(ctx SpecContext) { f.expectTransitions(ctx, state) }, SpecTimeout(startTimeout))
		}
	})
}

// expectTransitions expects that verbs do what the state machine says for a state.
func (f *backfills) expectTransitions(ctx context.Context, state backfill.State) {
	f.prepare(ctx, state)
	var moving []backfill.Transition
	still := f.reach(ctx, "still", state, "")
	awaitState(ctx, still, state)
	for _, tr := range backfill.Transitions() {
		moves := !slices.Equal(tr.To, []backfill.State{state})
		switch {
		case tr.From != state || tr.Verb == backfill.VerbNone:
		case moves:
			moving = append(moving, tr)
		default:
			if err := do(ctx, still, tr.Verb, "not-reached"); tr.Err != nil {
				Expect(err).To(MatchError(tr.Err), "%s", tr.Verb)
			} else {
				Expect(err).NotTo(HaveOccurred(), "%s", tr.Verb)
			}
			Expect(still.Status(ctx)).To(HaveField("State", state), "after %s", tr.Verb)
		}
	}
	for _, tr := range moving {
		By(fmt.Sprintf("%s, which leads to %v", tr.Verb, tr.To))
		b := f.reach(ctx, string(tr.Verb), state, tr.Verb)
		awaitState(ctx, b, state)
		Expect(do(ctx, b, tr.Verb, "approve")).To(Succeed())
		reached := BeElementOf(beyond(tr.To)) // the backfill may have left the state already
		if !slices.Contains(tr.To, state) {
			reached = And(reached, Not(Equal(state)))
		}
		awaitStatus(ctx, b, HaveField("State", reached))
	}
}

// beyond returns the states and those that a backfill reaches from them by itself.
func beyond(states []backfill.State) []backfill.State {
	all := slices.Clone(states)
	for _, tr := range backfill.Transitions() {
		if tr.Verb == backfill.VerbNone && slices.Contains(states, tr.From) {
			all = append(all, tr.To...)
		}
	}
	return all
}
