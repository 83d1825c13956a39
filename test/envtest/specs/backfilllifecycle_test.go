package specs_test

import (
	"errors"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

var _ = Describe("backfill by the native client", func() { backfillSpecs(byNative) })

// backfillSpecs are the specs that a backfill must pass with any implementation of the workflow
// interface.
func backfillSpecs(by backfillBy) {
	f := &backfills{by: by}
	BeforeEach(func(ctx SpecContext) { f.install(ctx) }, NodeTimeout(specTimeout))

	describeBackfillLifecycle(f)
	Context("at length", labelRare, func() {
		describeBackfillVerbs(f)
		describeBackfillKills(f)
		describeBackfillRaces(f)
	})
}

func describeBackfillLifecycle(f *backfills) {
	It("goes from its gate through a pause to its end, each step by another process", func(ctx SpecContext) {
		const session = "demo"
		open := func() backfill.Backfill { return f.open(session, nil) }
		Expect(open().Status(ctx)).To(HaveField("State", backfill.StateNotStarted))
		Expect(open().Create(ctx)).To(Succeed())
		Expect(f.workflowsOf(ctx, session)).To(BeEmpty(), "Create starts nothing")

		st := must(open().Start(ctx))
		Expect(st.Run).To(Equal(1))
		started := st.Workflow.UID
		isStarted := HaveField("Workflow.UID", started)
		st = awaitState(ctx, open(), backfill.StatePaused)
		Expect(st.Gates.Unwrap()).To(HaveExactElements(And(
			HaveField("Name", "approve"), HaveField("Outputs", HaveExactElements(HaveField("Name", "approved-by"))),
		)))
		Expect(st.Pods.Unwrap()).To(Equal(backfill.Pods{}))
		Expect(st.Shards.Unwrap()).To(HaveField("State", backfill.ShardsPending))
		Expect(open().Create(ctx)).To(Succeed(), "it has been started, which is as good as ready")

		By("starting what waits at its gate, which opens no gate")
		Expect(open().Start(ctx)).To(And(HaveField("State", backfill.StatePaused), isStarted))

		By("approving")
		Expect(second(open().Approve(ctx, workflow.Decision{All: true}))).
			To(And(MatchError(workflow.ErrInvalid), MatchError(ContainSubstring("approved-by"))))
		approve(ctx, open())
		Expect(f.workflowsOf(ctx, session)[0].GetLabels()).To(HaveKeyWithValue("workflows.argoproj.io/actor", "ann"))
		Expect(open().Approve(ctx, workflow.Decision{Gates: []string{"appr*"}})).
			To(HaveField("Gates", BeEmpty()), "it was approved before")
		awaitWorkers(ctx, open(), backfillScale)

		By("pausing")
		laidOut := time.Now().Add(-time.Minute)
		f.state.set(".migrations_working_state_"+session, backfill.Counts{
			LaidOutAt: laidOut, Total: 8, Completed: 2, InProgress: 4, Unclaimed: 2,
		}, map[string]string{"shard_setup": "{}"})
		Expect(open().Pause(ctx)).To(Succeed())
		Expect(open().Pause(ctx)).To(Succeed(), "again")
		st = awaitWorkers(ctx, open(), 0)
		Expect(st.State).To(Equal(backfill.StatePaused))
		Expect(st.Workflow.SpecSuspended).To(BeTrue())
		Expect(st.Shards.Unwrap()).To(And(HaveField("Percentage", 25.0), HaveField("ETA", And(
			BeNumerically(">=", 3*time.Minute), BeNumerically("<=", 3*time.Since(laidOut)), // the other three quarters
		))))
		Expect(second(open().Archive(ctx, backfill.ArchiveOptions{Dir: GinkgoT().TempDir()}))).
			To(MatchError(backfill.ErrRunning), "what is paused goes on with its working state")

		By("scaling what is paused, and starting it again")
		Expect(open().Scale(ctx, 2)).To(Succeed())
		awaitWorkers(ctx, open(), 0)
		Expect(open().Start(ctx)).To(And(HaveField("State", backfill.StateRunning), isStarted))
		awaitWorkers(ctx, open(), 2)

		By("scaling what runs")
		Expect(open().Scale(ctx, 3)).To(Succeed())
		awaitWorkers(ctx, open(), 3)
		Expect(open().Scale(ctx, 0)).To(MatchError(workflow.ErrInvalid))

		By("ending")
		f.finish(ctx, session)
		st = awaitState(ctx, open(), backfill.StateSucceeded)
		awaitWorkers(ctx, open(), 0)
		Expect(st.Failed.Unwrap()).To(BeEmpty(), "checks that found the work unfinished are no failure")
		st = must(open().Start(ctx))
		Expect(st.State).To(Equal(backfill.StateSucceeded), "it is done, and not done again")
		Expect(f.workflowsOf(ctx, session)).To(HaveLen(1))
		Expect(st.Workflow.Arguments).To(ContainElements(
			status.Parameter{Name: "session-name", Value: session, Set: true},
			status.Parameter{Name: "replicas", Value: "4", Set: true},
			status.Parameter{Name: "source-version", Value: "ES 7.10.2", Set: true},
		))

		By("archiving")
		options := backfill.ArchiveOptions{Dir: GinkgoT().TempDir(), File: "a.json"}
		archive := must(open().Archive(ctx, options))
		Expect(archive.Documents).To(BeEquivalentTo(1))
		Expect(open().Archive(ctx, options)).To(And(HaveField("Missing", true), HaveField("Path", archive.Path)))
		Expect(open().Restore(ctx, archive.Path)).To(BeEquivalentTo(1))

		By("running the session once more, because that was asked for")
		Expect(open().Restart(ctx)).To(HaveField("Run", 2))
		Expect(awaitState(ctx, open(), backfill.StatePaused)).To(And(HaveField("Run", 2), Not(isStarted)))
		Expect(f.workflowsOf(ctx, session)).To(HaveLen(2))
		Expect(open().Stop(ctx)).To(Succeed())
	}, SpecTimeout(startTimeout))

	It("is started once by twenty processes at the same time, and restarted once", func(ctx SpecContext) {
		twenty := func(start func(backfill.Backfill) (*backfill.Status, error)) {
			GinkgoHelper()
			var all sync.WaitGroup
			for range 20 {
				b := f.open("busy", nil)
				all.Go(func() {
					defer GinkgoRecover()
					must(start(b))
				})
			}
			all.Wait()
		}
		twenty(func(b backfill.Backfill) (*backfill.Status, error) { return b.Start(ctx) })
		Expect(f.workflowsOf(ctx, "busy")).To(HaveLen(1))
		must(f.open("busy", nil).StopAndWait(ctx))
		twenty(func(b backfill.Backfill) (*backfill.Status, error) { return b.Restart(ctx) })
		Expect(f.workflowsOf(ctx, "busy")).To(HaveLen(2))
	}, SpecTimeout(startTimeout))

	It("leaves no pod when it was stopped while its workers worked", func(ctx SpecContext) {
		b := f.working(ctx, "s")
		Expect(b.StopAndWait(ctx)).To(And(HaveField("State", backfill.StateStopped), haveWorkers(0)))
		f.expectNoPods(ctx)
		Expect(b.Stop(ctx)).To(Succeed(), "again")
		Expect(b.StopAndWait(ctx)).To(HaveField("State", backfill.StateStopped))
	}, SpecTimeout(startTimeout))

	It("can be followed to its end, with what the target tells", func(ctx SpecContext) {
		b := f.atGate(ctx, "s")
		f.state.fail(errors.New("the target is away"))
		var seen []backfill.State
		approved, finished := false, false
		for st, err := range b.Follow(ctx, backfill.FollowOptions{PodsEvery: 100 * time.Millisecond, ShardsEvery: 100 * time.Millisecond}) {
			Expect(err).NotTo(HaveOccurred())
			if n := len(seen); n == 0 || seen[n-1] != st.State {
				seen = append(seen, st.State)
			}
			switch {
			case !approved:
				Expect(st.Gates.Data).To(HaveLen(1))
				Expect(st.Shards.Err).To(MatchError("the target is away"))
				approved = true
				f.state.fail(nil)
				approve(ctx, b)
			case !finished && st.Pods.Data.Running == backfillScale && st.Shards.Err == nil:
				finished = true
				f.finish(ctx, "s")
			}
		}
		Expect(seen).To(HaveExactElements(backfill.StatePaused, backfill.StateRunning, backfill.StateSucceeded))
	}, SpecTimeout(startTimeout))

	It("says what is missing before it starts", func(ctx SpecContext) {
		argo := *f.cfg.Backfill.Argo
		f.cfg.Backfill.Argo = &argo
		argo.Parameters = map[string]any{"imag-config": "x"}
		Expect(f.open("s", nil).Create(ctx)).To(And(
			MatchError(workflow.ErrInvalid), MatchError(ContainSubstring("parameters[image-config]")),
			MatchError(ContainSubstring(`did you mean "image-config"?`)),
		))

		argo.WorkflowTemplate = "bulk-lod"
		Expect(f.open("s", nil).Create(ctx)).To(And(
			MatchError(workflow.ErrTemplateNotFound), MatchError(ContainSubstring(`did you mean "bulk-load"?`)),
		))
		Expect(f.open("s", nil).Status(ctx)).To(HaveField("State", backfill.StateNotStarted))
	}, SpecTimeout(specTimeout))

	It("refuses the session for another configuration", func(ctx SpecContext) {
		f.atGate(ctx, "s")
		f.cfg.Backfill.Scale++
		Expect(f.open("s", nil).Start(ctx)).Error().NotTo(HaveOccurred(), "it is the same backfill")
		f.cfg.TargetCluster.Endpoint = "https://another:9200"
		Expect(second(f.open("s", nil).Start(ctx))).To(And(
			MatchError(workflow.ErrConflict),
			MatchError(ContainSubstring("target-host")), MatchError(ContainSubstring("session_name")),
		))
		f.older(ctx)
		Expect(f.open("s", nil).Start(ctx)).Error().To(MatchError(ContainSubstring("workflow_template_name")))
		Expect(f.workflowsOf(ctx, "s")).To(HaveLen(1))
	}, SpecTimeout(specTimeout))

	It("works with the ReplicaSet of older templates", func(ctx SpecContext) {
		f.older(ctx)
		b := f.working(ctx, "s")
		Expect(b.Pause(ctx)).To(Succeed())
		awaitWorkers(ctx, b, 0)
		must(b.Start(ctx))
		Expect(b.Scale(ctx, 2)).To(Succeed())
		awaitWorkers(ctx, b, 2)
		replicaSets := must(kube.AppsV1().ReplicaSets(f.namespace).List(ctx, metav1.ListOptions{})).Items
		Expect(replicaSets).To(HaveExactElements(HaveField("Name", "s-reindex-from-snapshot")))
		must(b.StopAndWait(ctx))
		f.expectNoPods(ctx)
	}, SpecTimeout(startTimeout))
}
