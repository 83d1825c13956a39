package specs_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// brokenTemplate fails without a pod: the value that its only step loops over is not a list.
const brokenTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: broken}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: each, template: pause, withParam: "no list"}
  - name: pause
    suspend: {duration: "1"}
`

// examples are the small example programs, and the spec's own namespace with their templates.
type examples struct {
	dir, namespace string
	client         *workflow.WorkflowClient
}

func (e *examples) build(ctx context.Context) {
	GinkgoHelper()
	e.dir = GinkgoT().TempDir()
	goBuild(ctx, examplesDir, e.dir+"/", "./getting-started", "./start-and-wait", "./approval-gate", "./many-waits")
}

func (e *examples) install(ctx context.Context) {
	GinkgoHelper()
	e.namespace = newNamespace(ctx)
	e.client = nativeClient(cluster.Config(), e.namespace)
	for _, example := range []string{"getting-started", "start-and-wait", "approval-gate", "many-waits"} {
		applyExample(ctx, e.namespace, example+"/template.yaml")
	}
}

// begin runs a program. keyboard, if not nil, is its standard input.
func (e *examples) begin(ctx context.Context, keyboard io.Reader, program string, args ...string) *gexec.Session {
	GinkgoHelper()
	cmd := exec.CommandContext(ctx, filepath.Join(e.dir, program), append([]string{"-namespace", e.namespace}, args...)...)
	cmd.Env, cmd.Stdin = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig()), keyboard
	return must(gexec.Start(cmd, GinkgoWriter, GinkgoWriter))
}

// exits waits for the end of a program, and returns its output on stdout and stderr.
func exits(ctx context.Context, session *gexec.Session, code int) string {
	GinkgoHelper()
	Eventually(session).WithContext(ctx).WithTimeout(soon).Should(gexec.Exit())
	said := string(session.Out.Contents()) + string(session.Err.Contents())
	Expect(session.ExitCode()).To(Equal(code), said)
	return said
}

func (e *examples) run(ctx context.Context, code int, program string, args ...string) string {
	GinkgoHelper()
	return exits(ctx, e.begin(ctx, nil, program, args...), code)
}

// release starts a workflow that waits for an approval.
func (e *examples) release(ctx context.Context) string {
	GinkgoHelper()
	req := workflow.StartRequest{Template: "release", Parameters: map[string]any{"version": "2.0"}}
	return must(e.client.Start(ctx, req)).Name
}

// approver runs approval-gate until it asks, and returns a function that types an answer.
func (e *examples) approver(ctx context.Context, name, by string) (session *gexec.Session, answer func(string)) {
	GinkgoHelper()
	keyboard, keys, err := os.Pipe()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(keys.Close()).To(Succeed()); Expect(keyboard.Close()).To(Succeed()) })
	session = e.begin(ctx, keyboard, "approval-gate", "-by", by, name)
	Eventually(session.Out).WithContext(ctx).Should(gbytes.Say(`approve or reject\? `))
	return session, func(text string) {
		GinkgoHelper()
		Expect(second(io.WriteString(keys, text+"\n"))).To(Succeed())
	}
}

func (e *examples) ended(ctx context.Context, name string) *status.WorkflowStatus {
	GinkgoHelper()
	return must(e.client.Wait(ctx, name, workflow.Completed))
}

var _ = Describe("the small examples", Ordered, func() { // so that they are built once
	e := &examples{}
	BeforeAll(func(ctx SpecContext) { e.build(ctx) }, NodeTimeout(startTimeout))
	BeforeEach(func(ctx SpecContext) { e.install(ctx) }, NodeTimeout(specTimeout))

	Describe("getting-started", func() {
		It("approves the gate, reads the outputs, and finds the same workflow when it runs again", func(ctx SpecContext) {
			workflowLine := regexp.MustCompile(`workflow \S+`)
			first := e.run(ctx, 0, "getting-started")
			Expect(first).To(And(ContainSubstring(`approving gate "approve" for "1200" documents`), ContainSubstring(`Succeeded, approved by "ann"`)))
			again := e.run(ctx, 0, "getting-started")
			Expect(workflowLine.FindString(again)).To(Equal(workflowLine.FindString(first)))
			Expect(again).NotTo(ContainSubstring("approving"))
		}, SpecTimeout(specTimeout))
	})

	Describe("start-and-wait", func() {
		It("shows progress, succeeds, and finds the same workflow by the same key", func(ctx SpecContext) {
			following := regexp.MustCompile(`workflow=(\S+) uid=(\S+)`)
			args := []string{"-key", "monday", "-param", `items=["books", "loans"]`}
			first := e.run(ctx, 0, "start-and-wait", args...)
			Expect(first).To(And(MatchRegexp("(?s)done=(0/0|0/2|1/2).*outcome=Succeeded done=2/2"), MatchRegexp(following.String())))
			again := e.run(ctx, 0, "start-and-wait", args...)
			Expect(following.FindString(again)).To(Equal(following.FindString(first)))
			Expect(e.run(ctx, 0, "start-and-wait", "-key", "tuesday")).To(ContainSubstring("done=3/3"), "another key, and the template's items")
		}, SpecTimeout(specTimeout))

		It("exits with 1 and says which node failed", func(ctx SpecContext) {
			session := e.begin(ctx, nil, "start-and-wait", "-template", "release", "-key", "v2")
			var name string
			Eventually(ctx, func(g Gomega) {
				for s, err := range e.client.List(ctx, workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}}) {
					g.Expect(err).NotTo(HaveOccurred())
					name = s.Name
				}
				g.Expect(name).NotTo(BeEmpty())
			}).Should(Succeed())
			must(e.client.Reject(ctx, name, workflow.Decision{Gates: []string{"approve"}, Message: "not on a Friday"}))
			Expect(exits(ctx, session, 1)).To(MatchRegexp("ended Failed: .*; approve Failed: not on a Friday"))
		}, SpecTimeout(specTimeout))

		It("leaves the workflow alone when it is interrupted", func(ctx SpecContext) {
			session := e.begin(ctx, nil, "start-and-wait", "-template", "release", "-key", "v3")
			Eventually(session.Err).WithContext(ctx).Should(gbytes.Say("outcome=Suspended"))
			Expect(exits(ctx, session.Interrupt(), 1)).To(ContainSubstring("the workflow keeps running"))
			s := must(e.client.Start(ctx, workflow.StartRequest{Template: "release", IdempotencyKey: "v3"}))
			Expect(s.Outcome()).To(Equal(status.OutcomeSuspended))
		}, SpecTimeout(specTimeout))

		It("says what is wrong with the request", func(ctx SpecContext) {
			Expect(e.run(ctx, 1, "start-and-wait", "-param", "itmes=[]")).To(And(ContainSubstring("itmes"), ContainSubstring("items")))
			Expect(e.run(ctx, 2, "start-and-wait", "-param", "items")).To(ContainSubstring("want name=value"))
		}, SpecTimeout(specTimeout))
	})

	Describe("approval-gate", func() {
		It("shows the gate and passes it with who approved, and not twice", func(ctx SpecContext) {
			name := e.release(ctx)
			ann, fromAnn := e.approver(ctx, name, "ann")
			bob, fromBob := e.approver(ctx, name, "bob")
			Expect(string(ann.Out.Contents())).To(And(ContainSubstring("waits at gate approve"), ContainSubstring("question: Release version 2.0?")))
			fromAnn("approve")
			exits(ctx, ann, 0)
			fromBob("reject")
			Expect(exits(ctx, bob, 3)).To(ContainSubstring("another client has decided"))
			s := e.ended(ctx, name)
			Expect(s.Outcome()).To(Equal(status.OutcomeSucceeded))
			approvedBy, _ := s.Outputs.Parameter("approved-by")
			Expect(approvedBy).To(Equal("ann"))
		}, SpecTimeout(specTimeout))

		It("rejects, which ends the workflow before another one decides", func(ctx SpecContext) {
			name := e.release(ctx)
			ann, fromAnn := e.approver(ctx, name, "ann")
			bob, fromBob := e.approver(ctx, name, "bob")
			fromAnn("reject")
			exits(ctx, ann, 0)
			Expect(e.ended(ctx, name).FailedNodes()).To(ConsistOf(And(HaveField("DisplayName", "approve"), HaveField("Message", MatchRegexp(`^Rejected by: .*\bann\b`)))))
			fromBob("approve")
			Expect(exits(ctx, bob, 3)).To(ContainSubstring("another client has decided"))
			Expect(e.run(ctx, 1, "approval-gate", "-by", "ann", name)).To(ContainSubstring("before it was suspended"), "there is no gate any more")
		}, SpecTimeout(specTimeout))

		It("approves without asking", func(ctx SpecContext) {
			name := e.release(ctx)
			Expect(e.run(ctx, 0, "approval-gate", "-by", "ann", "-approve", name)).NotTo(ContainSubstring("approve or reject?"))
			Expect(e.ended(ctx, name).Outcome()).To(Equal(status.OutcomeSucceeded))
		}, SpecTimeout(specTimeout))

		It("approves the gate and, run again, leaves the delay behind it to its time", func(ctx SpecContext) {
			const delay = 5 * time.Second
			applyExample(ctx, e.namespace, "approval-gate/template.yaml", `{duration: "1"}`, `{duration: "5"}`)
			name := e.release(ctx)
			e.run(ctx, 0, "approval-gate", "-by", "ann", "-approve", name)
			must(e.client.Wait(ctx, name, func(s *status.WorkflowStatus) (bool, error) {
				return len(s.DelayedNodes()) == 1, nil
			}))
			Expect(e.run(ctx, 1, "approval-gate", "-by", "bob", "-approve", name)).To(ContainSubstring("before it was suspended"))
			s := e.ended(ctx, name)
			approvedBy, _ := s.Outputs.Parameter("approved-by")
			Expect(approvedBy).To(Equal("ann"))
			at := slices.IndexFunc(s.Nodes, func(n *status.Node) bool { return n.DisplayName == "deploy" })
			Expect(at).To(BeNumerically(">=", 0))
			Expect(s.Nodes[at].EndTime.Sub(s.Nodes[at].StartTime)).To(BeNumerically(">=", delay))
		}, SpecTimeout(specTimeout))
	})

	Describe("many-waits", func() {
		It("waits for all, on fewer watches than there are waits", func(ctx SpecContext) {
			const count = 30
			said := e.run(ctx, 0, "many-waits", "-count", strconv.Itoa(count))
			Expect(said).To(ContainSubstring("30 Succeeded\n"))
			taken := regexp.MustCompile(`(\d+) watches for 30 waits`).FindStringSubmatch(said)
			Expect(taken).NotTo(BeEmpty(), said)
			Expect(strconv.Atoi(taken[1])).To(And(BeNumerically(">", 0), BeNumerically("<", count/2)))
			started, problems := listedNames(ctx, e.client, workflow.ListOptions{})
			Expect(problems).To(BeEmpty())
			Expect(started).To(HaveLen(count))
		}, SpecTimeout(specTimeout))

		It("exits with 1 where not all succeed", func(ctx SpecContext) {
			argotest.Create(ctx, argotest.Templates(dyn, e.namespace), brokenTemplate)
			Expect(e.run(ctx, 1, "many-waits", "-count", "3", "-template", "broken")).To(And(
				MatchRegexp("3 (Failed|Errored)\n"), ContainSubstring("3 of 3 did not succeed"),
			))
			Expect(e.run(ctx, 1, "many-waits", "-template", "missing")).To(And(ContainSubstring("after 0 starts"), ContainSubstring("missing")))
		}, SpecTimeout(specTimeout))
	})
})
