package conformance

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

const cron = `
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedules: ["0 3 1 1 *"]
  suspend: true
  workflowMetadata: {labels: {from: cron}, annotations: {note: nightly}}
  workflowSpec:
    entrypoint: main
    arguments: {parameters: [{name: size, value: small, enum: [small, large]}]}
    templates:
    - {name: main, suspend: {duration: "0"}}
`

const ownTemplates = `
metadata: {generateName: own-, labels: {from: manifest}}
spec:
  entrypoint: main
  arguments: {parameters: [{name: shards, value: 3}]}
  templates:
  - name: main
    inputs: {parameters: [{name: shards, value: "{{workflow.parameters.shards}}"}]}
    suspend: {duration: "0"}
`

const numbers = `
metadata: {labels: ~}
spec:
  entrypoint: main
  arguments: {parameters: [{name: shards, value: 3, enum: [3, 5]}]}
  templates:
  - name: main
    inputs: {parameters: [{name: depth, default: 2}]}
    steps:
    - - {name: wait, template: wait, arguments: {parameters: [{name: seconds, value: 0}, {name: loud, value: false}]}}
  - name: wait
    inputs: {parameters: [{name: seconds}, {name: loud}, {name: ratio, default: 1.5}]}
    suspend: {duration: "{{inputs.parameters.seconds}}"}
    outputs: {parameters: [{name: answer, valueFrom: {supplied: {}, default: 7}}]}
`

// YAML reads n as false, which Argo cannot decode as a name.
const nameReadAsBool = `
metadata: {name: counting}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: count, template: count, arguments: {parameters: [{name: n, value: 3}]}}
  - name: count
    inputs: {parameters: [{name: count}]}
    suspend: {duration: "0"}
`

