package specs_test

import (
	"context"
	"maps"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// describeStoredNodes is about workflows in the cluster whose nodes are offloaded or compressed.
func describeStoredNodes(begin func(context.Context) *historyScene) {
	haveNodes := And(HaveField("NodesErr", BeNil()), HaveField("Nodes", Not(BeEmpty())))

	It("reads the nodes of a workflow, and passes its gate", func(ctx SpecContext) {
		s := begin(ctx)
		waiting := s.atGate(ctx, nil)
		Expect(waiting.NodesErr).NotTo(HaveOccurred())
		Expect(len(waiting.Nodes)).To(BeNumerically(">", skippedNodes))
		s.expectStored(ctx, waiting.Name, s.stored)
		Expect(must(s.client.Get(ctx, waiting.Name)).Nodes).To(HaveLen(len(waiting.Nodes)))
		Expect(must(s.client.Gates(ctx, waiting.Name))).To(HaveExactElements(HaveField("Outputs", HaveExactElements(HaveField("Name", "verdict")))))
		Expect(s.listed(ctx, workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}})).To(Equal([]string{waiting.Name}))
		Expect(s.listed(ctx, workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeRunning}})).To(BeEmpty())

		Expect(s.client.Suspend(ctx, waiting.Name, workflow.SuspendOptions{UID: waiting.UID})).To(Succeed())
		Expect(must(s.client.Get(ctx, waiting.Name)).SpecSuspended).To(BeTrue())
		resumed := must(s.client.Resume(ctx, waiting.Name, workflow.ResumeOptions{KeepGates: true, UID: waiting.UID}))
		Expect(resumed.Unsuspended).To(BeTrue())
		Expect(resumed.Gates).To(BeEmpty())
		approval := decided()
		approval.Outputs = map[string]any{"verdict": "yes"}
		Expect(must(s.client.Approve(ctx, waiting.Name, approval))).To(haveDecided("gate"))
		Expect(must(s.client.Approve(ctx, waiting.Name, approval)).Gates).To(BeEmpty(), "it was approved before")
		ended := s.ends(ctx, waiting, status.OutcomeSucceeded)
		verdict, _ := ended.OutputParameter(status.NodeNamed("gate"), "verdict")
		Expect(verdict).To(Equal("yes"))
		Expect(len(ended.Nodes)).To(BeNumerically(">", len(waiting.Nodes)))
		s.expectStored(ctx, waiting.Name, s.stored)
	}, SpecTimeout(specTimeout))

	It("resumes, rejects, retries, resubmits, stops, terminates and deletes workflows", func(ctx SpecContext) {
		s := begin(ctx)
		first := s.atGate(ctx, nil)
		Expect(must(s.client.Resume(ctx, first.Name, workflow.ResumeOptions{})).Gates).To(HaveLen(1))
		ended := s.ends(ctx, first, status.OutcomeSucceeded)
		verdict, _ := ended.OutputParameter(status.NodeNamed("gate"), "verdict")
		Expect(verdict).To(Equal("none"), "the default")

		By("retrying from a node that had succeeded")
		must(s.client.Retry(ctx, first.Name, workflow.RetryOptions{RestartSuccessful: true, Nodes: []string{"gate"}}))
		s.reachesGate(ctx, first)
		Expect(must(s.client.Reject(ctx, first.Name, workflow.Decision{Selector: "displayName=gate", By: "spec", Message: "not yet"}))).
			To(haveDecided("gate"))
		s.ends(ctx, first, status.OutcomeFailed)

		By("retrying what failed")
		retried := must(s.client.Retry(ctx, first.Name, workflow.RetryOptions{}))
		Expect(retried.UID).To(Equal(first.UID))
		Expect(retried).To(haveNodes)
		s.reachesGate(ctx, first)
		s.expectStored(ctx, first.Name, s.stored)
		Expect(s.client.Terminate(ctx, first.Name, workflow.TerminateOptions{})).To(Succeed())
		s.ends(ctx, first, status.OutcomeTerminated)

		copied := must(s.client.Resubmit(ctx, first.Name, workflow.ResubmitOptions{}))
		s.reachesGate(ctx, copied)
		Expect(s.client.Stop(ctx, copied.Name, workflow.StopOptions{UID: copied.UID})).To(Succeed())
		s.ends(ctx, copied, status.OutcomeStopped)

		running := s.atGate(ctx, nil)
		Expect(s.client.Delete(ctx, running.Name, workflow.DeleteOptions{Wait: true})).To(Succeed())
		Expect(second(s.client.Get(ctx, running.Name))).To(MatchError(workflow.ErrNotFound), "it was never archived")
	}, SpecTimeout(specTimeout))

	It("finds, reuses and replaces workflows when it starts others", func(ctx SpecContext) {
		s := begin(ctx)
		request := workflow.StartRequest{Manifest: []byte(manyNodes), Name: "only", IdempotencyKey: "key"}
		first := must(s.client.Start(ctx, request))
		s.reachesGate(ctx, first.WorkflowStatus)
		again := must(s.client.Start(ctx, request))
		Expect(again.Found).To(BeTrue())
		Expect(again.WorkflowStatus).To(And(HaveField("UID", first.UID), haveNodes))
		// With a label: docs/history.md says what a workflow without one can do to the controller.
		request.IdempotencyKey, request.IfExists, request.Labels = "", workflow.ExistsReuse, map[string]string{"team": "k"}
		reused := must(s.client.Start(ctx, request))
		Expect(reused.Found).To(BeTrue())
		Expect(reused.Suspended()).To(BeTrue())
		request.IfExists = workflow.ExistsReplace
		replacing := must(s.client.Start(ctx, request))
		Expect(replacing.Replaced).To(Equal(first.UID))
		s.reachesGate(ctx, replacing.WorkflowStatus)
		Expect(s.client.Stop(ctx, "only", workflow.StopOptions{})).To(Succeed())
	}, SpecTimeout(specTimeout))

	It("waits for many workflows, and watches one, with the nodes of each state", func(ctx SpecContext) {
		s := begin(ctx)
		const count = 10 // more than have a watch each
		uids := map[string]types.UID{}
		for range count {
			started := must(s.client.Start(ctx, workflow.StartRequest{Manifest: []byte(manyNodes)}))
			uids[started.Name] = started.UID
		}
		names := slices.Sorted(maps.Keys(uids))
		for name, result := range workflow.WaitMany(ctx, s.client, names, workflow.AtGate("gate"), workflow.WithUIDs(uids)) {
			Expect(must(result.Unwrap())).To(haveNodes, name)
		}
		watched := make(chan []*status.WorkflowStatus, 1)
		first := make(chan bool)
		go func() {
			defer GinkgoRecover()
			var states []*status.WorkflowStatus
			for state, err := range s.client.Watch(ctx, names[0]) {
				if states = append(states, must(state, err)); len(states) == 1 {
					close(first)
				}
			}
			watched <- states
		}()
		Eventually(ctx, first).WithTimeout(specTimeout).Should(BeClosed())
		for _, name := range names {
			must(s.client.Approve(ctx, name, decided()))
		}
		for name, result := range workflow.WaitMany(ctx, s.client, names, workflow.Completed, workflow.WithUIDs(uids)) {
			Expect(must(result.Unwrap())).To(And(haveNodes, HaveField("Phase", status.PhaseSucceeded)), name)
		}
		var states []*status.WorkflowStatus
		Eventually(ctx, watched).WithTimeout(specTimeout).Should(Receive(&states))
		Expect(len(states)).To(BeNumerically(">", 1))
		Expect(states).To(HaveEach(haveNodes))
		Expect(states[0].Suspended()).To(BeTrue())
		Expect(states[len(states)-1].Completed()).To(BeTrue())
	}, SpecTimeout(specTimeout))

	It("selects the logs of nodes", func(ctx SpecContext) {
		s := begin(ctx)
		manifest := strings.Replace(manyNodes, `    - - {name: gate,`,
			`    - - {name: left, template: pod}
      - {name: right, template: pod}
    - - {name: gate,`, 1) + `  - {name: pod, container: {image: any, command: ["true"]}}
`
		waiting := must(s.client.Start(ctx, workflow.StartRequest{Manifest: []byte(manifest)})).WorkflowStatus
		waiting = s.reachesGate(ctx, waiting)
		s.expectStored(ctx, waiting.Name, s.stored)
		pods := must(s.own.pods(ctx, s.namespace, "workflows.argoproj.io/workflow="+waiting.Name))
		Expect(pods).To(HaveLen(2))
		for _, pod := range pods {
			node := waiting.Node(pod.Annotations["workflows.argoproj.io/node-id"])
			Expect(node).NotTo(BeNil())
			Expect(s.own.WriteLog(ctx, s.namespace, pod.Name, "main", "a line of "+node.DisplayName)).To(Succeed())
		}
		read := func(opts workflow.LogOptions) (lines []string) {
			GinkgoHelper()
			for line, err := range s.client.Logs(ctx, waiting.Name, opts) {
				lines = append(lines, must(line, err).Text)
			}
			return lines
		}
		Expect(read(workflow.LogOptions{})).To(ConsistOf("a line of left", "a line of right"))
		Expect(read(workflow.LogOptions{Selector: "displayName=right"})).To(Equal([]string{"a line of right"}))
		for line, err := range s.client.Logs(ctx, waiting.Name, workflow.LogOptions{Selector: "displayName=left", Follow: true}) {
			Expect(must(line, err)).To(And(HaveField("Text", "a line of left"), HaveField("Node", "left")))
			break
		}
		must(s.client.Approve(ctx, waiting.Name, decided()))
		s.ends(ctx, waiting, status.OutcomeSucceeded)
		Expect(read(workflow.LogOptions{Selector: "displayName=left", Follow: true})).To(Equal([]string{"a line of left"}))
	}, SpecTimeout(specTimeout))

	It("reads and changes nodes that are too large even if they are compressed", func(ctx SpecContext) {
		s := begin(ctx)
		if s.stored == offloaded {
			Skip("all nodes are offloaded on this cluster")
		}
		wf := argotest.Object(manyNodes)
		wf.SetAnnotations(map[string]string{"note": strings.Repeat("x", maxWorkflowSize)}) // only nodes are compressed
		started := must(s.client.Start(ctx, workflow.StartRequest{Manifest: must(wf.MarshalJSON())})).WorkflowStatus
		Expect(s.reachesGate(ctx, started)).To(haveNodes)
		s.expectStored(ctx, started.Name, offloaded)
		must(s.client.Reject(ctx, started.Name, decided()))
		s.ends(ctx, started, status.OutcomeFailed)
		must(s.client.Retry(ctx, started.Name, workflow.RetryOptions{}))
		s.reachesGate(ctx, started)
		s.expectStored(ctx, started.Name, offloaded)
		must(s.client.Approve(ctx, started.Name, decided()))
		s.ends(ctx, started, status.OutcomeSucceeded)
	}, SpecTimeout(specTimeout))
}

// expectStored expects that the controller has stored the nodes of a workflow in a field of its status, and
// in no other one.
func (s *historyScene) expectStored(ctx context.Context, name, field string) {
	GinkgoHelper()
	now := must(statusOf(ctx, s.in, name))
	for _, other := range []string{"nodes", compressed, offloaded} {
		if other == field {
			Expect(now[other]).NotTo(BeEmpty())
		} else {
			Expect(now).NotTo(HaveKey(other))
		}
	}
}
