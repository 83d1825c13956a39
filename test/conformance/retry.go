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
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// ok and broken are the values of retryable's parameter for a pod that succeeds or fails.
func ok() map[string]any     { return map[string]any{"exit-code": 0} }
func broken() map[string]any { return map[string]any{"exit-code": 1} }

func describeRetry(fixture func() Fixture) {
	Describe("Retry", func() {
		It("runs failed nodes again, with other parameters, and keeps successful ones", func(ctx SpecContext) {
			f := fixture()
			s := f.failed(ctx, workflow.StartRequest{
				Template: f.template(ctx, retryable), Parameters: map[string]any{"exit-code": 1, "message": "hello"},
			})
			before := f.podUIDs(ctx, s)
			Expect(before).To(HaveLen(2))

			retried, err := f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok(), UID: s.UID})
			Expect(err).NotTo(HaveOccurred())
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

		It("retries repeatedly, even a workflow of one pod", func(ctx SpecContext) {
			f := fixture()
			s := f.failed(ctx, workflow.StartRequest{
				Template: f.template(ctx, onePod), Parameters: map[string]any{"exit-code": 1, "message": ""},
			})
			_, err := f.Client.Retry(ctx, s.Name, workflow.RetryOptions{})
			Expect(err).NotTo(HaveOccurred())
			again := f.wait(ctx, s.Name, workflow.Completed)
			Expect(again.Outcome()).To(Equal(status.OutcomeFailed))
			Expect(again.StartTime).To(BeTemporally(">", s.EndTime))
			_, err = f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()})
			Expect(err).NotTo(HaveOccurred())
			f.succeeded(ctx, s.Name)
		}, SpecTimeout(specTimeout))

		It("handles nested templates, attempts and sets of containers", func(ctx SpecContext) {
			f := fixture()
			s := f.failed(ctx, workflow.StartRequest{Template: f.template(ctx, nested), Parameters: broken()})
			before := f.podUIDs(ctx, s)
			_, err := f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()})
			Expect(err).NotTo(HaveOccurred())
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

		It("runs the exit handlers again", func(ctx SpecContext) {
			f := fixture()
			s := f.failed(ctx, workflow.StartRequest{Template: f.template(ctx, withHandlers), Parameters: broken()})
			handler, stepHandler := s.Name+".onExit", "work.onExit"
			Expect(displayed(s, handler).Phase).To(Equal(status.NodeSucceeded))
			Expect(displayed(s, stepHandler).Phase).To(Equal(status.NodeSucceeded))
			before := f.podUIDs(ctx, s)
			_, err := f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()})
			Expect(err).NotTo(HaveOccurred())
			done := f.succeeded(ctx, s.Name)
			after := f.podUIDs(ctx, done)
			for _, again := range []string{"work", handler, stepHandler} {
				Expect(after[again]).NotTo(Equal(before[again]), again)
				Expect(displayed(done, again).Phase).To(Equal(status.NodeSucceeded))
			}
		}, SpecTimeout(specTimeout))

		It("runs selected successful nodes again", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, retryable), Parameters: ok()})
			s = f.succeeded(ctx, s.Name)
			before := f.podUIDs(ctx, s)
			_, err := f.Client.Retry(ctx, s.Name, workflow.RetryOptions{RestartSuccessful: true, Selector: "displayName=second"})
			Expect(err).NotTo(HaveOccurred())
			after := f.podUIDs(ctx, f.succeeded(ctx, s.Name))
			Expect(after["first"]).To(Equal(before["first"]))
			Expect(after["second"]).NotTo(Equal(before["second"]))
			Expect(after["third"]).NotTo(Equal(before["third"]), "it follows")
		}, SpecTimeout(specTimeout))

		It("makes a gate wait again with its defaults", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			s = f.wait(ctx, s.Name, workflow.Suspended)
			_, err := f.Client.Approve(ctx, s.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": "ann", "note": "in a hurry"}})
			Expect(err).NotTo(HaveOccurred())
			f.succeeded(ctx, s.Name)

			_, err = f.Client.Retry(ctx, s.Name, workflow.RetryOptions{RestartSuccessful: true, Selector: "displayName=approve"})
			Expect(err).NotTo(HaveOccurred())
			s = f.wait(ctx, s.Name, workflow.Suspended)
			Expect(s.SuspendedNodes()[0].AwaitedOutputs()).To(ConsistOf(
				HaveField("GlobalName", "approver"), And(HaveField("Name", "note"), HaveField("Default", "none given")),
			))
			_, err = f.Client.Approve(ctx, s.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": "bob"}})
			Expect(err).NotTo(HaveOccurred())
			s = f.succeeded(ctx, s.Name)
			note, _ := displayed(s, "approve").Outputs().Parameter("note")
			Expect(note).To(Equal("none given"))
			approver, _ := s.Outputs.Parameter("approver")
			Expect(approver).To(Equal("bob"))
		}, SpecTimeout(specTimeout))

		for _, shutdown := range []status.ShutdownStrategy{status.ShutdownStop, status.ShutdownTerminate} {
			It(fmt.Sprintf("continues a workflow that was asked to %s", shutdown), func(ctx SpecContext) {
				f := fixture()
				s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
				f.wait(ctx, s.Name, workflow.Suspended)
				if shutdown == status.ShutdownStop {
					Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
				} else {
					Expect(f.Client.Terminate(ctx, s.Name, workflow.TerminateOptions{})).To(Succeed())
				}
				Expect(f.wait(ctx, s.Name, workflow.Completed).Shutdown).To(Equal(shutdown))

				_, err := f.Client.Retry(ctx, s.Name, workflow.RetryOptions{})
				Expect(err).NotTo(HaveOccurred())
				s = f.wait(ctx, s.Name, workflow.Suspended)
				Expect(s.Shutdown).To(Equal(status.ShutdownNone))
				_, err = f.Client.Approve(ctx, s.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": "ann"}})
				Expect(err).NotTo(HaveOccurred())
				f.succeeded(ctx, s.Name)
			}, SpecTimeout(specTimeout))
		}

		It("starts a workflow that failed before it began", func(ctx SpecContext) {
			f := fixture()
			name := argotest.Create(ctx, f.workflows(), fmt.Sprintf(
				"{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: early}, spec: {workflowTemplateRef: {name: %s}}}", "late"))
			s := f.wait(ctx, name, workflow.Completed)
			Expect(s.Nodes).To(BeEmpty())
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

		It("reads and writes compressed nodes", func(ctx SpecContext) {
			f := fixture()
			s := f.failed(ctx, workflow.StartRequest{Template: f.template(ctx, retryable), Parameters: broken()})
			f.compress(ctx, s)
			retried, err := f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()})
			Expect(err).NotTo(HaveOccurred())
			Expect(runOf(displayed(retried, "first"))).To(Equal(runOf(displayed(s, "first"))))
			packed, _, _ := unstructured.NestedString(retried.Raw().Object, "status", "compressedNodes")
			Expect(packed).NotTo(BeEmpty())
			f.succeeded(ctx, s.Name)
		}, SpecTimeout(specTimeout))

		It("does not show results of the failed attempt", func(ctx SpecContext) {
			f := fixture()
			s := f.failed(ctx, workflow.StartRequest{
				Template: f.template(ctx, reporting), Parameters: map[string]any{"exit-code": 1, "token": "old"},
			})
			token, _ := displayed(s, "produce").Outputs().Parameter("token")
			Expect(token).To(Equal("old"))
			_, err := f.Client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: map[string]any{"exit-code": 0, "token": "new"}})
			Expect(err).NotTo(HaveOccurred())
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
	describeRetryRefusals(fixture)
}

func describeRetryRefusals(fixture func() Fixture) {
	Describe("Retry", func() {
		It("refuses a running workflow", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			f.wait(ctx, s.Name, workflow.Suspended)
			_, err := f.Client.Retry(ctx, s.Name, workflow.RetryOptions{})
			text := expectError(err, workflow.ErrNotCompleted, workflow.OpRetry, s.Name)
			Expect(text).To(ContainSubstring("Cannot retry a workflow in phase Running"))
		}, SpecTimeout(specTimeout))

		It("changes nothing when it refuses", func(ctx SpecContext) {
			f := fixture()
			failed := f.failed(ctx, workflow.StartRequest{Template: f.template(ctx, retryable), Parameters: broken()})
			done := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, retryable), Parameters: ok()})
			done = f.succeeded(ctx, done.Name)
			pods := f.podUIDs(ctx, failed)
			var befores []*status.WorkflowStatus // read in the same way as the states afterwards
			for _, s := range []*status.WorkflowStatus{failed, done} {
				before, err := f.Client.Get(ctx, s.Name)
				Expect(err).NotTo(HaveOccurred())
				befores = append(befores, before)
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
				now, err := f.Client.Get(ctx, before.Name)
				Expect(err).NotTo(HaveOccurred())
				Expect(now.Phase).To(Equal(before.Phase))
				Expect(now.Nodes).To(Equal(before.Nodes))
			}
			Expect(f.podUIDs(ctx, failed)).To(Equal(pods))
		}, SpecTimeout(specTimeout))

		It("needs get and update, delete on pods and list or get on them, and says what is missing", func(ctx SpecContext) {
			f := fixture()
			s := f.failed(ctx, workflow.StartRequest{Template: f.template(ctx, retryable), Parameters: broken()})
			pods := f.podUIDs(ctx, s)
			for _, missing := range []struct {
				allowed map[string][]string
				says    []string
			}{
				{map[string][]string{"workflows": {"get"}, "pods": {"list", "delete"}}, []string{"update", "workflows"}},
				{map[string][]string{"workflows": {"get", "update"}, "pods": {"list"}}, []string{"delete", "pods"}},
				{map[string][]string{"workflows": {"get", "update"}, "pods": {"delete"}}, []string{"grant list or get on pods"}},
			} {
				client := f.Restricted(ctx, missing.allowed)
				eventuallyAllowed(ctx, func() error { _, err := client.Get(ctx, s.Name); return err })
				_, err := client.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()})
				text := expectError(err, workflow.ErrForbidden, workflow.OpRetry, s.Name)
				for _, part := range missing.says {
					Expect(text).To(ContainSubstring(part))
				}
			}
			now, err := f.Client.Get(ctx, s.Name)
			Expect(err).NotTo(HaveOccurred())
			Expect(now.Phase).To(Equal(status.PhaseFailed))
			Expect(f.podUIDs(ctx, s)).To(Equal(pods))

			enough := f.Restricted(ctx, map[string][]string{"workflows": {"get", "update"}, "pods": {"get", "delete"}})
			eventuallyAllowed(ctx, func() error { _, err := enough.Get(ctx, s.Name); return err })
			_, err = enough.Retry(ctx, s.Name, workflow.RetryOptions{Parameters: ok()})
			Expect(err).NotTo(HaveOccurred())
			after := f.podUIDs(ctx, f.succeeded(ctx, s.Name))
			Expect(after["second"]).NotTo(Equal(pods["second"]))
		}, SpecTimeout(specTimeout))

		// Anyone who may write workflows can make one name any pod as its own.
		It("deletes no pod that isn't the workflow's", func(ctx SpecContext) {
			f := fixture()
			s := f.failed(ctx, workflow.StartRequest{Template: f.template(ctx, retryable), Parameters: broken()})
			all := f.Admin.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"}).Namespace(f.Namespace)
			foreign, err := all.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "Pod",
				"metadata": map[string]any{
					"generateName": "foreign-", "labels": map[string]any{"workflows.argoproj.io/workflow": s.Name},
				},
				"spec": map[string]any{
					"schedulerName": "nobody", "containers": []any{map[string]any{"name": "main", "image": "any"}},
				},
			}}, metav1.CreateOptions{})
			Expect(err).NotTo(HaveOccurred())
			victim := foreign.GetName()
			DeferCleanup(func(ctx SpecContext) {
				Expect(all.Delete(ctx, victim, metav1.DeleteOptions{})).To(Succeed())
			}, NodeTimeout(specTimeout))
			annotate := fmt.Sprintf(`{"metadata":{"annotations":{"workflows.argoproj.io/node-id":%q}}}`, victim)
			_, err = all.Patch(ctx, victim, types.MergePatchType, []byte(annotate), metav1.PatchOptions{})
			Expect(err).NotTo(HaveOccurred())
			for _, verb := range []string{"list", "get"} {
				client := f.Restricted(ctx, map[string][]string{"workflows": {"get", "update"}, "pods": {verb, "delete"}})
				eventuallyAllowed(ctx, func() error { _, err := client.Get(ctx, s.Name); return err })
				patch, err := json.Marshal(map[string]any{
					"metadata": map[string]any{"annotations": map[string]string{"workflows.argoproj.io/pod-name-format": "v1"}},
					"status": map[string]any{"nodes": map[string]any{
						s.Name: map[string]any{"children": append(slices.Clone(s.Node(s.Name).Children), victim)},
						victim: map[string]string{
							"id": victim, "name": s.Name + ".victim", "displayName": "victim", "type": "Pod", "phase": "Failed", "boundaryID": s.Name,
						},
					}},
				})
				Expect(err).NotTo(HaveOccurred())
				f.patch(ctx, s.Name, string(patch))
				retried, err := client.Retry(ctx, s.Name, workflow.RetryOptions{})
				Expect(err).NotTo(HaveOccurred())
				Expect(retried.Node(victim)).To(BeNil(), "its node was to run again")
				now, err := all.Get(ctx, victim, metav1.GetOptions{})
				Expect(err).NotTo(HaveOccurred())
				Expect(now.GetUID()).To(Equal(foreign.GetUID()))
				Expect(now.GetDeletionTimestamp()).To(BeNil())
				Expect(f.wait(ctx, s.Name, workflow.Completed).Phase).To(Equal(status.PhaseFailed))
			}
		}, SpecTimeout(specTimeout))
	})
}

