package conformance

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

func describeStart(f *Fixture) {
	Describe("Start", func() {
		It("starts a workflow that runs to its end", Label(NeedsPods), func(ctx SpecContext) {
			template := f.template(ctx, onePod)
			s := f.start(ctx, workflow.StartRequest{
				Template:    template,
				Parameters:  map[string]any{"message": map[string]any{"a": 1}, "size": "large"},
				Labels:      map[string]string{"team": "search"},
				Annotations: map[string]string{"note": "x"},
				Spec:        map[string]any{"priority": 3},
			})
			Expect(s.Name).To(HavePrefix(template + "-"))
			Expect(s.Namespace).To(Equal(f.Namespace))
			Expect(s.UID).NotTo(BeEmpty())
			Expect(s.Template).To(Equal(status.TemplateRef{Name: template}))
			Expect(s.Labels).To(HaveKeyWithValue("team", "search"))
			Expect(s.Labels).To(HaveKeyWithValue("workflows.argoproj.io/workflow-template", template))
			Expect(s.Annotations).To(HaveKeyWithValue("note", "x"))

			s = f.wait(ctx, s.Name, workflow.Completed)
			Expect(s.Err()).NotTo(HaveOccurred())
			Expect(s.Outcome()).To(Equal(status.OutcomeSucceeded))
			Expect(s.Progress).To(Equal(status.Progress{Done: 1, Total: 1}))
			Expect(s.Arguments).To(ConsistOf(
				status.Parameter{Name: "message", Value: `{"a":1}`, Set: true}, status.Parameter{Name: "size", Value: "large", Set: true},
			))
		}, SpecTimeout(specTimeout))

		It("passes strings unchanged, and evaluates only expressions", Label(NeedsPods), func(ctx SpecContext) {
			template := f.template(ctx, onePod)
			const text = "é 😀 \"quoted\" \\ $HOME {a} { {b} } %s <&>\ta\nb\u00ad"
			s := f.start(ctx, workflow.StartRequest{Template: template, Parameters: map[string]any{"message": text}})
			f.succeeded(ctx, s.Name)
			Expect(f.echoed(ctx, s.Name)).To(Equal(text))
			s = f.start(ctx, workflow.StartRequest{Template: template, Parameters: map[string]any{"message": workflow.Expression("{{workflow.name}}")}})
			f.succeeded(ctx, s.Name)
			Expect(f.echoed(ctx, s.Name)).To(Equal(s.Name))

			_, err := f.Client.Start(ctx, workflow.StartRequest{Template: template, Name: "code", Parameters: map[string]any{"message": "{{workflow.name}}"}})
			said := expectError(err, workflow.ErrInvalid, workflow.OpStart, "code")
			Expect(said).To(And(ContainSubstring("parameters[message]"), ContainSubstring("workflow.Expression")))
			Expect(errorOf(f.Client.Get(ctx, "code"))).To(MatchError(workflow.ErrNotFound))
		}, SpecTimeout(specTimeout))

		It("starts from a ClusterWorkflowTemplate, under a given name", Label(NeedsClusterTemplates), func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{Template: f.clusterTemplate(ctx, clusterWide), ClusterScope: true, Name: "given"})
			Expect(s.Name).To(Equal("given"))
			f.succeeded(ctx, "given")
		}, SpecTimeout(specTimeout))

		It("runs another entrypoint and leaves out optional parameters that the template doesn't know", Label(NeedsPods), func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{
				Template: f.template(ctx, onePod), Entrypoint: "other", Parameters: map[string]any{"message": ""},
				OptionalParameters: map[string]any{"exit-code": 0, "nowhere-used": 1},
			})
			Expect(s.Entrypoint).To(Equal("other"))
			Expect(s.Arguments).To(ConsistOf(
				status.Parameter{Name: "message", Set: true}, status.Parameter{Name: "exit-code", Value: "0", Set: true},
			))
			Expect(f.wait(ctx, s.Name, workflow.Completed).Nodes).To(ContainElement(HaveField("TemplateName", "other")))
		}, SpecTimeout(specTimeout))

		It("creates nothing in a dry run", func(ctx SpecContext) {
			s := f.start(ctx, workflow.StartRequest{
				Template: f.template(ctx, onePod), Name: "dry", Parameters: map[string]any{"message": ""}, DryRun: true,
			})
			Expect(s.Name).To(Equal("dry"))
			Expect(f.existing(ctx)).To(BeEmpty())
		}, SpecTimeout(specTimeout))

		It("refuses an unknown template and names the existing ones", func(ctx SpecContext) {
			template := f.template(ctx, onePod)
			_, err := f.Client.Start(ctx, workflow.StartRequest{Template: template + "x"})
			text := expectError(err, workflow.ErrTemplateNotFound, workflow.OpStart, "")
			Expect(text).To(And(ContainSubstring(f.Namespace), ContainSubstring("did you mean %q?", template)))
			Expect(err).NotTo(MatchError(workflow.ErrNotFound))
			Expect(f.existing(ctx)).To(BeEmpty())
		}, SpecTimeout(specTimeout))

		It("refuses what doesn't fit the template, all at once", func(ctx SpecContext) {
			text := f.expectStartError(ctx, workflow.StartRequest{
				Template: f.template(ctx, onePod), Entrypoint: "mian", Labels: map[string]string{"a b": ""},
				Parameters: map[string]any{"mesage": "", "size": "huge", "exit-code": nil},
			}, workflow.ErrInvalid, "")
			Expect(text).To(And(
				ContainSubstring(`did you mean "main"?`), ContainSubstring("parameters[message]"),
				ContainSubstring("parameters[mesage]"), ContainSubstring(`did you mean "message"?`), ContainSubstring("small, large"),
				ContainSubstring("labels"), ContainSubstring("parameters[exit-code]"),
			))
			Expect(text).NotTo(ContainSubstring("huge"), "values may be secret")
			Expect(f.existing(ctx)).To(BeEmpty())
		}, SpecTimeout(specTimeout))

		It("distinguishes a missing namespace from one without the template", Label(NeedsNamespaces), func(ctx SpecContext) {
			nowhere := "nowhere-" + rand.String(8)
			for _, req := range []workflow.StartRequest{{Template: "any"}, {CronWorkflow: "any"}} {
				text := expectError(errorOf(f.In(nowhere).Start(ctx, req)), workflow.ErrNotFound, workflow.OpStart, "")
				Expect(text).To(ContainSubstring("namespaces %q", nowhere))
				f.expectStartError(ctx, req, workflow.ErrTemplateNotFound, "")
			}
			Expect(f.existing(ctx)).To(BeEmpty())
		}, SpecTimeout(specTimeout))

		It("finds a misspelt parameter even if the template calls others", func(ctx SpecContext) {
			called := f.template(ctx, onePod)
			template := f.template(ctx, `
  templates:
  - name: main
    steps:
    - - {name: call, templateRef: {name: `+called+`, template: other}}
`)
			req := workflow.StartRequest{Template: template, Parameters: map[string]any{"exit-code": 0, "exit-cod": 0}}
			text := f.expectStartError(ctx, req, workflow.ErrInvalid, "")
			Expect(text).To(And(ContainSubstring("parameters[exit-cod]"), Not(ContainSubstring("parameters[exit-code]"))))
			delete(req.Parameters, "exit-cod")
			f.start(ctx, req)
		}, SpecTimeout(specTimeout))

		It("refuses a malformed request before it sends anything", func(ctx SpecContext) {
			req := workflow.StartRequest{Name: "Bad_Name", Parameters: map[string]any{"p": nil}}
			text := f.expectStartError(ctx, req, workflow.ErrInvalid, "Bad_Name")
			Expect(text).To(And(ContainSubstring("name:"), ContainSubstring("template:"), ContainSubstring("parameters[p]:")))
		}, SpecTimeout(specTimeout))

		It("sends nothing once its context has ended", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), Name: "late"}
			gone, cancel := context.WithCancel(ctx)
			cancel()
			expectError(errorOf(f.Client.Start(gone, req)), context.Canceled, workflow.OpStart, "late")
			Expect(f.existing(ctx)).To(BeEmpty())
		}, SpecTimeout(specTimeout))

		It("refuses a name that is taken", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), Name: "taken"}
			first := f.start(ctx, req)
			f.expectStartError(ctx, req, workflow.ErrAlreadyExists, "taken")
			Expect(f.Client.Get(ctx, "taken")).To(HaveField("UID", first.UID))
		}, SpecTimeout(specTimeout))

		It("needs the permission to create, and skips the check without permission to read templates", Label(NeedsAccounts), func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, onePod), Parameters: map[string]any{"message": ""}}
			_, err := f.Restricted(ctx, map[string][]string{"workflowtemplates": {"get"}}).Start(ctx, req)
			Expect(err).To(MatchError(workflow.ErrForbidden))
			Expect(err).To(MatchError(apierrors.IsForbidden, "IsForbidden"))
			Expect(err.Error()).To(ContainSubstring("create"))
			Expect(f.existing(ctx)).To(BeEmpty())

			blind := f.Restricted(ctx, map[string][]string{"workflows": {"create"}})
			req.OptionalParameters = map[string]any{"nowhere-used": 1}
			var s *workflow.StartResult
			eventuallyAllowed(ctx, func() (err error) {
				s, err = blind.Start(ctx, req)
				return err
			})
			Expect(s.Arguments).To(HaveLen(2), "all parameters are sent")
		}, SpecTimeout(specTimeout))
	})
}

