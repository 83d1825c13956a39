package envtest_test

import (
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The example's template and configuration, in a namespace of the spec's own.
var _ = Describe("backfill", func() {
	var (
		namespace string
		client    *workflow.WorkflowClient
		cfg       backfill.Config
	)
	readExample := func(name string) string {
		GinkgoHelper()
		data, err := os.ReadFile("../../examples/backfill/" + name)
		Expect(err).NotTo(HaveOccurred())
		return strings.ReplaceAll(string(data), "namespace: ma", "namespace: "+namespace)
	}
	BeforeEach(func(ctx SpecContext) {
		namespace = newNamespace(ctx)
		client = nativeClient(cluster.Config(), namespace)
		manifest := GinkgoT().TempDir() + "/bulk-load.yaml"
		Expect(os.WriteFile(manifest, []byte(readExample("manifests/bulk-load.yaml")), 0o600)).To(Succeed())
		Expect(cluster.ApplyFile(ctx, manifest)).To(Succeed())
		var err error
		cfg, err = backfill.ParseConfig([]byte(readExample("backfill.yaml")))
		Expect(err).NotTo(HaveOccurred())
	}, NodeTimeout(specTimeout))

	open := func() backfill.Backfill {
		GinkgoHelper()
		b, err := backfill.New(cfg, backfill.Dependencies{Workflows: client})
		Expect(err).NotTo(HaveOccurred())
		return b
	}

	It("starts once, is found by another process, and succeeds", func(ctx SpecContext) {
		b := open()
		st, err := b.Status(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(st.State).To(Equal(backfill.StateNotStarted))

		Expect(b.Create(ctx)).To(Succeed())
		st, err = b.Status(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(st.State).To(Equal(backfill.StateNotStarted), "Create starts nothing")

		started, err := b.Start(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(started.State).To(Equal(backfill.StateStarting))
		_, err = client.Wait(ctx, started.Workflow.Name, workflow.Suspended)
		Expect(err).NotTo(HaveOccurred())

		again, err := open().Start(ctx) // knows nothing of the first
		Expect(err).NotTo(HaveOccurred())
		Expect(again.Workflow.UID).To(Equal(started.Workflow.UID))
		Expect(again.State).To(Equal(backfill.StatePaused))
		Expect(open().Create(ctx)).To(Succeed(), "it has been started, which is as good as ready")

		_, err = client.Resume(ctx, started.Workflow.Name, workflow.ResumeOptions{Outputs: map[string]any{"approved-by": "ann"}})
		Expect(err).NotTo(HaveOccurred())
		_, err = client.Wait(ctx, started.Workflow.Name, workflow.Completed)
		Expect(err).NotTo(HaveOccurred())
		st, err = open().Status(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(st.State).To(Equal(backfill.StateSucceeded))
		Expect(st.Workflow.Progress).To(Equal(status.Progress{Done: 12, Total: 12}))
		Expect(st.Workflow.Arguments).To(ContainElements(
			status.Parameter{Name: "session-name", Value: "demo", Set: true},
			status.Parameter{Name: "replicas", Value: "4", Set: true},
			status.Parameter{Name: "source-version", Value: "ES 7.10.2", Set: true},
		))
	}, SpecTimeout(startTimeout))

	It("refuses the session for another configuration", func(ctx SpecContext) {
		_, err := open().Start(ctx)
		Expect(err).NotTo(HaveOccurred())
		cfg.Backfill.Scale++
		_, err = open().Start(ctx)
		Expect(err).To(MatchError(workflow.ErrConflict))
		Expect(err).To(MatchError(ContainSubstring("session_name")))
	}, SpecTimeout(specTimeout))

	It("says what is missing before it starts", func(ctx SpecContext) {
		cfg.Backfill.Argo.Parameters = map[string]any{"imag-config": "x"}
		err := open().Create(ctx)
		Expect(err).To(MatchError(workflow.ErrInvalid))
		Expect(err).To(MatchError(And(ContainSubstring("parameters[image-config]"), ContainSubstring(`did you mean "image-config"?`))))

		cfg.Backfill.Argo.WorkflowTemplate = "bulk-lod"
		Expect(open().Create(ctx)).To(And(
			MatchError(workflow.ErrTemplateNotFound), MatchError(ContainSubstring(`did you mean "bulk-load"?`)),
		))
		st, err := open().Status(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(st.State).To(Equal(backfill.StateNotStarted))
	}, SpecTimeout(specTimeout))
})
