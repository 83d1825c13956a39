package conformance

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func describeDelete(fixture func() Fixture) {
	Describe("Delete", func() {
		It("deletes a workflow, and waits until it is deleted", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			f.wait(ctx, s.Name, workflow.Suspended)
			Expect(f.Client.Delete(ctx, s.Name, workflow.DeleteOptions{UID: s.UID, Wait: true})).To(Succeed())
			_, err := f.Client.Get(ctx, s.Name)
			expectError(err, workflow.ErrNotFound, workflow.OpGet, s.Name)
			expectError(f.Client.Delete(ctx, s.Name, workflow.DeleteOptions{}), workflow.ErrNotFound, workflow.OpDelete, s.Name)
		}, SpecTimeout(specTimeout))

		It("refuses another workflow, a bad request, or a denied one", func(ctx SpecContext) {
			f := fixture()
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
			_, err := f.Client.Get(ctx, s.Name)
			Expect(err).NotTo(HaveOccurred())
		}, SpecTimeout(specTimeout))

		It("reports the finalizer that blocks a deletion, and removes it only on request", func(ctx SpecContext) {
			f := fixture()
			s := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate)})
			f.wait(ctx, s.Name, workflow.Suspended)
			_, err := f.workflows().Patch(ctx, s.Name, types.MergePatchType,
				[]byte(`{"metadata":{"finalizers":["workflows.argoproj.io/artifact-gc"]}}`), metav1.PatchOptions{})
			Expect(err).NotTo(HaveOccurred())

			var held *workflow.DeletionHeldError
			longEnough(ctx, time.Second, func(short context.Context) bool {
				err = f.Client.Delete(short, s.Name, workflow.DeleteOptions{Wait: true})
				return errors.As(err, &held)
			})
			Expect(held.Finalizers).To(ConsistOf("workflows.argoproj.io/artifact-gc"))
			Expect(err).To(MatchError(context.DeadlineExceeded))

			Expect(f.Client.Delete(ctx, s.Name, workflow.DeleteOptions{AbandonArtifactGC: true, Wait: true})).To(Succeed())
			_, err = f.Client.Get(ctx, s.Name)
			Expect(err).To(MatchError(workflow.ErrNotFound))
		}, SpecTimeout(specTimeout))
	})
}
