package browser_test

import (
	"github.com/chromedp/chromedp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// markup does something if a page takes it for markup: then there is an image, and a variable.
const markup = `<img src=x onerror="window.planted=1">`

// suspendGate is the gate in the template of a backfill.
const suspendGate = `  - name: approval
    suspend: {}
    outputs:
      parameters:
      - name: approved-by
        description: who approves the load
        globalName: approved-by
        valueFrom: {supplied: {}}
`

// objectGate is the template of a step that waits for an ApprovalGate object, as in opensearch-migrations.
const objectGate = `  - name: approval
    retryStrategy: {limit: "1000", retryPolicy: Always, backoff: {duration: "1", factor: "1"}}
    resource:
      action: get
      successCondition: status.phase == Approved
      manifest: "{apiVersion: migrations.opensearch.org/v1alpha1, kind: ApprovalGate, metadata: {name: load.demo}}"
`

// mayReadGates lets the pods of workflows read the objects.
const mayReadGates = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {namespace: ma, name: gates}
rules: [{apiGroups: [migrations.opensearch.org], resources: [approvalgates], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {namespace: ma, name: gates}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: gates}
subjects: [{kind: ServiceAccount, name: argo-workflow-executor}]
`

var _ = Describe("the service's page", func() {
	It("takes a backfill from its start to its end, over a gate and another process of the service", func(ctx SpecContext) {
		p, a := &programs{}, newAdmin()
		p.build(ctx)
		p.install(ctx, markup)
		p.startTarget(ctx)
		p.startService(ctx)

		t := openTab(ctx)
		t.do(chromedp.Navigate(p.url))
		Eventually(t.text("connection")).Should(Equal("live"))
		Eventually(t.text("state")).Should(Equal("Not started"))
		Expect(t.text("shards-text")()).To(ContainSubstring("no working state yet"))

		By("showing what is unknown as unknown")
		Eventually(t.text("list")).Should(MatchRegexp(`(?s)demo.*elsewhere`), "in the order of the command line")
		t.click(`#list a[data-session=elsewhere]`)
		Eventually(t.text("session")).Should(Equal("elsewhere"))
		Expect(t.text("percentage")()).To(Equal("unknown"))
		Eventually(t.text("shards-text")).Should(HavePrefix("unknown: "))
		t.click(`#list a[data-session=demo]`)
		Eventually(t.text("session")).Should(Equal("demo"))

		By("starting it")
		t.click("#start")
		Eventually(t.text("state")).Should(Equal("Paused"))
		Eventually(t.text("gates")).Should(ContainSubstring("approve"))
		Expect(t.text("start")()).To(Equal("Resume"))
		Expect(js[bool](t, "document.getElementById('start').ariaDisabled === 'true'")).To(BeTrue(), "it waits for nothing but the gate")

		By("showing what is planted as the text that it is")
		a.setGateMessage(ctx, markup)
		Eventually(t.text("gates")).Should(ContainSubstring("approved-by: " + markup)) // the template's
		Eventually(t.text("gates")).Should(MatchRegexp(`(?s)` + markup + `.*` + markup))
		Expect(t.nameless()).To(BeEmpty())
		t.picture("service-gate.png")

		By("approving, which resumes the workflow")
		Expect(a.gate(ctx)).To(HaveKeyWithValue("phase", "Running"))
		t.do(chromedp.SendKeys(chromedp.CSS("#gates input"), "ann"))
		t.click("#gates button[type=submit]")
		Eventually(ctx, a.gate).Should(HaveKeyWithValue("phase", "Succeeded"))
		Expect(a.gate(ctx)).To(HaveKeyWithValue("outputs", HaveKeyWithValue("parameters",
			ContainElement(And(HaveKeyWithValue("name", "approved-by"), HaveKeyWithValue("value", "ann"))))))
		Eventually(t.text("state")).Should(Equal("Running"))
		Eventually(t.text("gates-text")).Should(Equal("No gate is waiting."))

		By("showing progress that moves")
		shards := property[float64](t, "shards", "value")
		Eventually(shards).Should(BeNumerically(">", 0))
		first, err := shards()
		Expect(err).NotTo(HaveOccurred())
		Eventually(shards).Should(And(BeNumerically(">", first), BeNumerically("<", 100)))
		Expect(t.text("percentage")()).To(MatchRegexp(`^\d+ %$`))
		Eventually(t.text("eta")).Should(MatchRegexp(`^about .* left$`))

		By("showing logs, of which markup is a part")
		Expect(cluster.WriteLog(ctx, namespace, a.worker(ctx), "reindex-from-snapshot", "reading segment 1", markup+" is a line")).To(Succeed())
		Eventually(t.text("logs")).Should(And(ContainSubstring("reading segment 1"), ContainSubstring(markup+" is a line")))

		By("asking before it stops anything")
		t.click("#stop")
		Expect(t.asking()).To(BeTrue())
		t.do(chromedp.KeyEvent("\r")) // the focus is on Cancel
		Eventually(t.asking).Should(BeFalse())
		Expect(t.text("state")()).To(Equal("Running"))
		t.picture("service.png")

		By("going on with another process of the service")
		t.answersFail(true)
		p.killService(ctx)
		Eventually(t.text("connection")).Should(ContainSubstring("connection lost"))
		Expect(t.text("state")()).To(Equal("Running"), "it is what was known last")
		p.startService(ctx)
		Eventually(t.text("connection")).Should(Equal("live"))
		t.answersFail(false)
		Eventually(t.text("logs")).Should(ContainSubstring("reading segment 1"))

		By("noticing that nothing comes any more")
		thaw := p.freezeService()
		Eventually(t.text("connection")).Should(ContainSubstring("connection lost"))
		thaw()
		Eventually(t.text("connection")).Should(Equal("live"))

		By("following nothing while it is hidden")
		t.hidden(true)
		Expect(t.text("connection")()).To(Equal("not updated while this tab is hidden"))
		Consistently(t.text("connection"), hiddenFor).Should(Equal("not updated while this tab is hidden"))
		t.hidden(false)
		Eventually(t.text("connection")).Should(Equal("live"))
		Eventually(t.text("logs")).Should(ContainSubstring("reading segment 1"))

		By("asking about nothing that isn't looked at any more")
		t.click("#stop")
		Expect(t.asking()).To(BeTrue())
		t.do(chromedp.Evaluate[chromedp.Void]("void (location.hash = 'elsewhere')"))
		Eventually(t.asking).Should(BeFalse())
		t.do(chromedp.Evaluate[chromedp.Void]("void (location.hash = 'demo')"))
		Eventually(t.text("session")).Should(Equal("demo"))
		Expect(t.text("state")()).To(Equal("Running"))

		By("showing that the cluster is unreachable")
		t.answersFail(true) // a restarted API server refuses everything until it has read its roles
		Expect(cluster.Kill(ctx, envtest.PartAPIServer)).To(Succeed())
		Eventually(t.text("unknown")).Should(ContainSubstring("The cluster is unreachable"))
		Expect(t.text("pods")()).To(HavePrefix("unknown: "))
		Expect(cluster.Restart(ctx, envtest.PartAPIServer)).To(Succeed())
		Eventually(t.text("unknown")).Should(BeEmpty())
		Eventually(t.text("pods")).Should(ContainSubstring("4 of 4 running"))
		t.answersFail(false)

		By("pausing it, and going on")
		t.click("#pause")
		Eventually(t.text("state")).Should(Equal("Paused"))
		Expect(t.focus()).To(Equal("pause"), "the focus stays")
		Eventually(t.text("pods")).Should(Equal("none"))
		Expect(a.replicas(ctx)).To(BeZero())
		Expect(t.text("start")()).To(Equal("Resume"))
		t.click("#start")
		Eventually(t.text("state")).Should(Equal("Running"))
		Eventually(t.text("pods")).Should(ContainSubstring("4 of 4 running"))

		By("scaling it, so that it comes to its end")
		t.do(chromedp.Evaluate[chromedp.Void]("document.getElementById('workers').select()"), chromedp.SendKeys(chromedp.CSS("#workers"), "32"))
		t.click("#scale button")
		Eventually(t.text("pods")).Should(MatchRegexp(`^\d+ of 32 running`))
		Expect(a.replicas(ctx)).To(BeNumerically("==", 32))

		By("showing its end")
		Eventually(t.text("state")).Should(Equal("Succeeded"))
		Eventually(t.text("percentage")).Should(Equal("100 %"))
		wf, err := a.workflow(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(wf.Object["status"]).To(HaveKeyWithValue("phase", "Succeeded"))
		Eventually(ctx, a.events).Should(ContainElements("WorkflowStarted", "WorkflowSuspended", "WorkflowResumed"))

		By("starting it again, and rejecting it with the keyboard alone")
		Eventually(t.text("pods")).Should(Equal("none"))
		t.click("#start")
		t.click("#ask-yes")
		Eventually(t.text("workflow")).Should(ContainSubstring("run 2"))
		Eventually(t.text("gates")).Should(ContainSubstring("approve"))
		t.do(chromedp.Focus(chromedp.CSS("#gates button.danger")), chromedp.KeyEvent("\r"))
		Expect(t.focus()).To(Equal("ask-no"), "what does no harm has the focus")
		t.do(chromedp.Focus(chromedp.CSS("#ask-input")), chromedp.KeyEvent("not again\r"))
		Eventually(t.text("state")).Should(Equal("Failed"))
		Eventually(t.text("message")).Should(ContainSubstring("not again"))

		By("starting it once more, and stopping it")
		Eventually(t.text("start")).Should(HavePrefix("Start"))
		t.click("#start")
		t.click("#ask-yes")
		Eventually(t.text("workflow")).Should(ContainSubstring("run 3"))
		Eventually(t.text("gates")).Should(ContainSubstring("approve"))
		t.click("#stop")
		t.click("#ask-yes")
		Eventually(t.text("state")).Should(Equal("Stopped"))

		By("listing what has ended")
		const runsOfDemo = `[...document.querySelectorAll('#past li[data-session=demo] .state')].map((each) => each.textContent).join()`
		Eventually(func() (string, error) { return js[string](t, runsOfDemo) }).Should(Equal("Stopped,Failed,Succeeded"))
		a.deleteWorkflow(ctx, workflowName)
		t.do(chromedp.Reload())
		Eventually(t.text("past")).Should(ContainSubstring("workflow ma/" + workflowName + ","))
		Expect(t.text("past")()).To(MatchRegexp(`(?s)Succeeded\s*run 1, workflow ma/` + workflowName + `, .*deleted, known from the history`))
		Expect(js[string](t, runsOfDemo)).To(Equal("Stopped,Failed,Succeeded"))

		By("being as good on a phone in the dark")
		const phone = 390
		t.do(chromedp.EmulateViewport(phone, 844, chromedp.EmulateMobile))
		t.prefers("dark")
		Eventually(func() (float64, error) { return js[float64](t, "document.documentElement.scrollWidth") }).Should(BeNumerically("<=", phone), "nothing is wider")
		t.picture("service-phone.png")
		Expect(t.nameless()).To(BeEmpty())

		Expect(js[bool](t, "window.planted === undefined && document.images.length === 0")).To(BeTrue(), "no markup has come to life")
		Expect(t.consoleErrors()).To(BeEmpty())
	}, SpecTimeout(specTimeout))

	It("shows a backfill whose workflow was deleted", func(ctx SpecContext) {
		p, a := &programs{}, newAdmin()
		p.build(ctx)
		p.install(ctx, "who approves")
		p.startTarget(ctx)
		for i, config := range p.configs {
			p.configs[i] = replaced(config, "session_name: ", "session_name: past-")
		}
		p.startService(ctx)

		t := openTab(ctx)
		t.do(chromedp.Navigate(p.url))
		Eventually(t.text("past-text")).ShouldNot(Equal("…"))
		t.click(`#list a[data-session=past-demo]`)
		Eventually(t.text("state")).Should(Equal("Not started"))
		t.click("#start")
		Eventually(t.text("gates")).Should(ContainSubstring("approve"))

		By("ending it, for a reason with markup in it")
		t.do(chromedp.Focus(chromedp.CSS("#gates button.danger")), chromedp.KeyEvent("\r"))
		t.do(chromedp.Focus(chromedp.CSS("#ask-input")), chromedp.KeyEvent(markup+"\r"))
		Eventually(t.text("state")).Should(Equal("Failed"))
		past := func() (string, error) {
			return js[string](t, "document.querySelector('#past li[data-session=past-demo]')?.innerText ?? ''")
		}
		Eventually(past).Should(ContainSubstring(", in the cluster"))

		By("deleting its workflow, with another process of the service, and another page")
		a.deleteWorkflow(ctx, "backfill-past-demo")
		Eventually(t.text("workflow")).Should(ContainSubstring("deleted, known from the history"))
		t.answersFail(true)
		p.killService(ctx)
		Eventually(t.text("connection")).Should(ContainSubstring("connection lost"))
		p.startService(ctx)
		Eventually(t.text("connection")).Should(Equal("live"))
		t.answersFail(false)
		t.do(chromedp.Reload())
		Eventually(t.text("state")).Should(Equal("Failed"))
		Expect(t.text("session")()).To(Equal("past-demo"))
		Expect(t.text("workflow")()).To(ContainSubstring("deleted, known from the history"))
		Eventually(t.text("logs-text")).Should(HavePrefix("None any more"))
		Eventually(past).Should(And(
			MatchRegexp(`(?s)past-demo.*Failed.*run 1, workflow ma/backfill-past-demo, .*deleted, known from the history`),
			MatchRegexp(`(?s)reject approve by an unnamed user, .*: `+markup),
		))
		Expect(t.nameless()).To(BeEmpty())
		t.picture("service-past.png")

		By("starting it again as another run")
		Eventually(t.text("start")).Should(HavePrefix("Start again"))
		t.click("#start")
		t.click("#ask-yes")
		Eventually(t.text("workflow")).Should(ContainSubstring("run 2"))
		Eventually(t.text("gates")).Should(ContainSubstring("approve"))
		t.click("#stop")
		t.click("#ask-yes")
		Eventually(t.text("state")).Should(Equal("Stopped"))

		Expect(js[bool](t, "window.planted === undefined && document.images.length === 0")).To(BeTrue(), "no markup has come to life")
		Expect(t.consoleErrors()).To(BeEmpty())
	}, SpecTimeout(specTimeout))

	It("approves a gate that is an object", func(ctx SpecContext) {
		p, a := &programs{}, newAdmin()
		p.build(ctx)
		p.install(ctx, "who approves")
		argotest.InstallApprovalGates(ctx, a)
		objects := argotest.ApprovalGates(a, namespace)
		argotest.CreateApprovalGate(ctx, objects, "load.demo", "Pending")
		Expect(cluster.ApplyFile(ctx, replaced(templateFile, suspendGate, objectGate, "name: bulk-load\n", "name: gated-load\n"))).To(Succeed())
		Expect(cluster.ApplyFile(ctx, written("gates.yaml", mayReadGates))).To(Succeed())
		Expect(cluster.ApplyFile(ctx, replaced("../../../hack/rbac/approval-gates.yaml", "metadata:\n", "metadata:\n  namespace: "+namespace+"\n"))).To(Succeed())
		p.startTarget(ctx)
		for i, config := range p.configs {
			p.configs[i] = replaced(config, "workflow_template_name: bulk-load", "workflow_template_name: gated-load", "session_name: ", "session_name: gated-")
		}
		p.startService(ctx, "--approval-gates")

		t := openTab(ctx)
		t.do(chromedp.Navigate(p.url))
		t.click(`#list a[data-session=gated-demo]`)
		Eventually(t.text("state")).Should(Equal("Not started"))
		t.click("#start")
		Eventually(t.text("gates")).Should(ContainSubstring("load.demo"))
		Eventually(t.text("state")).Should(Equal("Paused"))
		t.click("#gates button[type=submit]")
		Eventually(ctx, objects.Get).WithArguments("load.demo", metav1.GetOptions{}).
			Should(HaveField("Object", HaveKeyWithValue("status", HaveKeyWithValue("phase", "Approved"))))
		Eventually(t.text("state")).Should(Equal("Running"))
		Eventually(t.text("gates-text")).Should(Equal("No gate is waiting."))
	}, SpecTimeout(specTimeout))
})
