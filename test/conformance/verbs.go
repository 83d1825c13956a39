package conformance

import (
	"context"
	"fmt"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
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
			return errorOf(c.Resume(ctx, name, workflow.ResumeOptions{UID: uid}))
		}, func(s *status.WorkflowStatus) bool { return !s.HasSuspendedNodes() }},
		{workflow.OpApprove, func(ctx context.Context, c workflow.Interface, name string, uid types.UID) error {
			return errorOf(c.Approve(ctx, name, workflow.Decision{Gates: []string{"approve"}, UID: uid}))
		}, func(s *status.WorkflowStatus) bool { return !s.HasSuspendedNodes() }},
		{workflow.OpReject, func(ctx context.Context, c workflow.Interface, name string, uid types.UID) error {
			return errorOf(c.Reject(ctx, name, workflow.Decision{Gates: []string{"approve"}, UID: uid}))
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
func describeVerbs(f *Fixture) {
	for _, v := range verbs() {
		Describe(string(v.op), func() {
			It("refuses a missing workflow, an invalid name, another workflow, or a denied request", Label(NeedsAccounts), func(ctx SpecContext) {
				s := f.startUntil(ctx, plainGate, workflow.Suspended)

				expectError(v.call(ctx, f.Client, "nobody", ""), workflow.ErrNotFound, v.op, "nobody")
				expectError(v.call(ctx, f.Client, "../pods", ""), workflow.ErrInvalid, v.op, "../pods")
				expectError(v.call(ctx, f.Client, "", ""), workflow.ErrInvalid, v.op, "")
				expectError(v.call(ctx, f.Client, s.Name, "another"), workflow.ErrReplaced, v.op, s.Name)
				expectError(v.call(ctx, f.Restricted(ctx, nil), s.Name, ""), workflow.ErrForbidden, v.op, s.Name)

				reader := f.reader(ctx, s.Name, map[string][]string{"workflows": {"get"}})
				text := expectError(v.call(ctx, reader, s.Name, ""), workflow.ErrForbidden, v.op, s.Name)
				Expect(text).To(And(ContainSubstring("workflows"), MatchRegexp("patch|update")), "it says which verb on which resource")

				Expect(v.took(must(f.Client.Get(ctx, s.Name)))).To(BeFalse(), "nothing was changed")
			}, SpecTimeout(specTimeout))

			It("refuses a workflow that has ended", Label(NeedsClusterTemplates), func(ctx SpecContext) {
				s := f.start(ctx, workflow.StartRequest{Template: f.clusterTemplate(ctx, clusterWide), ClusterScope: true})
				s = f.untilArchived(ctx, s.Name)
				expectError(v.call(ctx, f.Client, s.Name, s.UID), workflow.ErrCompleted, v.op, s.Name)
				Expect(f.Client.Get(ctx, s.Name)).To(HaveField("ResourceVersion", s.ResourceVersion), "nothing was written")
			}, SpecTimeout(specTimeout))

			It("keeps concurrent changes of another writer", func(ctx SpecContext) {
				s := f.startUntil(ctx, plainGate, workflow.Suspended)
				const changes = 40
				var writer sync.WaitGroup
				writer.Go(func() {
					defer GinkgoRecover()
					for i := range changes {
						f.patch(ctx, s.Name, fmt.Sprintf(`{"metadata":{"annotations":{"change-%d":"x"}}}`, i))
					}
				})
				err := v.call(ctx, f.Client, s.Name, s.UID)
				writer.Wait()
				Expect(err).NotTo(HaveOccurred())
				now := must(f.Client.Get(ctx, s.Name))
				Expect(v.took(now)).To(BeTrue())
				for i := range changes {
					Expect(now.Annotations).To(HaveKey(fmt.Sprint("change-", i)))
				}
			}, SpecTimeout(specTimeout))
		})
	}
}
