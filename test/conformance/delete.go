package conformance

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func describeDelete(f *Fixture) {
	Describe("Delete", func() {
		It("deletes a workflow, and waits until it is deleted", func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.Suspended)
			Expect(f.Client.Delete(ctx, s.Name, workflow.DeleteOptions{UID: s.UID, Wait: true})).To(Succeed())
			expectError(errorOf(f.Client.Get(ctx, s.Name)), workflow.ErrNotFound, workflow.OpGet, s.Name)
			expectError(f.Client.Delete(ctx, s.Name, workflow.DeleteOptions{}), workflow.ErrNotFound, workflow.OpDelete, s.Name)
		}, SpecTimeout(specTimeout))

		It("refuses another workflow, a bad request, or a denied one", Label(NeedsAccounts), func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			for _, opts := range []workflow.DeleteOptions{{UID: "another"}, {UID: "another", Wait: true}, {UID: "another", AbandonArtifactGC: true}} {
				expectError(f.Client.Delete(ctx, s.Name, opts), workflow.ErrReplaced, workflow.OpDelete, s.Name)
			}
			expectError(f.Client.Delete(ctx, s.Name, workflow.DeleteOptions{Propagation: "Sideways"}), workflow.ErrInvalid, workflow.OpDelete, s.Name)
			expectError(f.Client.Delete(ctx, "", workflow.DeleteOptions{}), workflow.ErrInvalid, workflow.OpDelete, "")
			expectError(f.Client.Delete(ctx, "nobody", workflow.DeleteOptions{Wait: true}), workflow.ErrNotFound, workflow.OpDelete, "nobody")
			restricted := f.Restricted(ctx, map[string][]string{"workflows": {"get"}})
			text := expectError(restricted.Delete(ctx, s.Name, workflow.DeleteOptions{}), workflow.ErrForbidden, workflow.OpDelete, s.Name)
			Expect(text).To(ContainSubstring("delete"))
			must(f.Client.Get(ctx, s.Name))
		}, SpecTimeout(specTimeout))

		It("reports the finalizer that blocks a deletion, and removes it only on request", func(ctx SpecContext) {
			s := f.startUntil(ctx, gate, workflow.Suspended)
			f.patch(ctx, s.Name, `{"metadata":{"finalizers":["workflows.argoproj.io/artifact-gc"]}}`)

			var err error
			var held *workflow.DeletionHeldError
			longEnough(ctx, time.Second, func(short context.Context) bool {
				err = f.Client.Delete(short, s.Name, workflow.DeleteOptions{Wait: true})
				return errors.As(err, &held)
			})
			Expect(held.Finalizers).To(ConsistOf("workflows.argoproj.io/artifact-gc"))
			Expect(err).To(MatchError(context.DeadlineExceeded))

			Expect(f.Client.Delete(ctx, s.Name, workflow.DeleteOptions{AbandonArtifactGC: true, Wait: true})).To(Succeed())
			Expect(errorOf(f.Client.Get(ctx, s.Name))).To(MatchError(workflow.ErrNotFound))
		}, SpecTimeout(specTimeout))
	})
}
