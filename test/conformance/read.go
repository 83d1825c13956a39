package conformance

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func describeRead(f *Fixture) {
	Describe("Get", func() {
		It("returns the current state", func(ctx SpecContext) {
			started := f.startUntil(ctx, gate, workflow.Suspended)
			s := must(f.Client.Get(ctx, started.Name))
			Expect(s.UID).To(Equal(started.UID))
			Expect(s.Suspended()).To(BeTrue())
			Expect(s.Raw()).NotTo(BeNil())
			Expect(s.Dropped).To(BeEmpty())
		}, SpecTimeout(specTimeout))

		It("reports a missing workflow, a denied request, and an invalid name", Label(NeedsAccounts), func(ctx SpecContext) {
			_, err := f.Client.Get(ctx, "nobody")
			expectError(err, workflow.ErrNotFound, workflow.OpGet, "nobody")
			Expect(err).To(MatchError(apierrors.IsNotFound, "IsNotFound"))

			_, err = f.Restricted(ctx, nil).Get(ctx, "nobody")
			expectError(err, workflow.ErrForbidden, workflow.OpGet, "nobody")

			expectError(errorOf(f.Client.Get(ctx, "")), workflow.ErrInvalid, workflow.OpGet, "")
			expectError(errorOf(f.Client.Get(ctx, "../pods")), workflow.ErrInvalid, workflow.OpGet, "../pods")
		}, SpecTimeout(specTimeout))
	})
}
