package envtest_test

import (
	"context"
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
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

// A backfill without a workflow, by scaling a Deployment that is there.
var _ = Describe("backfill by a Deployment", func() {
	var (
		namespace string
		state     *memoryState
	)
	BeforeEach(func(ctx SpecContext) {
		namespace, state = newNamespace(ctx), &memoryState{}
		_, err := dyn.Resource(appsResource("deployments")).Namespace(namespace).Create(ctx, fromYAML(loaderDeployment), metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
	}, NodeTimeout(specTimeout))

	open := func(process *life) backfill.Backfill {
		GinkgoHelper()
		cfg, err := backfill.ParseConfig([]byte(`
target_cluster: {endpoint: "https://target:9200", no_auth: }
backfill: {reindex_from_snapshot: {scale: 3, session_name: s, k8s: {namespace: ` + namespace + `, deployment_name: loader}}}
`))
		Expect(err).NotTo(HaveOccurred())
		b, err := backfill.New(cfg, backfill.Dependencies{Kubernetes: dynamicFor(process.config(cluster.Config())), WorkingState: state})
		Expect(err).NotTo(HaveOccurred())
		return b
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

		st, err := b.Start(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(st.State).To(BeElementOf(backfill.StateStarting, backfill.StateRunning))
		expectState(ctx, backfill.StateRunning, 3)
		Expect(b.Scale(ctx, 5)).To(Succeed())
		expectState(ctx, backfill.StateRunning, 5)
		Expect(b.Start(ctx)).Error().NotTo(HaveOccurred(), "again")
		expectState(ctx, backfill.StateRunning, 5)
		_, err = b.Restart(ctx)
		Expect(err).To(MatchError(backfill.ErrRunning))
		_, err = b.Archive(ctx, backfill.ArchiveOptions{Dir: GinkgoT().TempDir()})
		Expect(err).To(And(MatchError(backfill.ErrRunning), MatchError(ContainSubstring("5 running workers"))))

		Expect(b.Pause(ctx)).To(Succeed())
		expectState(ctx, backfill.StatePaused, 0)
		Expect(b.Scale(ctx, 4)).To(Succeed())
		expectState(ctx, backfill.StatePaused, 0)
		Expect(b.Start(ctx)).Error().NotTo(HaveOccurred())
		expectState(ctx, backfill.StateRunning, 4)

		st, err = b.StopAndWait(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(st.State).To(Equal(backfill.StateStopped))
		Expect(b.Stop(ctx)).To(Succeed(), "again")
		state.set(".migrations_working_state_s", backfill.Counts{}, map[string]string{"shard_setup": "{}"})
		Expect(b.Archive(ctx, backfill.ArchiveOptions{Dir: GinkgoT().TempDir()})).To(HaveField("Documents", BeEquivalentTo(1)))
		Expect(b.Gates(ctx)).To(BeEmpty())
		Expect(b.Approve(ctx, backfill.Approval{All: true})).Error().To(MatchError(workflow.ErrUnsupported))
	}, SpecTimeout(startTimeout))

	It("comes to the same when its process is killed by the pause", func(ctx SpecContext) {
		Expect(open(nil).Start(ctx)).Error().NotTo(HaveOccurred())
		expectState(ctx, backfill.StateRunning, 3)
		for writes := range 2 {
			Expect(open(shortLife(writes)).Pause(ctx)).NotTo(Succeed())
		}
		Expect(open(nil).Pause(ctx)).To(Succeed())
		expectState(ctx, backfill.StatePaused, 0)
		Expect(open(nil).Start(ctx)).Error().NotTo(HaveOccurred())
		expectState(ctx, backfill.StateRunning, 3)
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
		b, err := backfill.New(cfg, backfill.Dependencies{Kubernetes: dynamicFor(account)})
		Expect(err).NotTo(HaveOccurred())
		err = b.Create(ctx)
		Expect(err).To(MatchError(workflow.ErrForbidden))
		var lacks *workflow.PermissionError
		Expect(errors.As(err, &lacks)).To(BeTrue())
		Expect(missing(lacks)).To(HaveExactElements(
			workflow.Permission{Verb: "get", Group: "apps", Resource: "deployments"},
			workflow.Permission{Verb: "list", Group: "apps", Resource: "replicasets"},
			workflow.Permission{Verb: "patch", Group: "apps", Resource: "deployments"},
			workflow.Permission{Verb: "patch", Group: "apps", Resource: "deployments", Subresource: "scale"},
		))
		Expect(err).To(MatchError(ContainSubstring("patch deployments.apps/scale, for Scale (one that runs)")))

		k8s := *cfg.Backfill.K8s
		k8s.Deployment, cfg.Backfill.K8s = "nobody", &k8s
		b, err = backfill.New(cfg, backfill.Dependencies{Kubernetes: dyn})
		Expect(err).NotTo(HaveOccurred())
		Expect(b.Create(ctx)).To(MatchError(workflow.ErrNotFound))
		Expect(b.Status(ctx)).Error().To(MatchError(workflow.ErrNotFound))
	}, SpecTimeout(specTimeout))
})