func describeIdempotency(f *Fixture) {
	Describe("Start with an idempotency key", func() {
		It("creates one workflow, however often and from wherever it is called", Label(NeedsPods), func(ctx SpecContext) {
			req := workflow.StartRequest{
				Template: f.template(ctx, onePod), Parameters: map[string]any{"message": "m"}, IdempotencyKey: "session-42",
			}
			const callers = 8
			started := make(chan workflow.Result[*workflow.StartResult], callers)
			for range callers {
				go func() { started <- workflow.ResultOf(f.Client.Start(ctx, req)) }()
			}
			uids, created := map[string]bool{}, 0
			for range callers {
				s := must((<-started).Unwrap())
				uids[string(s.UID)] = true
				if !s.Found {
					created++
				}
			}
			Expect(uids).To(HaveLen(1))
			Expect(created).To(Equal(1), "the other calls found the workflow")

			f.wait(ctx, f.start(ctx, req).Name, workflow.Completed)
			ended := f.start(ctx, req)
			Expect(ended.Completed()).To(BeTrue(), "it returns the current state of the workflow")
			Expect(f.existing(ctx)).To(HaveLen(1))
		}, SpecTimeout(specTimeout))

		It("refuses the key for another request, and distinguishes another client's workflow from its own", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), IdempotencyKey: "k"}
			first := f.start(ctx, req)
			changed := req
			changed.Labels = map[string]string{"a": "b"}
			text := f.expectStartError(ctx, changed, workflow.ErrIdempotencyMismatch, first.Name)
			Expect(text).To(ContainSubstring("it differs in labels"))

			other := workflow.StartRequest{Template: req.Template, Name: first.Name, IdempotencyKey: "another"}
			f.expectStartError(ctx, other, workflow.ErrConflict, first.Name)
			keyless := workflow.StartRequest{Template: req.Template, Name: "keyless"}
			f.start(ctx, keyless)
			keyless.IdempotencyKey = "third"
			f.expectStartError(ctx, keyless, workflow.ErrAlreadyExists, "keyless")
		}, SpecTimeout(specTimeout))

		It("starts one workflow for the key, whichever template or name the request has", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), IdempotencyKey: "k"}
			other := workflow.StartRequest{Template: f.template(ctx, gate), IdempotencyKey: "k", DryRun: true}
			name := f.start(ctx, other).Name
			first := f.start(ctx, req)
			Expect(first.Name).To(Equal(name), "it is made of the key alone")

			elsewhere := req
			elsewhere.Template, elsewhere.Parameters = f.template(ctx, onePod), map[string]any{"message": ""}
			text := f.expectStartError(ctx, elsewhere, workflow.ErrIdempotencyMismatch, first.Name)
			Expect(text).To(ContainSubstring("parameters[message]"))

			named := req
			named.Name = "second"
			Expect(f.expectStartError(ctx, named, workflow.ErrIdempotencyMismatch, "second")).To(ContainSubstring(first.Name))
			Expect(f.existing(ctx)).To(HaveLen(1))

			Expect(f.Client.Delete(ctx, first.Name, workflow.DeleteOptions{Wait: true})).To(Succeed())
			started := f.start(ctx, named)
			Expect(f.start(ctx, named).UID).To(Equal(started.UID))
		}, SpecTimeout(specTimeout))

		It("decides between processes that start different things with one key", func(ctx SpecContext) {
			templates := []string{f.template(ctx, gate), f.template(ctx, gate)}
			const callers = 8
			started := make(chan workflow.Result[*workflow.StartResult], callers)
			for i := range callers {
				go func() {
					started <- workflow.ResultOf(f.Client.Start(ctx, workflow.StartRequest{Template: templates[i%2], IdempotencyKey: "k"}))
				}()
			}
			var refused []error
			for range callers {
				if _, err := (<-started).Unwrap(); err != nil {
					refused = append(refused, err)
				}
			}
			Expect(refused).To(HaveLen(callers / 2))
			existing := f.existing(ctx)
			Expect(existing).To(HaveLen(1))
			for _, err := range refused {
				expectError(err, workflow.ErrIdempotencyMismatch, workflow.OpStart, existing[0].GetName())
			}
		}, SpecTimeout(specTimeout))

		It("does not take a copy for the workflow of the key", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), Name: "original", IdempotencyKey: "k"}
			f.start(ctx, req)
			original := must(f.workflows().Get(ctx, "original", metav1.GetOptions{}))
			Expect(f.Client.Delete(ctx, "original", workflow.DeleteOptions{Wait: true})).To(Succeed())
			copied := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": original.GetAPIVersion(), "kind": original.GetKind(), "spec": original.Object["spec"],
			}}
			copied.SetName("copied") // like argo resubmit
			copied.SetLabels(original.GetLabels())
			copied.SetAnnotations(original.GetAnnotations())
			must(f.workflows().Create(ctx, copied, metav1.CreateOptions{}))

			on := req
			on.Name = "copied"
			f.expectStartError(ctx, on, workflow.ErrAlreadyExists, "copied")
			Expect(f.start(ctx, req).Name).To(Equal("original"))
		}, SpecTimeout(specTimeout))

		It("says in a dry run that a start would find the workflow", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), IdempotencyKey: "k"}
			dry := req
			dry.DryRun = true
			name := f.start(ctx, dry).Name
			first := f.start(ctx, req)
			Expect(first.Name).To(Equal(name))
			found := must(f.Client.Start(ctx, dry))
			Expect(found.Found).To(BeTrue())
			Expect(found.UID).To(Equal(first.UID))
		}, SpecTimeout(specTimeout))

		It("refuses claims and labels that callers may not set", func(ctx SpecContext) {
			first := f.start(ctx, workflow.StartRequest{Template: f.template(ctx, gate), IdempotencyKey: "k"})
			for name := range first.Annotations {
				_, err := f.Client.Start(ctx, workflow.StartRequest{Template: "any", Name: "forged", Annotations: map[string]string{name: "x"}})
				Expect(expectError(err, workflow.ErrInvalid, workflow.OpStart, "forged")).To(ContainSubstring("annotations[" + name + "]"))
				_, err = f.Client.Resubmit(ctx, first.Name, workflow.ResubmitOptions{Annotations: map[string]string{name: "x"}})
				expectError(err, workflow.ErrInvalid, workflow.OpResubmit, first.Name)
			}
			manifest := "metadata: {name: forged, labels: {workflows.argoproj.io/creator: somebody}}\nspec: {entrypoint: a, templates: [{name: a, suspend: {}}]}"
			_, err := f.Client.Start(ctx, workflow.StartRequest{Manifest: []byte(manifest)})
			Expect(expectError(err, workflow.ErrInvalid, workflow.OpStart, "")).To(ContainSubstring("manifest.metadata.labels[workflows.argoproj.io/creator]"))
		}, SpecTimeout(specTimeout))

		It("finds its workflow even if the template was deleted", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), IdempotencyKey: "k"}
			first := f.start(ctx, req)
			templates := argotest.Templates(f.Admin, f.Namespace)
			Expect(templates.Delete(ctx, req.Template, metav1.DeleteOptions{})).To(Succeed())
			Expect(f.start(ctx, req).UID).To(Equal(first.UID))
		}, SpecTimeout(specTimeout))
	})
}

// echoed returns the last word of the command of a workflow's only pod.
func (f Fixture) echoed(ctx context.Context, workflowName string) string {
	GinkgoHelper()
	pods := f.podsOf(ctx, workflowName)
	Expect(pods).To(HaveLen(1))
	containers, _, err := unstructured.NestedSlice(pods[0].Object, "spec", "containers")
	Expect(err).NotTo(HaveOccurred())
	for _, item := range containers {
		if container, _ := item.(map[string]any); container["name"] == "main" {
			words, _, err := unstructured.NestedStringSlice(container, "command")
			Expect(err).NotTo(HaveOccurred())
			return words[len(words)-1]
		}
	}
	Fail("the pod has no container main")
	return ""
}
