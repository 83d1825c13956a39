package specs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// These are where a pause records the number of workers.
const (
	pausedReplicas = "argoservice.opensearch.org/paused-replicas" // an annotation of the workflow
	notesConfigMap = "argoservice-backfill"                       // for a Deployment without one
)

// noted is the recorded numbers of workers.
type noted map[types.UID]struct {
	Replicas int
	Paused   bool
}

func readNoted(text string) noted {
	GinkgoHelper()
	var n noted
	if text != "" {
		Expect(json.Unmarshal([]byte(text), &n)).To(Succeed(), text)
	}
	return n
}

// expectInStep expects that a session has the workers that its workflow needs.
func (f *backfills) expectInStep(ctx context.Context, session string, what string) {
	GinkgoHelper()
	items := f.workflowsOf(ctx, session)
	Expect(items).To(HaveLen(1))
	s := must(status.FromUnstructured(&items[0]))
	all := must(kube.AppsV1().Deployments(f.namespace).List(ctx, metav1.ListOptions{
		LabelSelector: "workflows.argoproj.io/workflow=" + s.Name,
	})).Items
	Expect(all).To(HaveLen(1), what)
	workers := all[0]
	before := readNoted(items[0].GetAnnotations()[pausedReplicas])[workers.UID]
	now := fmt.Sprintf("%s: shutdown %q, suspended %t, %d workers, noted %+v", what, s.Shutdown, s.SpecSuspended, *workers.Spec.Replicas, before)
	switch {
	case s.Shutdown != status.ShutdownNone:
		Expect(*workers.Spec.Replicas).To(BeZero(), now)
		Expect(before.Paused).To(BeFalse(), now)
	case s.SpecSuspended:
		Expect(*workers.Spec.Replicas).To(BeZero(), now)
		Expect(before.Paused).To(BeTrue(), now)
		Expect(before.Replicas).To(BeNumerically(">", 0), now)
	default:
		Expect(*workers.Spec.Replicas).To(BeNumerically(">", 0), now)
		Expect(before.Paused).To(BeFalse(), now)
	}
}

// meet calls Start, Pause, up to two more verbs and last, all at the same time and each on its own
// backfill. It returns their errors and a description.
func meet(
	ctx context.Context, open func() backfill.Backfill, random *rand.Rand, last ...backfill.Verb,
) (outcomes []error, what string) {
	verbs := []backfill.Verb{backfill.VerbStart, backfill.VerbPause, backfill.VerbScale}
	chosen := []backfill.Verb{backfill.VerbStart, backfill.VerbPause}
	for range random.IntN(3) {
		chosen = append(chosen, verbs[random.IntN(len(verbs))])
	}
	chosen = append(chosen, last...)
	outcomes = make([]error, len(chosen))
	var all sync.WaitGroup
	for i, verb := range chosen {
		b := open()
		all.Go(func() {
			defer GinkgoRecover()
			outcomes[i] = do(ctx, b, verb, "")
		})
	}
	all.Wait()
	return outcomes, fmt.Sprintf("%v: %v", chosen, outcomes)
}

// newRandom returns a generator for orders. Ginkgo's seed reproduces them.
func newRandom() *rand.Rand {
	return rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 1)) //nolint:gosec // for orders, not for secrets
}

func describeBackfillRaces(f *backfills) {
	It("leaves workflow and workers in step, whatever verbs meet", func(ctx SpecContext) {
		// The workers stay when the workflow is stopped, so that the effect of the verbs on them
		// can be seen.
		f.variant(ctx, "lasting", func(spec map[string]any) { delete(spec, "onExit") })
		const session = "s"
		f.working(ctx, session)
		random := newRandom()
		open := func() backfill.Backfill { return f.open(session, nil) }
		for range 9 {
			outcomes, what := meet(ctx, open, random)
			Expect(errors.Join(outcomes...)).NotTo(HaveOccurred(), what)
			f.expectInStep(ctx, session, what)
		}
		outcomes, what := meet(ctx, open, random, backfill.VerbStop)
		Expect(outcomes).To(HaveEach(Or(Succeed(), MatchError(backfill.ErrEnded))), what)
		f.expectInStep(ctx, session, what)
		awaitState(ctx, f.open(session, nil), backfill.StateStopped)
	}, SpecTimeout(lengthTimeout))

	It("has the gates of an exit handler decided after a stop", func(ctx SpecContext) {
		f.variant(ctx, "asking", func(spec map[string]any) {
			spec["onExit"] = "ask"
			spec["templates"] = append(spec["templates"].([]any), mapping(`
name: ask
steps:
- - {name: keep-workers, template: wait}
- - {name: keep-index, template: wait}
`), mapping(`{name: wait, suspend: {}}`))
		})
		b := f.atGate(ctx, "s")
		Expect(b.Stop(ctx)).To(Succeed())
		Expect(second(b.Approve(ctx, workflow.Decision{Gates: []string{"approve"}}))).
			To(MatchError(workflow.ErrNotSuspended), "it is failing, or has failed")
		for _, gate := range []string{"keep-workers", "keep-index"} {
			st := awaitStatus(ctx, b, HaveField("Gates.Data", HaveExactElements(HaveField("Name", gate))))
			Expect(st.State).To(Equal(backfill.StateTerminating))
			if gate == "keep-workers" {
				Expect(b.Approve(ctx, workflow.Decision{Gates: []string{gate}})).To(haveDecided(gate))
			} else {
				Expect(b.Reject(ctx, workflow.Decision{All: true, Message: "not today"})).To(haveDecided(gate))
			}
		}
		awaitStatus(ctx, b, HaveField("State", Satisfy(backfill.State.Completed)))
	}, SpecTimeout(specTimeout))
}
