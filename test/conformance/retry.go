package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// ok and broken are the values of retryable's parameter for a pod that succeeds or fails.
func ok() map[string]any     { return map[string]any{"exit-code": 0} }
func broken() map[string]any { return map[string]any{"exit-code": 1} }

func describeRetry(f *Fixture) {
	Describe("Retry", func() {
		It("runs failed nodes again, with other parameters, and keeps successful ones", Label(NeedsPods), func(ctx SpecContext) {
			s := f.failed(ctx, retryable, map[string]any{"exit-code": 1, "message": "hello"})
			before := f.podUIDs(ctx, s)
			Expect(before).To(HaveLen(2))

			retried := must(f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok(), UID: s.UID}))
			Expect(retried.UID).To(Equal(s.UID))
			Expect(retried.Completed()).To(BeFalse())
			Expect(retried.EndTime).To(BeZero())

			done := f.succeeded(ctx, s.Name)
			Expect(runOf(displayed(done, "first"))).To(Equal(runOf(displayed(s, "first"))), "it is the same run")
			after := f.podUIDs(ctx, done)
			Expect(after).To(HaveLen(3))
			Expect(after["first"]).To(Equal(before["first"]))
			Expect(after["second"]).NotTo(Equal(before["second"]))
			Expect(done.Arguments).To(ContainElements(
				HaveField("Value", "0"), HaveField("Value", "hello"),
			))
			Expect(displayed(done, "third").Inputs().Parameters).To(ContainElement(HaveField("Value", "hello")))
		}, SpecTimeout(specTimeout))

		It("retries repeatedly, even a workflow of one pod", Label(NeedsPods), func(ctx SpecContext) {
			s := f.failed(ctx, onePod, map[string]any{"exit-code": 1, "message": ""})
			must(f.Client.Retry(ctx, s.Name, workflow.RetryOptions{}))
			again := f.wait(ctx, s.Name, workflow.Completed)
			Expect(again.Outcome()).To(Equal(status.OutcomeFailed))
			Expect(again.StartTime).To(BeTemporally(">", s.EndTime))
			must(f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()}))
			f.succeeded(ctx, s.Name)
		}, SpecTimeout(specTimeout))

		It("handles nested templates, attempts and sets of containers", Label(NeedsPods), func(ctx SpecContext) {
			s := f.failed(ctx, nested, broken())
			before := f.podUIDs(ctx, s)
			must(f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()}))
			done := f.succeeded(ctx, s.Name)
			after := f.podUIDs(ctx, done)
			for _, kept := range []string{"ahead", "inner-ahead"} {
				Expect(after[kept]).To(Equal(before[kept]), kept)
				Expect(runOf(displayed(done, kept))).To(Equal(runOf(displayed(s, kept))), kept)
			}
			Expect(displayed(done, "polled(0)").Phase).To(Equal(status.NodeSucceeded))
			Expect(displayed(done, "polled(1)")).To(BeNil(), "it begins with the first attempt")
			Expect(displayed(done, "grouped(0)").Phase).To(Equal(status.NodeFailed), "an attempt that is over is history")
			Expect(displayed(done, "grouped(1)").Phase).To(Equal(status.NodeSucceeded))
		}, SpecTimeout(specTimeout))

		It("runs the exit handlers again", Label(NeedsPods), func(ctx SpecContext) {
			s := f.failed(ctx, withHandlers, broken())
			handler, stepHandler := s.Name+".onExit", "work.onExit"
			Expect(displayed(s, handler).Phase).To(Equal(status.NodeSucceeded))
			Expect(displayed(s, stepHandler).Phase).To(Equal(status.NodeSucceeded))
			before := f.podUIDs(ctx, s)
			must(f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()}))
			done := f.succeeded(ctx, s.Name)
			after := f.podUIDs(ctx, done)
			for _, again := range []string{"work", handler, stepHandler} {
				Expect(after[again]).NotTo(Equal(before[again]), again)
				Expect(displayed(done, again).Phase).To(Equal(status.NodeSucceeded))
			}
		}, SpecTimeout(specTimeout))

		It("runs selected successful nodes again", Label(NeedsPods), func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, retryable), Parameters: ok()})
			s = f.succeeded(ctx, s.Name)
			before := f.podUIDs(ctx, s)
			must(f.Client.Retry(ctx, s.Name, workflow.RetryOptions{RestartSuccessful: true, Selector: "displayName=second"}))
			after := f.podUIDs(ctx, f.succeeded(ctx, s.Name))
			Expect(after["first"]).To(Equal(before["first"]))
			Expect(after["second"]).NotTo(Equal(before["second"]))
			Expect(after["third"]).NotTo(Equal(before["third"]), "it follows")
		}, SpecTimeout(specTimeout))

		It("makes a gate wait again with its defaults", Label(NeedsPods), func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.Suspended)
			must(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": "ann", "note": "in a hurry"}}))
			f.succeeded(ctx, s.Name)

			must(f.Client.Retry(ctx, s.Name, workflow.RetryOptions{RestartSuccessful: true, Selector: "displayName=approve"}))
			s = f.wait(ctx, s.Name, workflow.Suspended)
			Expect(s.SuspendedNodes()[0].AwaitedOutputs()).To(ConsistOf(
				HaveField("GlobalName", "approver"), And(HaveField("Name", "note"), HaveField("Default", "none given")),
			))
			must(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": "bob"}}))
			s = f.succeeded(ctx, s.Name)
			note, _ := displayed(s, "approve").Outputs().Parameter("note")
			Expect(note).To(Equal("none given"))
			approver, _ := s.Outputs.Parameter("approver")
			Expect(approver).To(Equal("bob"))
		}, SpecTimeout(specTimeout))

		for _, shutdown := range []status.ShutdownStrategy{status.ShutdownStop, status.ShutdownTerminate} {
			It(fmt.Sprintf("continues a workflow that was asked to %s", shutdown), Label(NeedsPods), func(ctx SpecContext) {
				s := f.startUntil(ctx, gate, workflow.Suspended)
				if shutdown == status.ShutdownStop {
					Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
				} else {
					Expect(f.Client.Terminate(ctx, s.Name, workflow.TerminateOptions{})).To(Succeed())
				}
				Expect(f.wait(ctx, s.Name, workflow.Completed).Shutdown).To(Equal(shutdown))

				must(f.Client.Retry(ctx, s.Name, workflow.RetryOptions{}))
				s = f.wait(ctx, s.Name, workflow.Suspended)
				Expect(s.Shutdown).To(Equal(status.ShutdownNone))
				must(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": "ann"}}))
				f.succeeded(ctx, s.Name)
			}, SpecTimeout(specTimeout))
		}

		It("starts a workflow that failed before it began", func(ctx SpecContext) {
			name := argotest.Create(ctx, f.workflows(),
				"{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: early}, "+
					"spec: {workflowTemplateRef: {name: late}}}")
			Expect(f.wait(ctx, name, workflow.Completed).Nodes).To(BeEmpty())
			argotest.Create(ctx, argotest.Templates(f.Admin, f.Namespace),
				"{apiVersion: argoproj.io/v1alpha1, kind: WorkflowTemplate, metadata: {name: late}, spec: {entrypoint: main, templates: [{name: main, suspend: {duration: '0'}}]}}")
			// The controller reads templates through a cache.
			Eventually(ctx, func(g Gomega) {
				_, err := f.Client.Retry(ctx, name, workflow.RetryOptions{})
				g.Expect(err).NotTo(HaveOccurred())
				s, err := f.Client.Wait(ctx, name, workflow.Completed)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(s.Err()).NotTo(HaveOccurred())
			}).WithTimeout(specTimeout).Should(Succeed())
		}, SpecTimeout(specTimeout))

		It("reads and writes compressed nodes", Label(NeedsPods, NeedsInlineNodes), func(ctx SpecContext) {
			s := f.failed(ctx, retryable, broken())
			f.compress(ctx, s)
			retried := must(f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()}))
			Expect(runOf(displayed(retried, "first"))).To(Equal(runOf(displayed(s, "first"))))
			packed, _, _ := unstructured.NestedString(retried.Raw().Object, "status", "compressedNodes")
			Expect(packed).NotTo(BeEmpty())
			f.succeeded(ctx, s.Name)
		}, SpecTimeout(specTimeout))

		It("does not show results of the failed attempt", Label(NeedsPods), func(ctx SpecContext) {
			s := f.failed(ctx, reporting, map[string]any{"exit-code": 1, "token": "old"})
			token, _ := displayed(s, "produce").Outputs().Parameter("token")
			Expect(token).To(Equal("old"))
			must(f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: map[string]any{"exit-code": 0, "token": "new"}}))
			for s, err := range f.Client.Watch(ctx, s.Name) {
				Expect(err).NotTo(HaveOccurred())
				if n := displayed(s, "produce"); n != nil {
					Expect(n.Outputs().Parameters).NotTo(ContainElement(HaveField("Value", "old")))
				}
			}
			s = f.succeeded(ctx, s.Name)
			token, _ = displayed(s, "produce").Outputs().Parameter("token")
			Expect(token).To(Equal("new"))
		}, SpecTimeout(specTimeout))
	})
}

