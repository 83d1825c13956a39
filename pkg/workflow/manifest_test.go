package workflow

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

const manifestYAML = `# A workflow of its own.
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: load-
  labels: {team: search}
spec:
  entrypoint: main
  priority: 1
  arguments:
    artifacts: [{name: kept}]
    parameters:
    - {name: index, value: logs, description: kept}
    - {name: shards, value: 3}
    - {name: dry, value: false}
    - {name: elsewhere, valueFrom: {configMapKeyRef: {name: c, key: k}}}
  templates:
  - {name: main, container: {image: any}, inputs: {parameters: [{name: in, value: 5}]}}
`

func TestStartOfManifest(t *testing.T) {
	wf, mark := start(t, StartRequest{
		Manifest: []byte(manifestYAML), Entrypoint: "other", ServiceAccount: "sa",
		Parameters: map[string]any{"index": "other", "elsewhere": "here", "new": 1},
		Labels:     map[string]string{"more": "x"},
		Spec:       map[string]any{"priority": 2, "arguments": map[string]any{"artifacts": []any{}}},
	})
	if !strings.HasPrefix(wf.GetName(), "load-") || wf.GetGenerateName() != "load-" || wf.GetName() != mark.Name {
		t.Errorf("names: %q from %q", wf.GetName(), wf.GetGenerateName())
	}
	if !reflect.DeepEqual(wf.GetLabels(), map[string]string{"team": "search", "more": "x", naming.LabelInstanceID: "blue"}) {
		t.Errorf("labels: %v", wf.GetLabels())
	}
	want := fromYAML(t, `
entrypoint: other
priority: 2
serviceAccountName: sa
arguments:
  artifacts: []
  parameters:
  - {name: index, value: other, description: kept}
  - {name: shards, value: "3"}
  - {name: dry, value: "false"}
  - {name: elsewhere, value: here}
  - {name: new, value: "1"}
templates:
- {name: main, container: {image: any}, inputs: {parameters: [{name: in, value: "5"}]}}
`)
	if got := asYAML(t, wf.Object["spec"]); got != asYAML(t, want) {
		t.Errorf("%s\nwant %s", got, asYAML(t, want))
	}
}

func FuzzManifest(f *testing.F) {
	for _, seed := range []string{manifestYAML, "{}", "---\n---", "a: &a [*a]", "--- {metadata: {name: a, labels: ~}, spec: {arguments: ~}}\n... \n", "metadata: {name: a}\nspec: {arguments: {parameters: [{name: x, value: 1e400}]}}", "metadata: [1]\nspec: {templates: [1, {name: [2]}], arguments: [3]}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, problems := manifestDraft(t.Context(), StartRequest{Manifest: data, SkipTemplateCheck: true}, "ma")
		c, s := &WorkflowClient{namespace: "ma"}, &submission{req: StartRequest{Entrypoint: "e"}, draft: d}
		if len(problems) > 0 {
			_ = invalid(problems...).Error()
			if d.obj != nil { // Start looks for further problems in any draft
				_, _ = c.fill(t.Context(), s)
				args := spec.Arguments{Required: map[string]string{"p": "v"}, Faulty: []string{"q"}}
				spec.NewTemplate("it", d.spec()).Bind(d.spec()).Check(args, false, nothing)
			}
			return
		}
		if _, err := c.fill(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if problems := spec.SetParameters(field.NewPath("spec"), d.spec(), map[string]string{"p": "v"}); len(problems) > 0 {
			t.Fatal(problems)
		}
		parameters, _, _ := unstructured.NestedSlice(d.obj.Object, "spec", "arguments", "parameters")
		if !slices.ContainsFunc(parameters, func(p any) bool { return p.(map[string]any)["name"] == "p" && p.(map[string]any)["value"] == "v" }) {
			t.Errorf("the parameter is not in %v", parameters)
		}
		d.obj.DeepCopy() // panics on a type that JSON doesn't have
	})
}

// nothing is a cluster without templates.
func nothing(status.TemplateRef) *spec.Template { return nil }
