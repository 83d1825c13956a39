package specs_test

import (
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/differential"
)

// atOnce is how many sequences run at the same time, each in its own namespaces.
const atOnce = 4

var _ = Describe("a random sequence of verbs", labelLegacy, func() {
	DescribeTable("comes to the same by the native client and by kubectl", func(ctx SpecContext, sequences uint64) {
		kubectl := func(namespace string) workflow.Interface {
			return kubectlClientWith(shared.Config(), workflow.Options{Namespace: namespace, InstanceID: unclaimed})
		}
		seed := uint64(GinkgoRandomSeed()) * sequences
		var next, done atomic.Uint64
		var running sync.WaitGroup
		for range atOnce {
			one, other := differentialSide(ctx, unclaimedClient), differentialSide(ctx, kubectl)
			running.Go(func() {
				defer GinkgoRecover()
				for at := next.Add(1) - 1; at < sequences && ctx.Err() == nil; at = next.Add(1) - 1 {
					found := must(differential.Compare(ctx, one, other, differential.Steps(seed+at)))
					if found != nil {
						next.Store(sequences) // one is enough
						Fail(shortest(ctx, one, other, found).String())
					}
					done.Add(1)
				}
			})
		}
		running.Wait()
		Expect(done.Load()).To(Equal(sequences))
	},
		Entry("for a while", uint64(sequences/5), first, SpecTimeout(10*time.Minute)),
		Entry("at length", uint64(sequences), labelRare, SpecTimeout(30*time.Minute)),
	)
})
