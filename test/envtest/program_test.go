package envtest_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// The example program as a user runs it. Ordered so that it is built once.
var _ = Describe("examples/backfill", Ordered, func() {
	const example = "../../examples/backfill"
	var (
		program   string
		namespace string
	)
	BeforeAll(func(ctx SpecContext) {
		program = filepath.Join(GinkgoT().TempDir(), "backfill")
		out, err := exec.CommandContext(ctx, "go", "build", "-C", example, "-o", program, ".").CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
	}, NodeTimeout(startTimeout))

	inNamespace := func(path string) string {
		GinkgoHelper()
		data, err := os.ReadFile(filepath.Join(example, path))
		Expect(err).NotTo(HaveOccurred())
		copied := filepath.Join(GinkgoT().TempDir(), filepath.Base(path))
		text := strings.ReplaceAll(string(data), "namespace: ma", "namespace: "+namespace)
		Expect(os.WriteFile(copied, []byte(text), 0o600)).To(Succeed())
		return copied
	}
	BeforeEach(func(ctx SpecContext) {
		namespace = newNamespace(ctx)
		Expect(cluster.ApplyFile(ctx, inNamespace("manifests/bulk-load.yaml"))).To(Succeed())
	}, NodeTimeout(specTimeout))

	// run runs the program to its end.
	run := func(ctx context.Context, kubeconfig string, args ...string) *gexec.Session {
		GinkgoHelper()
		cmd := exec.CommandContext(ctx, program, append([]string{"--config", inNamespace("backfill.yaml")}, args...)...)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
		session, err := gexec.Start(cmd, GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Eventually(session).WithContext(ctx).WithTimeout(startTimeout).Should(gexec.Exit())
		return session
	}
	expectOneLine := func(session *gexec.Session, parts ...string) {
		GinkgoHelper()
		text := string(session.Err.Contents())
		Expect(strings.Count(text, "\n")).To(Equal(1), text)
		for _, part := range parts {
			Expect(text).To(ContainSubstring(part))
		}
	}

	It("runs a backfill to its end, and then finds it done", func(ctx SpecContext) {
		session := run(ctx, cluster.Kubeconfig(), "--yes", "--approver", "ann")
		Expect(session.ExitCode()).To(Equal(0))
		Expect(string(session.Out.Contents())).To(And(
			ContainSubstring("workflow "+namespace+"/bulk-load-demo is Starting"), ContainSubstring("approved by ann"),
			ContainSubstring("✔ load(7:7)"), ContainSubstring(`Backfill "demo": Succeeded, 12/12 steps`),
		))
		again := run(ctx, cluster.Kubeconfig())
		Expect(again.ExitCode()).To(Equal(0))
		Expect(string(again.Out.Contents())).To(ContainSubstring("is Succeeded"))
	}, SpecTimeout(startTimeout))

	It("shows a failure and exits with 1", func(ctx SpecContext) {
		session := run(ctx, cluster.Kubeconfig(), "--yes", "--fail-shard", "3")
		Expect(session.ExitCode()).To(Equal(1))
		Expect(string(session.Out.Contents())).To(And(
			ContainSubstring(`Backfill "demo": Failed`),
			ContainSubstring("load(3:3) Failed: main: Error (exit code 1): shard 3: target refused the documents"),
		))
		Expect(session.Err.Contents()).To(BeEmpty())
	}, SpecTimeout(startTimeout))

	It("doesn't decide at the gate where nobody can be asked", func(ctx SpecContext) {
		session := run(ctx, cluster.Kubeconfig())
		Expect(session.ExitCode()).To(Equal(1))
		expectOneLine(session, "gate approve", "--yes")
	}, SpecTimeout(specTimeout))

	It("says in one line that the template is missing", func(ctx SpecContext) {
		namespace = newNamespace(ctx)
		session := run(ctx, cluster.Kubeconfig())
		Expect(session.ExitCode()).To(Equal(2))
		expectOneLine(session, `workflowtemplate "bulk-load"`, namespace)
	}, SpecTimeout(specTimeout))

	It("says in one line which permission is missing", func(ctx SpecContext) {
		kubeconfig, err := cluster.WriteKubeconfig(namespace+".kubeconfig", shared.restricted(ctx, namespace, nil))
		Expect(err).NotTo(HaveOccurred())
		session := run(ctx, kubeconfig)
		Expect(session.ExitCode()).To(Equal(1))
		expectOneLine(session, "forbidden", "workflows", namespace)
	}, SpecTimeout(specTimeout))
})