// failed starts a workflow, and expects it to fail.
func (f Fixture) failed(ctx context.Context, req workflow.StartRequest) *status.WorkflowStatus {
	GinkgoHelper()
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
	pods, err := f.Admin.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"}).Namespace(f.Namespace).List(ctx,
		metav1.ListOptions{LabelSelector: "workflows.argoproj.io/workflow=" + s.Name})
	Expect(err).NotTo(HaveOccurred())
	uids := map[string]types.UID{}
	for i := range pods.Items {
		n := s.Node(pods.Items[i].GetAnnotations()["workflows.argoproj.io/node-id"])
		Expect(n).NotTo(BeNil(), "pod %s is of no node", pods.Items[i].GetName())
		uids[n.DisplayName] = pods.Items[i].GetUID()
	}
	return uids
}

// patch changes a workflow without using the client.
func (f Fixture) patch(ctx context.Context, name, patch string) {
	GinkgoHelper()
	_, err := f.workflows().Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// compress compresses a workflow's nodes as the controller does for large workflows.
func (f Fixture) compress(ctx context.Context, s *status.WorkflowStatus) {
	GinkgoHelper()
	obj, err := f.workflows().Get(ctx, s.Name, metav1.GetOptions{})
	Expect(err).NotTo(HaveOccurred())
	nodes, _, err := unstructured.NestedMap(obj.Object, "status", "nodes")
	Expect(err).NotTo(HaveOccurred())
	packed, err := status.CompressNodes(nodes)
	Expect(err).NotTo(HaveOccurred())
	f.patch(ctx, s.Name, `{"status":{"nodes":null,"compressedNodes":"`+packed+`"}}`)
}

// runOf identifies one run of a node. Nodes themselves belong to the state that they were read
// with.
func runOf(n *status.Node) any {
	return []any{n.ID, n.Phase, n.StartTime, n.EndTime, n.Inputs(), n.Outputs(), n.Details()}
}
