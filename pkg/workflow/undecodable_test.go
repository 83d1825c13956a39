package workflow

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// YAML reads n as false, and a 4.x controller exits when a name is not a string.
const nameThatYAMLReadsAsFalse = `
metadata: {name: w}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: count, template: count, arguments: {parameters: [{name: n, value: 3}]}}
  - name: count
    inputs: {parameters: [{name: n}]}
    container: {image: any}
`

func TestNamesThatYAMLReadsAsBools(t *testing.T) {
	c := scripted(t, refusing(t))
	for _, skip := range []bool{false, true} {
		_, err := c.Start(t.Context(), StartRequest{Manifest: []byte(nameThatYAMLReadsAsFalse), SkipTemplateCheck: skip})
		want := "manifest.spec.templates[0].steps[0][0].arguments.parameters[0].name " +
			"manifest.spec.templates[1].inputs.parameters[0].name"
		if got := strings.Join(fieldsOf(t, err), " "); got != want {
			t.Errorf("%s", got)
		}
		if !strings.Contains(err.Error(), "must be a string; quote") {
			t.Error(err)
		}
	}
}

// refusing is the script of an API server on which a write fails the test.
func refusing(t *testing.T) script {
	t.Helper()
	return func(r *http.Request) (any, error) {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		return nil, io.EOF
	}
}

// Nothing that Argo cannot decode is written, whatever the workflow is started from.
func TestTypesOfEverySource(t *testing.T) {
	objects := map[string]string{
		"workflowtemplates/typed": "{kind: WorkflowTemplate, spec: {entrypoint: main, templates: [{name: main}], volumes: [{name: n}]}}",
		"workflowtemplates/good":  "{kind: WorkflowTemplate, spec: {entrypoint: main, templates: [{name: main}]}}",
		"cronworkflows/nightly": "{kind: CronWorkflow, spec: {workflowMetadata: {finalizers: [1], labels: {a: 1}}, " +
			"workflowSpec: {entrypoint: main, templates: [{name: main, container: {command: [1]}}]}}}",
		"workflows/old": "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: old, namespace: default, uid: u}, " +
			"spec: {entrypoint: main, templates: [{name: main, steps: [[{name: n}]]}]}, status: {phase: Failed, finishedAt: '1999-01-01T00:00:00Z'}}",
	}
	nothingWritten := refusing(t)
	c := scripted(t, func(r *http.Request) (any, error) {
		for path, text := range objects {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/"+path) {
				return fromYAML(t, text), nil
			}
		}
		return nothingWritten(r)
	})
	start := func(req StartRequest) func() error {
		return func() error { _, err := c.Start(t.Context(), req); return err }
	}
	for want, call := range map[string]func() error{
		"manifest.spec.volumes": start(StartRequest{Manifest: []byte(
			"metadata: {name: a}\nspec: {entrypoint: main, templates: [{name: main}], volumes: {}}")}),
		"manifest.metadata.ownerReferences[0].controller": start(StartRequest{Manifest: []byte(
			"metadata: {name: a, ownerReferences: [{controller: 1}]}\nspec: {entrypoint: main, templates: [{name: main}]}")}),
		"spec.arguments.artifacts[0].name spec.ttlStrategy.secondsAfterSuccess": start(StartRequest{Template: "good", Spec: map[string]any{
			"ttlStrategy": struct {
				SecondsAfterSuccess string `json:"secondsAfterSuccess"`
			}{"5"},
			"arguments": map[string]any{"artifacts": []map[string]int{{"name": 1}}},
		}}),
		"template.spec.volumes[0].name": start(StartRequest{Template: "typed"}),
		"cronWorkflow.spec.workflowSpec.templates[0].container.command[0] " +
			"cronWorkflow.spec.workflowMetadata.finalizers[0] cronWorkflow.spec.workflowMetadata.labels[a]": start(StartRequest{CronWorkflow: "nightly"}),
		"workflow.spec.templates[0].steps[0][0].name": func() error {
			_, err := c.Resubmit(t.Context(), "old", ResubmitOptions{SkipTemplateCheck: true})
			return err
		},
		"workflow.spec.templates[0].steps[0][0].name ": func() error {
			_, err := c.Retry(t.Context(), "old", RetryOptions{})
			return err
		},
		"parameters[p] parameters[p] workflow.spec.templates[0].steps[0][0].name": func() error {
			_, err := c.Retry(t.Context(), "old", RetryOptions{Parameters: map[string]any{"p": nil}})
			return err
		},
		"metadata.namespace metadata.labels[a] spec.templates[0].container.env[0].name status.nodes[a].inputs.parameters[0].name": func() error {
			_, err := c.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
				"metadata": map[string]any{"name": "a", "namespace": "other", "labels": map[string]any{"a": 1}},
				"spec":     map[string]any{"templates": []map[string]any{{"container": map[string]any{"env": []any{map[string]bool{"name": false}}}}}},
				"status":   fromYAML(t, "{nodes: {a: {inputs: {parameters: [{name: n}]}}}}"),
			}})
			return err
		},
	} {
		want = strings.TrimSpace(want)
		if got := strings.Join(fieldsOf(t, call()), " "); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
