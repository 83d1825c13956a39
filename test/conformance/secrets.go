package conformance

import (
	"fmt"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Planted is part of values that only the workflow should see: arguments, outputs, keys. A suite
// can look for it in everything that its implementations output.
const Planted = "pl4nted-s3cret"

func describeSecrets(f *Fixture) {
	ginkgo.It("keeps values and keys out of errors", ginkgo.Label(NeedsPods), func(ctx ginkgo.SpecContext) {
		template := f.template(ctx, onePod)
		silent := func(err error, kind error) {
			ginkgo.GinkgoHelper()
			gomega.Expect(err).To(gomega.MatchError(kind))
			gomega.Expect(fmt.Sprintf("%v %+v", err, err)).NotTo(gomega.ContainSubstring(Planted))
		}
		start := func(req workflow.StartRequest) error { return errorOf(f.Client.Start(ctx, req)) }
		secret := map[string]any{"message": Planted}
		silent(start(workflow.StartRequest{Template: template, Parameters: map[string]any{"message": Planted, "size": Planted}}), workflow.ErrInvalid)
		silent(start(workflow.StartRequest{Template: template, Parameters: map[string]any{"message": Planted, "nobody": Planted}}), workflow.ErrInvalid)
		silent(start(workflow.StartRequest{Template: template, Parameters: secret, Spec: map[string]any{"arguments": Planted}}), workflow.ErrInvalid)
		silent(start(workflow.StartRequest{Manifest: []byte("{kind: Workflow, spec: {arguments: [" + Planted)}), workflow.ErrInvalid)
		silent(start(workflow.StartRequest{Template: "nobody", Parameters: secret}), workflow.ErrTemplateNotFound)

		started := f.start(ctx, workflow.StartRequest{Template: template, Parameters: secret, IdempotencyKey: Planted})
		gomega.Expect(started.Name).NotTo(gomega.ContainSubstring(Planted))
		silent(start(workflow.StartRequest{
			Template: template, Parameters: map[string]any{"message": Planted + "another"}, IdempotencyKey: Planted,
		}), workflow.ErrConflict)
		silent(start(workflow.StartRequest{Template: template, Parameters: secret, Name: started.Name}), workflow.ErrAlreadyExists)
		f.wait(ctx, started.Name, workflow.Completed)
		_, err := f.Client.Retry(ctx, started.Name, workflow.RetryOptions{Parameters: map[string]any{"nobody": Planted}})
		silent(err, workflow.ErrInvalid)
		_, err = f.Client.Resubmit(ctx, started.Name, workflow.ResubmitOptions{Parameters: map[string]any{"size": Planted}})
		silent(err, workflow.ErrInvalid)

		gated := f.startUntil(ctx, gate, workflow.Suspended)
		_, err = f.Client.Approve(ctx, gated.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": Planted, "nobody": Planted}})
		silent(err, workflow.ErrInvalid)
		must(f.Client.Approve(ctx, gated.Name, workflow.Decision{All: true, Outputs: map[string]any{"by": Planted}}))
	}, ginkgo.SpecTimeout(specTimeout))
}