func describeRetryRefusals(f *Fixture) {
	Describe("Retry", func() {
		It("refuses a running workflow", func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.Suspended)
			_, err := f.Client.Retry(ctx, s.Name, workflow.RetryOptions{})
			text := expectError(err, workflow.ErrNotCompleted, workflow.OpRetry, s.Name)
			Expect(text).To(ContainSubstring("Cannot retry a workflow in phase Running"))
		}, SpecTimeout(specTimeout))

		It("changes nothing when it refuses", Label(NeedsPods), func(ctx SpecContext) {
			failed := f.failed(ctx, retryable, broken())
			done := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, retryable), Parameters: ok()})
			done = f.succeeded(ctx, done.Name)
			pods := f.podUIDs(ctx, failed)
			var befores []*status.WorkflowStatus // read in the same way as the states afterwards
			for _, s := range []*status.WorkflowStatus{failed, done} {
				befores = append(befores, must(f.Client.Get(ctx, s.Name)))
			}

			for _, refused := range []struct {
				name string
				opts workflow.RetryOptions
				kind error
				says []string
			}{
				{failed.Name, workflow.RetryOptions{UID: "another"}, workflow.ErrReplaced, nil},
				{failed.Name, workflow.RetryOptions{Parameters: map[string]any{"exitcode": 0}}, workflow.ErrInvalid, []string{`did you mean "exit-code"?`}},
				{failed.Name, workflow.RetryOptions{Parameters: map[string]any{"size": "huge"}}, workflow.ErrInvalid, []string{"small, large"}},
				{failed.Name, workflow.RetryOptions{Parameters: map[string]any{"size": nil}}, workflow.ErrInvalid, nil},
				{failed.Name, workflow.RetryOptions{Selector: "displayName=first"}, workflow.ErrInvalid, []string{"RestartSuccessful"}},
				{failed.Name, workflow.RetryOptions{RestartSuccessful: true, Selector: "no selector"}, workflow.ErrInvalid, nil},
				{failed.Name, workflow.RetryOptions{RestartSuccessful: true, Selector: "displayName=fist"}, workflow.ErrInvalid, []string{"first, second"}},
				{failed.Name, workflow.RetryOptions{RestartSuccessful: true}, workflow.ErrInvalid, []string{"first, second"}},
				{done.Name, workflow.RetryOptions{}, workflow.ErrInvalid, []string{"Cannot retry a workflow in phase Succeeded", "RestartSuccessful", "third"}},
				{"nobody", workflow.RetryOptions{}, workflow.ErrNotFound, nil},
				{"", workflow.RetryOptions{}, workflow.ErrInvalid, nil},
			} {
				_, err := f.Client.Retry(ctx, refused.name, refused.opts)
				text := expectError(err, refused.kind, workflow.OpRetry, refused.name)
				for _, part := range refused.says {
					Expect(text).To(ContainSubstring(part))
				}
				Expect(text).NotTo(ContainSubstring("huge"), "values may be secret")
			}
			for _, before := range befores {
				now := must(f.Client.Get(ctx, before.Name))
				Expect(now.Phase).To(Equal(before.Phase))
				Expect(now.Nodes).To(Equal(before.Nodes))
			}
			Expect(f.podUIDs(ctx, failed)).To(Equal(pods))
		}, SpecTimeout(specTimeout))

		It("needs get and update, delete on pods and list or get on them, and says what is missing", Label(NeedsPods, NeedsAccounts), func(ctx SpecContext) {
			s := f.failed(ctx, retryable, broken())
			pods := f.podUIDs(ctx, s)
			for _, missing := range []struct {
				allowed map[string][]string
				says    []string
			}{
				{map[string][]string{"workflows": {"get"}, "pods": {"list", "delete"}}, []string{"update", "workflows"}},
				{map[string][]string{"workflows": {"get", "update"}, "pods": {"list"}}, []string{"delete", "pods"}},
				{map[string][]string{"workflows": {"get", "update"}, "pods": {"delete"}}, []string{"grant list or get on pods"}},
			} {
				client := f.reader(ctx, s.Name, missing.allowed)
				_, err := client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()})
				text := expectError(err, workflow.ErrForbidden, workflow.OpRetry, s.Name)
				for _, part := range missing.says {
					Expect(text).To(ContainSubstring(part))
				}
			}
			Expect(f.Client.Get(ctx, s.Name)).To(HaveField("Phase", status.PhaseFailed))
			Expect(f.podUIDs(ctx, s)).To(Equal(pods))

			enough := f.reader(ctx, s.Name, map[string][]string{"workflows": {"get", "update"}, "pods": {"get", "delete"}})
			must(enough.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()}))
			after := f.podUIDs(ctx, f.succeeded(ctx, s.Name))
			Expect(after["second"]).NotTo(Equal(pods["second"]))
		}, SpecTimeout(specTimeout))

		// Anyone who may write workflows can make one name any pod as its own.
		It("deletes no pod that isn't the workflow's", Label(NeedsPods, NeedsAccounts, NeedsOtherPods, NeedsInlineNodes), func(ctx SpecContext) {
			s := f.failed(ctx, retryable, broken())
			foreign := must(f.pods().Create(ctx, argotest.Object(f.fit(fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {generateName: foreign-, labels: {workflows.argoproj.io/workflow: %s}}
spec: {schedulerName: nobody, containers: [{name: main, image: any}]}
`, s.Name))), metav1.CreateOptions{}))
			victim := foreign.GetName()
			DeferCleanup(func(ctx SpecContext) {
				Expect(f.pods().Delete(ctx, victim, metav1.DeleteOptions{})).To(Succeed())
			}, NodeTimeout(specTimeout))
			annotate := fmt.Sprintf(`{"metadata":{"annotations":{"workflows.argoproj.io/node-id":%q}}}`, victim)
			must(f.pods().Patch(ctx, victim, types.MergePatchType, []byte(annotate), metav1.PatchOptions{}))
			for _, verb := range []string{"list", "get"} {
				client := f.reader(ctx, s.Name, map[string][]string{"workflows": {"get", "update"}, "pods": {verb, "delete"}})
				patch := must(json.Marshal(map[string]any{
					"metadata": map[string]any{"annotations": map[string]string{"workflows.argoproj.io/pod-name-format": "v1"}},
					"status": map[string]any{"nodes": map[string]any{
						s.Name: map[string]any{"children": append(slices.Clone(s.Node(s.Name).Children), victim)},
						victim: map[string]string{
							"id": victim, "name": s.Name + ".victim", "displayName": "victim", "type": "Pod", "phase": "Failed", "boundaryID": s.Name,
						},
					}},
				}))
				f.patch(ctx, s.Name, string(patch))
				retried := must(client.Retry(ctx, s.Name, workflow.RetryOptions{}))
				Expect(retried.Node(victim)).To(BeNil(), "its node was to run again")
				now := must(f.pods().Get(ctx, victim, metav1.GetOptions{}))
				Expect(now.GetUID()).To(Equal(foreign.GetUID()))
				Expect(now.GetDeletionTimestamp()).To(BeNil())
				Expect(f.wait(ctx, s.Name, workflow.Completed).Phase).To(Equal(status.PhaseFailed))
			}
		}, SpecTimeout(specTimeout))
	})
}

// failed starts a workflow from a template with this spec, and expects it to fail.
func (f Fixture) failed(ctx context.Context, spec string, parameters map[string]any) *status.WorkflowStatus {
	GinkgoHelper()
	req := workflow.StartRequest{Template: f.template(ctx, spec), Parameters: parameters}
	s := f.wait(ctx, f.start(ctx, req).Name, workflow.Completed)
	Expect(s.Phase).To(Equal(status.PhaseFailed), s.Message)
	return s
}

// succeeded waits for the end of a workflow, and expects it to succeed.
func (f Fixture) succeeded(ctx context.Context, name string) *status.WorkflowStatus {
	GinkgoHelper()
	s := f.wait(ctx, name, workflow.Completed)
	Expect(s.Err()).NotTo(HaveOccurred())
	return s
}

// displayed returns the node with that display name, or nil.
func displayed(s *status.WorkflowStatus, name string) *status.Node {
	for _, n := range s.Nodes {
		if n.DisplayName == name {
			return n
		}
	}
	return nil
}

// podUIDs returns the UIDs of a workflow's pods by the display names of their nodes.
func (f Fixture) podUIDs(ctx context.Context, s *status.WorkflowStatus) map[string]types.UID {
	GinkgoHelper()
	uids := map[string]types.UID{}
	for _, pod := range f.podsOf(ctx, s.Name) {
		n := s.Node(pod.GetAnnotations()["workflows.argoproj.io/node-id"])
		Expect(n).NotTo(BeNil(), "pod %s is of no node", pod.GetName())
		uids[n.DisplayName] = pod.GetUID()
	}
	return uids
}

// compress compresses a workflow's nodes as the controller does for large workflows.
func (f Fixture) compress(ctx context.Context, s *status.WorkflowStatus) {
	GinkgoHelper()
	obj := must(f.workflows().Get(ctx, s.Name, metav1.GetOptions{}))
	nodes, _, err := unstructured.NestedMap(obj.Object, "status", "nodes")
	Expect(err).NotTo(HaveOccurred())
	packed := must(status.CompressNodes(nodes))
	f.patch(ctx, s.Name, `{"status":{"nodes":null,"compressedNodes":"`+packed+`"}}`)
}

// runOf identifies one run of a node. Nodes themselves belong to the state that they were read
// with.
func runOf(n *status.Node) any {
	return []any{n.ID, n.Phase, n.StartTime, n.EndTime, n.Inputs(), n.Outputs(), n.Details()}
}
