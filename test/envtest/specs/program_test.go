package specs_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

// programs are the example program and the stand-in for the target cluster, run as by a user, in
// the spec's own namespace.
type programs struct {
	backfill, target string // paths of the binaries
	namespace        string
	config           string // the example's, changed for the namespace
	kubeconfig       string
}

func (p *programs) build(ctx context.Context) {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	p.backfill, p.target = filepath.Join(dir, "backfill"), filepath.Join(dir, "target")
	goBuild(ctx, examplesDir+"/backfill", p.backfill, ".")
	goBuild(ctx, "../target", p.target, ".")
}

// goBuild builds packages of the module in dir.
func goBuild(ctx context.Context, dir, output string, packages ...string) {
	GinkgoHelper()
	args := append([]string{"build", "-C", dir, "-buildvcs=false", "-o", output}, packages...)
	outputOf(exec.CommandContext(ctx, "go", args...))
}

// outputOf runs a command, which has to succeed, and returns what it prints.
func outputOf(cmd *exec.Cmd) string {
	GinkgoHelper()
	out, err := cmd.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return string(out)
}

// install creates a namespace with the example's template, and a configuration for it.
func (p *programs) install(ctx context.Context) {
	GinkgoHelper()
	p.namespace, p.kubeconfig = newNamespace(ctx), cluster.Kubeconfig()
	applyExample(ctx, p.namespace, "backfill/manifests/bulk-load.yaml")
	p.configure()
}

// configure sets the configuration to the example's, with the given replacements.
func (p *programs) configure(oldnew ...string) {
	GinkgoHelper()
	p.config = exampleFile(p.namespace, "backfill/backfill.yaml", oldnew...)
}

// withTarget starts a target cluster with workers, and sets its address in the configuration.
func (p *programs) withTarget(ctx context.Context, args ...string) {
	GinkgoHelper()
	cmd := exec.Command(p.target, append([]string{"-namespace", p.namespace}, args...)...) //nolint:noctx // it outlives the node that starts it
	cmd.Env = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig())
	session := must(gexec.Start(cmd, nil, GinkgoWriter))
	DeferCleanup(func(ctx SpecContext) {
		Eventually(session.Interrupt()).WithContext(ctx).WithTimeout(soon).Should(gexec.Exit(0))
	}, NodeTimeout(specTimeout))
	Eventually(session.Out).WithContext(ctx).WithTimeout(soon).Should(gbytes.Say("http://[0-9.:]+\n"))
	p.configure("http://127.0.0.1:9200", strings.TrimSpace(string(session.Out.Contents())))
}

