package specs_test

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// killedVerb is a verb during which a process is killed.
type killedVerb struct {
	verb   backfill.Verb
	writes int // number of its writes, and so of points at which it can be killed
	from   backfill.State
	after  OmegaMatcher // of the status afterwards, whichever process completed the verb
}

func killedVerbs() []killedVerb {
	is := func(state backfill.State, also ...OmegaMatcher) OmegaMatcher {
		return And(append(also, HaveField("State", state))...)
	}
	atGateOfRun := func(n int) OmegaMatcher { return And(HaveField("Gates.Data", HaveLen(1)), HaveField("Run", n)) }
	suspended := HaveField("Workflow.SpecSuspended", true)
	return []killedVerb{
		{backfill.VerbStart, 1, backfill.StateNotStarted, atGateOfRun(1)},
		{backfill.VerbRestart, 1, backfill.StateStopped, atGateOfRun(2)},
		{backfill.VerbPause, 3, backfill.StateRunning, is(backfill.StatePaused, suspended, haveWorkers(0))},
		{backfill.VerbStart, 3, backfill.StatePaused, is(backfill.StateRunning, haveWorkers(backfillScale))},
		{backfill.VerbScale, 1, backfill.StateRunning, is(backfill.StateRunning, haveWorkers(backfillScale+1))},
		{backfill.VerbApprove, 1, backfill.StatePaused, is(backfill.StateRunning, haveWorkers(backfillScale))},
		{backfill.VerbReject, 1, backfill.StatePaused, is(backfill.StateFailed)},
		{backfill.VerbStop, 2, backfill.StateRunning, is(backfill.StateStopped, haveWorkers(0))},
	}
}

func describeBackfillKills(f *backfills) {
	Describe("comes to the same, whatever write its process was killed after", func() {
		for _, k := range killedVerbs() {
			It(fmt.Sprintf("%s from %s", k.verb, k.from), func(ctx SpecContext) {
				for writes := range k.writes + 1 {
					f.killed(ctx, k, fmt.Sprintf("after-%d", writes), writes)
				}
			}, SpecTimeout(startTimeout))
		}
	})
}

// killed runs the verb in a process that is killed after the given number of writes, and again in
// another process.
func (f *backfills) killed(ctx context.Context, k killedVerb, session string, writes int) {
	GinkgoHelper()
	By(fmt.Sprintf("killed after %d of %d writes", writes, k.writes))
	awaitState(ctx, f.reach(ctx, session, k.from, k.verb), k.from)
	process := shortLife(writes)
	Expect(do(ctx, f.open(session, process), k.verb, "approve")).NotTo(Succeed(), "it has lived too long: are there fewer writes by now?")
	Expect(process.over.Load()).To(BeTrue())

	again := f.open(session, nil)
	Expect(do(ctx, again, k.verb, "approve")).To(Succeed())
	st := awaitStatus(ctx, again, k.after)
	Expect(f.workflowsOf(ctx, session)).To(HaveLen(st.Run))
}