func describeSources(f *Fixture) {
	Describe("Start of a CronWorkflow", func() {
		It("starts what the schedule would start now", Label(NeedsAccounts), func(ctx SpecContext) {
			argotest.Create(ctx, f.Admin.Resource(argotest.Resource("cronworkflows")).Namespace(f.Namespace), cron)
			s := f.start(ctx, workflow.StartRequest{CronWorkflow: "nightly", Parameters: map[string]any{"size": "large"}})
			Expect(s.Name).To(HavePrefix("nightly-"))
			Expect(s.Labels).To(And(HaveKeyWithValue("workflows.argoproj.io/cron-workflow", "nightly"), HaveKeyWithValue("from", "cron")))
			Expect(s.Annotations).To(And(HaveKeyWithValue("note", "nightly"), HaveKey("workflows.argoproj.io/scheduled-time")))
			Expect(s.Raw().GetOwnerReferences()).To(HaveExactElements(And(HaveField("Kind", "CronWorkflow"), HaveField("Name", "nightly"))))
			s = f.succeeded(ctx, s.Name)
			Expect(s.Arguments).To(HaveExactElements(And(HaveField("Name", "size"), HaveField("Value", "large"))))

			misspelt := workflow.StartRequest{CronWorkflow: "nihgtly", Name: "n"}
			text := f.expectStartError(ctx, misspelt, workflow.ErrTemplateNotFound, "n")
			Expect(text).To(ContainSubstring(`did you mean "nightly"?`))
			req := workflow.StartRequest{CronWorkflow: "nightly", Name: "n"}
			_, err := f.Restricted(ctx, map[string][]string{"workflows": {"create"}}).Start(ctx, req)
			expectError(err, workflow.ErrForbidden, workflow.OpStart, "n")
			req.Parameters = map[string]any{"size": "huge"}
			f.expectStartError(ctx, req, workflow.ErrInvalid, "n")
		}, SpecTimeout(specTimeout))
	})

	Describe("Start of a manifest", func() {
		It("starts it, with the request's settings", func(ctx SpecContext) {
			own := []byte(ownTemplates)
			s := f.start(ctx, workflow.StartRequest{Manifest: own, Labels: map[string]string{"more": "x"}})
			Expect(s.Name).To(HavePrefix("own-"))
			Expect(s.Labels).To(And(HaveKeyWithValue("from", "manifest"), HaveKeyWithValue("more", "x")))
			Expect(s.Arguments).To(HaveExactElements(status.Parameter{Name: "shards", Value: "3", Set: true}), "a number is sent as a string")
			f.succeeded(ctx, s.Name)

			req := workflow.StartRequest{Manifest: own, Parameters: map[string]any{"shards": 4}, IdempotencyKey: "k"}
			s = f.start(ctx, req)
			Expect(f.start(ctx, req).UID).To(Equal(s.UID))
		}, SpecTimeout(specTimeout))

		It("refuses what Argo cannot decode before anything is sent, as do Retry and Resubmit", func(ctx SpecContext) {
			const at = "spec.templates[0].steps[0][0].arguments.parameters[0].name: Invalid value: must be a string"
			for _, skip := range []bool{false, true} {
				req := workflow.StartRequest{Manifest: []byte(nameReadAsBool), SkipTemplateCheck: skip}
				Expect(f.expectStartError(ctx, req, workflow.ErrInvalid, "")).To(ContainSubstring("manifest." + at))
			}
			Expect(f.existing(ctx)).To(BeEmpty())

			obj := argotest.Object(nameReadAsBool)
			obj.SetAPIVersion("argoproj.io/v1alpha1")
			obj.SetKind("Workflow")
			// The controller ignores an ended workflow; it would write this one without what it
			// can't decode.
			obj.SetLabels(map[string]string{"workflows.argoproj.io/completed": "true", "workflows.argoproj.io/phase": "Failed"})
			obj.Object["status"] = map[string]any{"phase": "Failed", "finishedAt": "2026-01-01T00:00:00Z"}
			_, err := f.workflows().Create(ctx, obj, metav1.CreateOptions{})
			if apierrors.IsInvalid(err) {
				return // full resource definitions refuse it
			}
			Expect(err).NotTo(HaveOccurred())
			_, err = f.Client.Retry(ctx, "counting", workflow.RetryOptions{})
			Expect(expectError(err, workflow.ErrInvalid, workflow.OpRetry, "counting")).To(ContainSubstring("workflow." + at))
			_, err = f.Client.Resubmit(ctx, "counting", workflow.ResubmitOptions{SkipTemplateCheck: true})
			Expect(expectError(err, workflow.ErrInvalid, workflow.OpResubmit, "counting")).To(ContainSubstring("workflow." + at))
		}, SpecTimeout(specTimeout))

		It("sends numbers in parameters as strings, wherever they are, as does Resubmit", func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{Name: "numbers", Manifest: []byte("---\n# A tool's comment\n---" + numbers)})
			Expect(s.Name).To(Equal("numbers"), "the manifest has none")
			s = f.succeeded(ctx, s.Name)
			again := must(f.Client.Resubmit(ctx, s.Name, workflow.ResubmitOptions{Parameters: map[string]any{"shards": 5}}))
			f.succeeded(ctx, again.Name)
		}, SpecTimeout(specTimeout))

		It("leaves the check to the controller if requested", func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{
				Manifest:          []byte("metadata: {name: incomplete}\nspec: {entrypoint: nowhere, templates: [{name: main, suspend: {}}]}"),
				SkipTemplateCheck: true, OptionalParameters: map[string]any{"any": 1},
			})
			Expect(s.Arguments).To(HaveExactElements(status.Parameter{Name: "any", Value: "1", Set: true}))
			Expect(f.wait(ctx, s.Name, workflow.Completed).Outcome()).To(Equal(status.OutcomeFailed), s.Message)
		}, SpecTimeout(specTimeout))

		It("checks it, and the template that it refers to", func(ctx SpecContext) {
			template := f.template(ctx, onePod)
			refused := func(spec string, kind error) string {
				GinkgoHelper()
				manifest := []byte("metadata: {name: one}\nspec: " + spec)
				return f.expectStartError(ctx, workflow.StartRequest{Manifest: manifest}, kind, "")
			}
			Expect(refused("{workflowTemplateRef: {name: "+template+"}}", workflow.ErrInvalid)).To(
				ContainSubstring("parameters[message]"))
			refused("{workflowTemplateRef: {name: nowhere}}", workflow.ErrTemplateNotFound)
			Expect(refused("{entrypoint: mian, templates: [{name: main}]}", workflow.ErrInvalid)).To(
				ContainSubstring(`did you mean "main"?`))
			Expect(refused("{}\nspec: {}\n", workflow.ErrInvalid)).To(ContainSubstring("line 3"))
			both := workflow.StartRequest{Manifest: []byte("metadata: {name: one}\nspec: {}\n"), Template: template}
			f.expectStartError(ctx, both, workflow.ErrInvalid, "")
			Expect(f.existing(ctx)).To(BeEmpty())
		}, SpecTimeout(specTimeout))
	})
}
