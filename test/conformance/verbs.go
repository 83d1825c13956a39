package conformance

import (
	"context"
	"fmt"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// verb is a call that changes a workflow at a gate.
type verb struct {
	op   workflow.Op
	call func(ctx context.Context, client workflow.Interface, name string, uid types.UID) error
	// took reports whether the workflow shows the effect of the call.
	took func(*status.WorkflowStatus) bool
}

func verbs() []verb {
	return []verb{
		{workflow.OpSuspend, func(ctx context.Context, c workflow.Interface, name string, uid types.UID) error {
			return c.Suspend(ctx, name, workflow.SuspendOptions{UID: uid})
		}, func(s *status.WorkflowStatus) bool { return s.SpecSuspended }},
		{workflow.OpResume, func(ctx context.Context, c workflow.Interface, name string, uid types.UID) error {
			_, err := c.Resume(ctx, name, workflow.ResumeOptions{UID: uid})
			return err
		}, func(s *status.WorkflowStatus) bool { return !s.HasSuspendedNodes() }},
		{workflow.OpApprove, func(ctx context.Context, c workflow.Interface, name string, uid types.UID) error {
			_, err := c.Approve(ctx, name, workflow.Decision{Gates: []string{"approve"}, UID: uid})
			return err
		}, func(s *status.WorkflowStatus) bool { return !s.HasSuspendedNodes() }},
		{workflow.OpReject, func(ctx context.Context, c workflow.Interface, name string, uid types.UID) error {
			_, err := c.Reject(ctx, name, workflow.Decision{Gates: []string{"approve"}, UID: uid})
			return err
		}, func(s *status.WorkflowStatus) bool { return !s.HasSuspendedNodes() }},
		{workflow.OpStop, func(ctx context.Context, c workflow.Interface, name string, uid types.UID) error {
			return c.Stop(ctx, name, workflow.StopOptions{UID: uid})
		}, func(s *status.WorkflowStatus) bool { return s.Shutdown == status.ShutdownStop }},
		{workflow.OpTerminate, func(ctx context.Context, c workflow.Interface, name string, uid types.UID) error {
			return c.Terminate(ctx, name, workflow.TerminateOptions{UID: uid})
		}, func(s *status.WorkflowStatus) bool { return s.Shutdown == status.ShutdownTerminate }},
	}
}

// describeVerbs contains the specs that all verbs have in common.
func describeVerbs(fixture func() Fixture) {
	for _, v := range verbs() {
		Describe(string(v.op), func() {
			It("refuses a missing workflow, an invalid name, another workflow, or a denied request", func(ctx SpecContext) {
				f := fixture()
				s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, plainGate)})
				f.wait(ctx, s.Name, workflow.Suspended)

				expectError(v.call(ctx, f.Client, "nobody", ""), workflow.ErrNotFound, v.op, "nobody")
				expectError(v.call(ctx, f.Client, "../pods", ""), workflow.ErrInvalid, v.op, "../pods")
				expectError(v.call(ctx, f.Client, "", ""), workflow.ErrInvalid, v.op, "")
				expectError(v.call(ctx, f.Client, s.Name, "another"), workflow.ErrReplaced, v.op, s.Name)
				expectError(v.call(ctx, f.Restricted(ctx, nil), s.Name, ""), workflow.ErrForbidden, v.op, s.Name)

				reader := f.Restricted(ctx, map[string][]string{"workflows": {"get"}})
				eventuallyAllowed(ctx, func() error { _, err := reader.Get(ctx, s.Name); return err })
				text := expectError(v.call(ctx, reader, s.Name, ""), workflow.ErrForbidden, v.op, s.Name)
				Expect(text).To(And(ContainSubstring("workflows"), MatchRegexp("patch|update")), "it says which verb on which resource")

				now, err := f.Client.Get(ctx, s.Name)
				Expect(err).NotTo(HaveOccurred())
				Expect(v.took(now)).To(BeFalse(), "nothing was changed")
			}, SpecTimeout(specTimeout))

			It("refuses a workflow that has ended", func(ctx SpecContext) {
				f := fixture()
				s := f.start(ctx, workflow.StartRequest{Template: f.clusterTemplate(ctx, clusterWide), ClusterScope: true})
				s = f.wait(ctx, s.Name, workflow.Completed)
				expectError(v.call(ctx, f.Client, s.Name, s.UID), workflow.ErrCompleted, v.op, s.Name)
				now, err := f.Client.Get(ctx, s.Name)
				Expect(err).NotTo(HaveOccurred())
				Expect(now.ResourceVersion).To(Equal(s.ResourceVersion), "nothing was written")
			}, SpecTimeout(specTimeout))

			It("keeps concurrent changes of another writer", func(ctx SpecContext) {
				f := fixture()
				s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, plainGate)})
				f.wait(ctx, s.Name, workflow.Suspended)
				const changes = 40
				var writer sync.WaitGroup
				writer.Go(func() {
					defer GinkgoRecover()
					for i := range changes {
						f.annotate(ctx, s.Name, fmt.Sprint("change-", i))
					}
				})
				err := v.call(ctx, f.Client, s.Name, s.UID)
				writer.Wait()
				Expect(err).NotTo(HaveOccurred())
				now, err := f.Client.Get(ctx, s.Name)
				Expect(err).NotTo(HaveOccurred())
				Expect(v.took(now)).To(BeTrue())
				for i := range changes {
					Expect(now.Annotations).To(HaveKey(fmt.Sprint("change-", i)))
				}
			}, SpecTimeout(specTimeout))
		})
	}
}

// annotate changes a workflow without using the client.
func (f Fixture) annotate(ctx context.Context, name, key string) {
	GinkgoHelper()
	_, err := f.workflows().Patch(ctx, name, types.MergePatchType,
		[]byte(fmt.Sprintf(`{"metadata":{"annotations":{%q:"x"}}}`, key)), metav1.PatchOptions{})
	Expect(err).NotTo(HaveOccurred())
}
