package workflow

import (
	"errors"
	"net/http"
	"path"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

const listedTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: t}
spec:
  entrypoint: main
  arguments: {parameters: [{name: dataset}, {name: needed}]}
  templates: [{name: main}]
`

const listedCron = `
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: c}
spec:
  workflowMetadata: {labels: {workflows.argoproj.io/phase: x}}
  workflowSpec:
    entrypoint: main
    arguments: {parameters: [{name: dataset}, {name: needed}]}
    templates: [{name: main}]
`

const listedEnded = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: ended, uid: u}
spec:
  entrypoint: main
  arguments: {parameters: [{name: dataset, value: a}]}
  templates: [{name: main}]
status: {phase: Failed, finishedAt: "2026-01-02T03:04:05Z", nodes: {ended: {id: ended, name: ended, displayName: ended, type: Pod, phase: Failed}}}
`

const listedWaiting = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: waiting, uid: u}
spec: {entrypoint: main, templates: [{name: main, suspend: {}}]}
status:
  phase: Running
  nodes:
    waiting:
      {id: waiting, name: waiting, displayName: gate, type: Suspend, phase: Running, outputs: {parameters: [{name: by, valueFrom: {supplied: {}}}, {name: why, valueFrom: {supplied: {}}}]}}
`

// One list has all problems: those of the request by itself, and those with its template or
// workflow.
func TestAllProblemsAreInOneList(t *testing.T) {
	wrong := map[string]any{"dataset": nil, "typo": 1}
	objects := map[string]string{"t": listedTemplate, "ended": listedEnded, "waiting": listedWaiting, "c": listedCron}
	for name, tc := range map[string]struct {
		call func(c *WorkflowClient) error
		want string
	}{
		"a template": {func(c *WorkflowClient) error {
			_, err := c.Start(t.Context(), StartRequest{Template: "t", Parameters: wrong, Labels: map[string]string{"a b": ""}, Entrypoint: "mian"})
			return err
		}, "labels parameters[dataset] entrypoint parameters[needed] parameters[typo]"},
		"a template that is not there": {func(c *WorkflowClient) error {
			_, err := c.Start(t.Context(), StartRequest{Template: "missing", Parameters: wrong})
			return err
		}, "parameters[dataset] template"},
		"a template that cannot be read": {func(c *WorkflowClient) error {
			_, err := c.Start(t.Context(), StartRequest{Template: "broken", Parameters: wrong})
			return err
		}, "parameters[dataset]"},
		"a CronWorkflow that is not there": {func(c *WorkflowClient) error {
			_, err := c.Start(t.Context(), StartRequest{CronWorkflow: "missing", Parameters: wrong})
			return err
		}, "parameters[dataset] cronWorkflow"},
		"a manifest of a template that is not there": {func(c *WorkflowClient) error {
			_, err := c.Start(t.Context(), StartRequest{Manifest: []byte("{metadata: {name: a}, spec: {workflowTemplateRef: {name: missing}}}"), Parameters: wrong})
			return err
		}, "parameters[dataset] manifest.spec.workflowTemplateRef"},
		"a malformed name": {func(c *WorkflowClient) error {
			_, err := c.Start(t.Context(), StartRequest{Template: "T", Parameters: wrong})
			return err
		}, "template parameters[dataset]"},
		"a manifest": {func(c *WorkflowClient) error {
			_, err := c.Start(t.Context(), StartRequest{
				Manifest:   []byte("{metadata: {name: a}, stray: 1, spec: {entrypoint: mian, templates: [{name: main}], arguments: {parameters: [{name: dataset}, {name: 1}]}}}"),
				Parameters: wrong,
			})
			return err
		}, "manifest.stray manifest.spec.arguments.parameters[1].name parameters[dataset] entrypoint parameters[typo]"},
		"a CronWorkflow": {func(c *WorkflowClient) error {
			_, err := c.Start(t.Context(), StartRequest{CronWorkflow: "c", Parameters: wrong})
			return err
		}, "parameters[dataset] cronWorkflow.spec.workflowMetadata.labels[" + naming.LabelPhase + "] parameters[needed] parameters[typo]"},
		"a CronWorkflow's own": {func(c *WorkflowClient) error {
			_, err := c.Start(t.Context(), StartRequest{CronWorkflow: "c", Parameters: map[string]any{"typo": 1}})
			return err
		}, "cronWorkflow.spec.workflowMetadata.labels[" + naming.LabelPhase + "] parameters[dataset] parameters[needed] parameters[typo]"},
		"a resubmission": {func(c *WorkflowClient) error {
			_, err := c.Resubmit(t.Context(), "ended", ResubmitOptions{Parameters: wrong})
			return err
		}, "parameters[dataset] parameters[typo]"},
		"a resubmission of none": {func(c *WorkflowClient) error {
			_, err := c.Resubmit(t.Context(), "missing", ResubmitOptions{Parameters: wrong})
			return err
		}, "parameters[dataset]"},
		"a retry": {func(c *WorkflowClient) error {
			_, err := c.Retry(t.Context(), "ended", RetryOptions{Parameters: wrong, Nodes: []string{"x"}})
			return err
		}, "parameters[dataset] nodes parameters[typo]"},
		"an approval": {func(c *WorkflowClient) error {
			_, err := c.Approve(t.Context(), "waiting", Decision{All: true, Outputs: map[string]any{"by": nil, "yb": 1}})
			return err
		}, "outputs[by] outputs[why] outputs[yb]"},
		"an approval by a malformed selector": {func(c *WorkflowClient) error {
			_, err := c.Approve(t.Context(), "waiting", Decision{Outputs: map[string]any{"by": nil, "yb": 1}, Selector: "="})
			return err
		}, "selector outputs[by]"},
	} {
		for _, way := range clients() {
			c := way.over(t, func(r *http.Request) (any, error) {
				asked := path.Base(r.URL.Path)
				switch object, there := objects[asked]; {
				case r.Method != http.MethodGet && r.URL.Query().Get("dryRun") == "":
					t.Errorf("%s: %s was sent", name, r.Method)
					fallthrough
				case asked == "broken":
					return nil, apierrors.NewServiceUnavailable("broken")
				case there:
					return workflowObject(t, object), nil
				}
				if strings.HasSuffix(r.URL.Path, "s") {
					return listOf("1"), nil
				}
				return nil, apierrors.NewNotFound(schema.GroupResource{Group: naming.Group, Resource: "any"}, asked)
			})
			if got := strings.Join(fieldsOf(t, tc.call(c)), " "); got != tc.want {
				t.Errorf("%s, %s: %q, want %q", way.name, name, got, tc.want)
			}
		}
	}
}

// In a namespace that does not exist, a list is empty, as in a namespace without objects.
func TestMissingNamespaceIsNotAMissingTemplate(t *testing.T) {
	for name, tc := range map[string]struct {
		answer error // to a write
		want   error
	}{
		"a namespace that is not there": {apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "ma"), ErrNotFound},
		"one without templates":         {nil, ErrTemplateNotFound},
		"one that may not be written":   {apierrors.NewForbidden(schema.GroupResource{Group: naming.Group, Resource: "workflows"}, "", nil), ErrTemplateNotFound},
	} {
		for _, req := range []StartRequest{{Template: "t"}, {CronWorkflow: "c"}} {
			c := scripted(t, func(r *http.Request) (any, error) {
				switch {
				case r.Method == http.MethodPost && r.URL.Query().Get("dryRun") != "All":
					t.Error("a workflow was created")
					fallthrough
				case r.Method == http.MethodPost && tc.answer == nil:
					return workflowObject(t, "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: x}}"), nil
				case r.Method == http.MethodPost:
					return nil, tc.answer
				case strings.HasSuffix(r.URL.Path, "s"):
					return listOf("1"), nil
				}
				return nil, apierrors.NewNotFound(schema.GroupResource{Group: naming.Group, Resource: "any"}, path.Base(r.URL.Path))
			})
			if _, err := c.Start(t.Context(), req); !errors.Is(err, tc.want) {
				t.Errorf("%s, %+v: %v", name, req, err)
			}
		}
	}
}