// begin starts the program.
func (p *programs) begin(ctx context.Context, args ...string) *gexec.Session {
	GinkgoHelper()
	cmd := exec.CommandContext(ctx, p.backfill, append([]string{"--config", p.config}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+p.kubeconfig)
	return must(gexec.Start(cmd, GinkgoWriter, GinkgoWriter))
}

// run runs the program to its end.
func (p *programs) run(ctx context.Context, args ...string) *gexec.Session {
	GinkgoHelper()
	session := p.begin(ctx, args...)
	Eventually(session).WithContext(ctx).WithTimeout(startTimeout).Should(gexec.Exit())
	return session
}

// does runs the program, expects success, and returns its output.
func (p *programs) does(ctx context.Context, args ...string) string {
	GinkgoHelper()
	session := p.run(ctx, args...)
	Expect(session.ExitCode()).To(Equal(0), string(session.Err.Contents()))
	Expect(session.Err.Contents()).To(BeEmpty())
	return string(session.Out.Contents())
}

// refuses runs the program and expects an exit code and one line that contains the parts, and the
// same with JSON output.
func (p *programs) refuses(ctx context.Context, code int, args []string, parts ...string) {
	GinkgoHelper()
	session := p.run(ctx, args...)
	text := string(session.Err.Contents())
	Expect(session.ExitCode()).To(Equal(code), text)
	Expect(strings.Count(text, "\n")).To(Equal(1), text)
	session = p.run(ctx, append([]string{"-o", "json"}, args...)...)
	Expect(session.ExitCode()).To(Equal(code))
	Expect(session.Err.Contents()).To(BeEmpty())
	var result struct {
		Success *bool
		Error   string
	}
	Expect(json.Unmarshal(session.Out.Contents(), &result)).To(Succeed(), string(session.Out.Contents()))
	Expect(result.Success).To(HaveValue(BeFalse()))
	for _, part := range parts {
		Expect(text).To(ContainSubstring(part))
		Expect(result.Error).To(ContainSubstring(part))
	}
}

// programStatus is the part of the program's JSON that a script reads.
type programStatus struct {
	State  string
	Run    int
	Gates  struct{ Data []struct{ Name string } }
	Failed struct {
		Data []struct{ Name, Phase string }
	}
	Pods struct {
		Data struct{ Running, Pending, Terminating, Desired int }
	}
	Shards struct {
		Success bool
		Data    struct {
			State                                 string
			Total, Completed, InProgress, Waiting int
		}
		Error string
	}
}

func (p *programs) status(ctx context.Context) programStatus {
	GinkgoHelper()
	var result struct {
		Success bool
		Data    programStatus
	}
	out := p.does(ctx, "-o", "json", "status")
	Expect(json.Unmarshal([]byte(out), &result)).To(Succeed(), out)
	Expect(result.Success).To(BeTrue())
	return result.Data
}

// reaches blocks until the status satisfies matcher.
func (p *programs) reaches(ctx context.Context, matcher OmegaMatcher) {
	GinkgoHelper()
	Eventually(ctx, func() programStatus { return p.status(ctx) }).Should(matcher)
}

func pausedAt(gate string) OmegaMatcher {
	return And(HaveField("State", "Paused"), HaveField("Gates.Data", ContainElement(HaveField("Name", gate))))
}

var _ = Describe("examples/backfill", Ordered, first, func() { // so that it is built once
	p := &programs{}
	BeforeAll(func(ctx SpecContext) { p.build(ctx) }, NodeTimeout(startTimeout))
	BeforeEach(func(ctx SpecContext) { p.install(ctx) }, NodeTimeout(specTimeout))

	It("takes a backfill from its start to its archive, each step by another process", func(ctx SpecContext) {
		// After the pause, the remaining work takes 16 s.
		p.withTarget(ctx, "-shards", "20", "-until-paused", "4", "-per-shard", "2s")
		Expect(p.does(ctx, "create")).To(ContainSubstring("can be started"))
		Expect(p.status(ctx).State).To(Equal("NotStarted"))
		Expect(p.does(ctx, "start")).To(ContainSubstring("workflow " + p.namespace + "/backfill-demo, run 1"))
		p.reaches(ctx, pausedAt("approve"))
		Expect(p.does(ctx, "gates")).To(ContainSubstring("--config " + p.config + " approve -- approve\n"))
		Expect(p.does(ctx, "approve", "appr*", "--output", "approved-by=ann")).To(Equal("gate approve was approved\n"))
		Expect(p.does(ctx, "approve", "approve")).To(ContainSubstring("no gate was left"), "again")
		p.reaches(ctx, And(HaveField("Pods.Data.Running", backfillScale), HaveField("Shards.Data.Completed", 4)))
		dir := GinkgoT().TempDir()
		p.refuses(ctx, 1, []string{"archive", "--dir", dir}, "is Running", "stop it and wait")
		Expect(os.ReadDir(dir)).To(BeEmpty(), "nothing was archived")

		p.does(ctx, "pause")
		p.reaches(ctx, And(HaveField("State", "Paused"), HaveField("Pods.Data.Running", 0), HaveField("Shards.Data.InProgress", 0)))
		left := p.status(ctx).Shards.Data
		Expect(left).To(And(HaveField("Total", 20), HaveField("Completed", 4), HaveField("Waiting", 16)))

		p.does(ctx, "scale", "2")
		p.does(ctx, "start")
		p.reaches(ctx, And(HaveField("State", "Running"), HaveField("Pods.Data.Desired", 2)))
		Expect(p.does(ctx, "status", "--watch", "--every", "500ms")).To(And(
			ContainSubstring("2/2 pods"), ContainSubstring(`backfill "demo" is Succeeded`), ContainSubstring("20 of 20 completed (100 %)"),
		))
		Expect(p.does(ctx, "start", "--follow")).To(ContainSubstring("is Succeeded"), "there is nothing left to start")

		Expect(p.does(ctx, "archive", "--dir", dir, "--file", "demo.json")).To(ContainSubstring("was archived: 21 documents"))
		Expect(p.does(ctx, "archive", "--dir", dir)).To(ContainSubstring("does not exist"))
		Expect(p.status(ctx).Shards.Data.State).To(Equal("Pending"))
		Expect(p.does(ctx, "restore", filepath.Join(dir, "demo.json"))).To(HavePrefix("21 documents"))
		Expect(p.status(ctx).Shards.Data).To(HaveField("Completed", 20))
	}, SpecTimeout(startTimeout))

	It("shows a failure, exits with 1, and starts anew", func(ctx SpecContext) {
		p.withTarget(ctx, "-shards", "2", "-per-shard", "200ms", "-fail")
		p.does(ctx, "start")
		p.reaches(ctx, pausedAt("approve"))
		p.does(ctx, "approve", "--all")
		session := p.run(ctx, "status", "--watch")
		Expect(session.ExitCode()).To(Equal(1))
		Expect(string(session.Out.Contents())).To(And(ContainSubstring("  failed  verify: Failed"), ContainSubstring("✖ verify")))
		Expect(string(session.Err.Contents())).To(And(HavePrefix(`backfill: backfill "demo" has ended Failed`), ContainSubstring("verify")))
		Expect(p.status(ctx).Failed.Data).To(ConsistOf(HaveField("Name", "verify")))

		Expect(p.does(ctx, "restart")).To(MatchRegexp("backfill-demo-run-2-[0-9a-f]{8}, run 2"))
		p.reaches(ctx, pausedAt("approve"))
		Expect(p.does(ctx, "reject", "approve", "--message", "not again")).To(ContainSubstring("was rejected"))
		Expect(p.run(ctx, "start", "--follow").ExitCode()).To(Equal(1))
		Expect(p.status(ctx)).To(And(HaveField("State", "Failed"), HaveField("Run", 2)))
	}, SpecTimeout(startTimeout))

	It("goes on when it was killed while it followed", func(ctx SpecContext) {
		p.withTarget(ctx, "-shards", "4", "-per-shard", "200ms")
		first := p.begin(ctx, "start", "--follow")
		Eventually(first.Out).WithContext(ctx).Should(gbytes.Say("gate approve waits"))
		Eventually(first.Kill()).WithContext(ctx).Should(gexec.Exit(137))
		p.does(ctx, "approve", "approve")
		second := p.begin(ctx, "-o", "json", "start", "--follow", "--every", "500ms")
		Eventually(second).WithContext(ctx).WithTimeout(soon).Should(gexec.Exit(0))
		for line := range strings.Lines(string(second.Out.Contents())) {
			var result struct{ Success bool }
			Expect(json.Unmarshal([]byte(line), &result)).To(Succeed(), line)
			Expect(result.Success).To(BeTrue(), line)
		}
		Expect(string(second.Out.Contents())).To(ContainSubstring(`"state":"Succeeded"`))
		Expect(p.status(ctx)).To(And(HaveField("Run", 1), HaveField("Shards.Data.Completed", 4)))
	}, SpecTimeout(startTimeout))

	It("says that it was interrupted, and leaves the backfill alone", func(ctx SpecContext) {
		p.withTarget(ctx)
		session := p.begin(ctx, "start", "--follow")
		Eventually(session.Out).WithContext(ctx).Should(gbytes.Say("gate approve waits"))
		Eventually(session.Interrupt()).WithContext(ctx).Should(gexec.Exit(130))
		Expect(string(session.Err.Contents())).To(And(ContainSubstring("the backfill keeps running"), HaveSuffix("\n")))
		Expect(p.status(ctx).State).To(Equal("Paused"))
		Expect(p.does(ctx, "stop", "--wait")).To(ContainSubstring("is Stopped"))
		Expect(p.does(ctx, "stop")).NotTo(BeEmpty(), "again")
		p.refuses(ctx, 1, []string{"pause"}, "has ended")
	}, SpecTimeout(startTimeout))

	It("exits with 2 for what is wrong with the input", func(ctx SpecContext) {
		p.refuses(ctx, 2, []string{"stats"}, "unknown verb", "status")
		p.refuses(ctx, 2, []string{"scale", "0"}, "workers")
		p.configure("scale:", "scael:")
		p.refuses(ctx, 2, []string{"start"}, "backfill.reindex_from_snapshot.scael")
	}, SpecTimeout(specTimeout))

	It("prints no password, whatever it is asked and whatever fails", func(ctx SpecContext) {
		p.configure(`version: "OS 3.1.0"
  no_auth:`, `version: "OS 3.1.0"
  basic_auth: {username: admin, password: `+conformance.Planted+`}`,
			"workflow_template_name:", "plaintext_credentials: true\n      workflow_template_name:")
		said := p.does(ctx, "describe")
		Expect(said).To(ContainSubstring("admin"))
		for _, verb := range []string{"start", "status", "pause", "archive", "stop"} {
			session := p.run(ctx, verb)
			said += string(session.Out.Contents()) + string(session.Err.Contents())
		}
		Expect(said).NotTo(ContainSubstring(conformance.Planted))
	}, SpecTimeout(specTimeout))

	It("exits with 3 for what isn't there", func(ctx SpecContext) {
		p.refuses(ctx, 3, []string{"pause"}, "has not been started")
		p.refuses(ctx, 3, []string{"approve", "approve"}, "has not been started")
		p.namespace = newNamespace(ctx)
		p.configure()
		p.refuses(ctx, 3, []string{"create"}, `workflowtemplate "bulk-load"`, p.namespace)
		p.refuses(ctx, 3, []string{"start"}, `workflowtemplate "bulk-load"`, p.namespace)
	}, SpecTimeout(specTimeout))

	It("exits with 4 for a session that was started otherwise", func(ctx SpecContext) {
		p.withTarget(ctx)
		p.does(ctx, "start")
		p.configure("scale: 4", "scale: 5")
		p.refuses(ctx, 4, []string{"start"}, "another configuration", "session_name")
	}, SpecTimeout(specTimeout))

	It("exits with 5 for what isn't permitted", func(ctx SpecContext) {
		p.kubeconfig = must(cluster.WriteKubeconfig(p.namespace+".kubeconfig", shared.restricted(ctx, p.namespace, nil)))
		p.refuses(ctx, 5, []string{"start"}, "forbidden", "workflows", p.namespace)
		p.refuses(ctx, 5, []string{"create"}, "not permitted", "patch deployments.apps/scale", "list pods")
	}, SpecTimeout(specTimeout))

	It("says why the shards are unknown, and what else there is", func(ctx SpecContext) {
		st := p.status(ctx) // no server listens at the configuration's endpoint
		Expect(st.State).To(Equal("NotStarted"))
		Expect(st.Shards.Success).To(BeFalse())
		Expect(st.Shards.Error).To(ContainSubstring("127.0.0.1:9200"))
	}, SpecTimeout(specTimeout))
})
