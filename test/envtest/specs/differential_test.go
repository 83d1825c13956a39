package specs_test

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/differential"
)

const (
	// sequences is how many random sequences of verbs both clients execute.
	sequences = 500
	// shrinkFor is how long a sequence with different results is shortened.
	shrinkFor = time.Minute
)

// unclaimed is an instance ID that makes the real controller ignore workflows.
const unclaimed = "nobody"

// unclaimedClient returns the native client, for workflows that the controller ignores.
func unclaimedClient(namespace string) workflow.Interface {
	GinkgoHelper()
	return must(workflow.NewForConfig(shared.Config(), workflow.Options{Namespace: namespace, InstanceID: unclaimed}))
}

// differentialSide returns one side of a comparison, in its own namespace.
func differentialSide(ctx context.Context, client func(namespace string) workflow.Interface) differential.Side {
	GinkgoHelper()
	namespace := shared.newNamespace(ctx)
	s := differential.Side{Client: client(namespace), Namespace: namespace, Admin: shared.dyn}
	Expect(s.Prepare(ctx)).To(Succeed())
	return s
}

var _ = Describe("a random sequence of verbs", func() {
	// This shows that the comparison detects differences.
	It("is told apart, and shortened, where a client does something else", func(ctx SpecContext) {
		one := differentialSide(ctx, unclaimedClient)
		other := differentialSide(ctx, func(namespace string) workflow.Interface { return &slipping{unclaimedClient(namespace)} })
		for seed := range uint64(sequences) {
			found := must(differential.Compare(ctx, one, other, differential.Steps(seed)))
			if found == nil {
				continue
			}
			found = shortest(ctx, one, other, found)
			Expect(found.Steps).To(Equal([]differential.Step{
				{Verb: "start", Name: found.Steps[0].Name}, {Verb: "stop", Name: found.Steps[0].Name},
			}), found.String())
			Expect(found.What).To(ContainSubstring("Terminate"))
			return
		}
		Fail("no difference was found")
	}, SpecTimeout(specTimeout))
})

// shortest returns the difference after as few steps as possible, within the time limit.
func shortest(ctx context.Context, one, other differential.Side, found *differential.Difference) *differential.Difference {
	ctx, cancel := context.WithTimeout(ctx, shrinkFor)
	defer cancel()
	_, err := differential.Shrink(found.Steps, func(steps []differential.Step) (bool, error) {
		try, err := differential.Compare(ctx, one, other, steps)
		if try != nil {
			found = try
		}
		return try != nil, err
	})
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		AddReportEntry("shortening ended with", err)
	}
	return found
}

// slipping is a client that also terminates the workflows that it stops.
type slipping struct{ workflow.Interface }

func (s *slipping) Stop(ctx context.Context, name string, opts workflow.StopOptions) error {
	if err := s.Interface.Stop(ctx, name, opts); err != nil {
		return err
	}
	return s.Terminate(ctx, name, workflow.TerminateOptions{})
}
