package specs_test

import (
	"context"
	"errors"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

const loaderDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: loader}
spec:
  replicas: 0
  selector: {matchLabels: {app: loader}}
  template:
    metadata: {labels: {app: loader}}
    spec: {containers: [{name: loader, image: any, command: ["true"]}]}
`

// A backfill without a workflow scales an existing Deployment.
var _ = Describe("backfill by a Deployment", func() {
	var (
		namespace string
		state     *memoryState
	)
	BeforeEach(func(ctx SpecContext) {
		namespace, state = newNamespace(ctx), &memoryState{}
		argotest.Create(ctx, dyn.Resource(appsResource("deployments")).Namespace(namespace), loaderDeployment)
	}, NodeTimeout(specTimeout))

	open := func(process *life) backfill.Backfill {
		GinkgoHelper()
		cfg := must(backfill.ParseConfig([]byte(`
target_cluster: {endpoint: "https://target:9200", no_auth: }
backfill: {reindex_from_snapshot: {scale: 3, session_name: s, k8s: {namespace: ` + namespace + `, deployment_name: loader}}}
`)))
		return must(backfill.New(cfg, backfill.Dependencies{
			Kubernetes: must(dynamic.NewForConfig(process.config(cluster.Config()))), WorkingState: state,
		}))
	}
	expectState := func(ctx context.Context, want backfill.State, workers int) {
		GinkgoHelper()
		Expect(awaitWorkers(ctx, open(nil), workers).State).To(Equal(want))
	}

	It("is scaled up and down", func(ctx SpecContext) {
		b := open(nil)
		Expect(b.Create(ctx)).To(Succeed())
		expectState(ctx, backfill.StateStopped, 0)
		Expect(b.Pause(ctx)).To(Succeed(), "of one that is stopped")
		Expect(b.Scale(ctx, 2)).To(MatchError(backfill.ErrNotStarted))
		expectState(ctx, backfill.StateStopped, 0)

		Expect(b.Start(ctx)).To(HaveField("State", BeElementOf(backfill.StateStarting, backfill.StateRunning)))
		expectState(ctx, backfill.StateRunning, 3)
		Expect(b.Scale(ctx, 5)).To(Succeed())
		expectState(ctx, backfill.StateRunning, 5)
		Expect(b.Start(ctx)).Error().NotTo(HaveOccurred(), "again")
		expectState(ctx, backfill.StateRunning, 5)
		Expect(second(b.Restart(ctx))).To(MatchError(backfill.ErrRunning))
		Expect(second(b.Archive(ctx, backfill.ArchiveOptions{Dir: GinkgoT().TempDir()}))).
			To(And(MatchError(backfill.ErrRunning), MatchError(ContainSubstring("5 running workers"))))

		Expect(b.Pause(ctx)).To(Succeed())
		expectState(ctx, backfill.StatePaused, 0)
		Expect(b.Scale(ctx, 4)).To(Succeed())
		expectState(ctx, backfill.StatePaused, 0)
		Expect(b.Start(ctx)).Error().NotTo(HaveOccurred())
		expectState(ctx, backfill.StateRunning, 4)

		Expect(b.StopAndWait(ctx)).To(HaveField("State", backfill.StateStopped))
		Expect(b.Stop(ctx)).To(Succeed(), "again")
		state.set(".migrations_working_state_s", backfill.Counts{}, map[string]string{"shard_setup": "{}"})
		Expect(b.Archive(ctx, backfill.ArchiveOptions{Dir: GinkgoT().TempDir()})).To(HaveField("Documents", BeEquivalentTo(1)))
		Expect(b.Gates(ctx)).To(BeEmpty())
		Expect(b.Approve(ctx, workflow.Decision{All: true})).Error().To(MatchError(workflow.ErrUnsupported))
	}, SpecTimeout(startTimeout))

	// begun puts a Deployment into the state that earlier verbs leave.
	begun := func(ctx context.Context, from backfill.State) {
		GinkgoHelper()
		must(open(nil).StopAndWait(ctx))
		if from == backfill.StateStopped {
			return
		}
		Expect(open(nil).Start(ctx)).Error().NotTo(HaveOccurred())
		expectState(ctx, backfill.StateRunning, 3)
		if from == backfill.StatePaused {
			Expect(open(nil).Pause(ctx)).To(Succeed())
			expectState(ctx, backfill.StatePaused, 0)
		}
	}

	// After a killed verb, the same verb is called again, or a Start, which finds the number of
	// workers.
	DescribeTable("comes to the same, whatever write its process was killed after",
		func(ctx SpecContext, verb backfill.Verb, writes int, from, to backfill.State, workers int) {
			for life := range writes + 1 {
				By(fmt.Sprintf("killed after %d of %d writes", life, writes))
				begun(ctx, from)
				process := shortLife(life)
				Expect(do(ctx, open(process), verb, "")).NotTo(Succeed(), "it has lived too long: are there fewer writes by now?")
				Expect(process.over.Load()).To(BeTrue())
				Expect(do(ctx, open(nil), verb, "")).To(Succeed())
				expectState(ctx, to, workers)

				begun(ctx, from)
				Expect(do(ctx, open(shortLife(life)), verb, "")).NotTo(Succeed())
				Expect(open(nil).Start(ctx)).Error().NotTo(HaveOccurred())
				expectState(ctx, backfill.StateRunning, 3)
			}
		},
		Entry("Pause", backfill.VerbPause, 2, backfill.StateRunning, backfill.StatePaused, 0, SpecTimeout(startTimeout)),
		Entry("Start of one that is paused", backfill.VerbStart, 2, backfill.StatePaused, backfill.StateRunning, 3, SpecTimeout(startTimeout)),
		Entry("Start of one that is stopped", backfill.VerbStart, 1, backfill.StateStopped, backfill.StateRunning, 3, SpecTimeout(startTimeout)),
		Entry("Stop", backfill.VerbStop, 1, backfill.StateRunning, backfill.StateStopped, 0, SpecTimeout(startTimeout)),
	)

	It("leaves the Deployment and what is noted in step, whatever verbs meet", func(ctx SpecContext) {
		begun(ctx, backfill.StateRunning)
		random := newRandom()
		for range 10 {
			outcomes, what := meet(ctx, func() backfill.Backfill { return open(nil) }, random)
			d := must(kube.AppsV1().Deployments(namespace).Get(ctx, "loader", metav1.GetOptions{}))
			notes := must(kube.CoreV1().ConfigMaps(namespace).Get(ctx, notesConfigMap, metav1.GetOptions{}))
			before := readNoted(notes.Data["loader"])[d.UID]
			what = fmt.Sprintf("%s; %d workers, noted %+v", what, *d.Spec.Replicas, before)
			Expect(errors.Join(outcomes...)).NotTo(HaveOccurred(), what)
			Expect(before.Paused).To(Equal(*d.Spec.Replicas == 0), what)
			if before.Paused {
				Expect(before.Replicas).To(BeNumerically(">", 0), what)
			}
		}
	}, SpecTimeout(startTimeout))

	It("can be followed until it is stopped", func(ctx SpecContext) {
		b := open(nil)
		Expect(b.Start(ctx)).Error().NotTo(HaveOccurred())
		var last *backfill.Status
		for st, err := range b.Follow(ctx, backfill.FollowOptions{PodsEvery: soon / 300}) {
			Expect(err).NotTo(HaveOccurred())
			if last = st; st.Pods.Data.Running == 3 {
				Expect(b.Stop(ctx)).To(Succeed())
			}
		}
		Expect(last.State).To(Equal(backfill.StateStopped))
	}, SpecTimeout(startTimeout))

	It("names what is missing", func(ctx SpecContext) {
		account := shared.restricted(ctx, namespace, map[string][]string{"pods": {"list"}})
		cfg := open(nil).Describe()
		b := must(backfill.New(cfg, backfill.Dependencies{Kubernetes: must(dynamic.NewForConfig(account))}))
		err := b.Create(ctx)
		Expect(err).To(MatchError(workflow.ErrForbidden))
		var lacks *workflow.PermissionError
		Expect(errors.As(err, &lacks)).To(BeTrue())
		Expect(missing(lacks)).To(HaveExactElements(
			workflow.Permission{Verb: "get", Group: "apps", Resource: "deployments"},
			workflow.Permission{Verb: "get", Resource: "configmaps", Name: notesConfigMap},
			workflow.Permission{Verb: "list", Group: "apps", Resource: "replicasets"},
			workflow.Permission{Verb: "patch", Group: "apps", Resource: "deployments", Subresource: "scale"},
			workflow.Permission{Verb: "patch", Resource: "configmaps", Name: notesConfigMap},
		))
		Expect(err).To(MatchError(ContainSubstring("patch deployments.apps/scale, for start (one that is paused or stopped)")))

		k8s := *cfg.Backfill.K8s
		k8s.Deployment, cfg.Backfill.K8s = "nobody", &k8s
		b = must(backfill.New(cfg, backfill.Dependencies{Kubernetes: dyn}))
		Expect(b.Create(ctx)).To(MatchError(workflow.ErrNotFound))
		Expect(b.Status(ctx)).Error().To(MatchError(workflow.ErrNotFound))
	}, SpecTimeout(specTimeout))
})
