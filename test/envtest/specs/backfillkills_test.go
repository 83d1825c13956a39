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
	// done checks the state afterwards, whichever process completed the verb.
	done func(g Gomega, st *backfill.Status)
}

func (k killedVerb) String() string { return fmt.Sprintf("%s from %s", k.verb, k.from) }

func killedVerbs() []killedVerb {
	workers := func(g Gomega, st *backfill.Status, n int) {
		g.Expect(st.Pods.Unwrap()).To(Equal(backfill.Pods{Running: n, Desired: n}))
	}
	return []killedVerb{
		{backfill.VerbStart, 1, backfill.StateNotStarted, func(g Gomega, st *backfill.Status) {
			g.Expect(st.Gates.Data).To(HaveLen(1))
			g.Expect(st.Run).To(Equal(1))
		}},
		{backfill.VerbRestart, 1, backfill.StateStopped, func(g Gomega, st *backfill.Status) {
			g.Expect(st.Gates.Data).To(HaveLen(1))
			g.Expect(st.Run).To(Equal(2))
		}},
		{backfill.VerbPause, 3, backfill.StateRunning, func(g Gomega, st *backfill.Status) {
			g.Expect(st.State).To(Equal(backfill.StatePaused))
			g.Expect(st.Workflow.SpecSuspended).To(BeTrue())
			workers(g, st, 0)
		}},
		{backfill.VerbStart, 3, backfill.StatePaused, func(g Gomega, st *backfill.Status) {
			g.Expect(st.State).To(Equal(backfill.StateRunning))
			workers(g, st, backfillScale)
		}},
		{backfill.VerbScale, 1, backfill.StateRunning, func(g Gomega, st *backfill.Status) {
			g.Expect(st.State).To(Equal(backfill.StateRunning))
			workers(g, st, backfillScale+1)
		}},
		{backfill.VerbApprove, 1, backfill.StatePaused, func(g Gomega, st *backfill.Status) {
			g.Expect(st.State).To(Equal(backfill.StateRunning))
			workers(g, st, backfillScale)
		}},
		{backfill.VerbReject, 1, backfill.StatePaused, func(g Gomega, st *backfill.Status) {
			g.Expect(st.State).To(Equal(backfill.StateFailed))
		}},
		{backfill.VerbStop, 2, backfill.StateRunning, func(g Gomega, st *backfill.Status) {
			g.Expect(st.State).To(Equal(backfill.StateStopped))
			workers(g, st, 0)
		}},
	}
}

func describeBackfillKills(fixture func() *backfills) {
	var entries []any
	for _, k := range killedVerbs() {
		entries = append(entries, Entry(nil, k, SpecTimeout(startTimeout)))
	}
	DescribeTable("comes to the same, whatever write its process was killed after", append([]any{
		func(k killedVerb) string { return k.String() },
		func(ctx SpecContext, k killedVerb) {
			f := fixture()
			for writes := range k.writes + 1 {
				f.killed(ctx, k, fmt.Sprintf("after-%d", writes), writes)
			}
		},
	}, entries...)...)
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
	st := awaitStatus(ctx, again, k.done)
	Expect(f.workflowsOf(ctx, session)).To(HaveLen(st.Run))
}
