package workflow

import (
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
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
	if !reflect.DeepEqual(wf.GetLabels(), map[string]string{"team": "search", "more": "x", labelInstanceID: "blue"}) {
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

func TestManifestsThatAreRefused(t *testing.T) {
	edit := func(old, new string) string { return strings.Replace(manifestYAML, old, new, 1) }
	for name, tc := range map[string]struct {
		text  string
		parts []string
	}{
		"syntax":           {edit("  priority: 1", "   priority: 1"), []string{"manifest: ", "line 9"}},
		"a key twice":      {edit("  priority: 1", "  entrypoint: x"), []string{"line 9", `"entrypoint" already set`}},
		"two documents":    {manifestYAML + "---\n" + manifestYAML, []string{"more than one document"}},
		"a list":           {"- 1\n", []string{"must be a Workflow object"}},
		"nothing":          {"# nothing\n", []string{"must be a Workflow object"}},
		"another kind":     {edit("kind: Workflow", "kind: CronWorkflow"), []string{"manifest.kind", "CronWorkflow"}},
		"a misspelt field": {edit("spec:", "specs:"), []string{"manifest.specs", `did you mean "spec"?`, "manifest.spec: Required"}},
		"a status":         {manifestYAML + "status: {phase: Running}\n", []string{"manifest.status"}},
		"a server's field": {edit("  generateName: load-", "  generateName: load-\n  uid: u"), []string{"manifest.metadata.uid"}},
		"a label of no text": {
			edit("{team: search}", "{team: 1}"), []string{"manifest.metadata.labels", "quote"},
		},
		"another namespace": {edit("  generateName: load-", "  name: a\n  namespace: other"), []string{"manifest.metadata.namespace", `"ma"`}},
		"a name of YAML's":  {edit("  generateName: load-", "  name: n"), []string{"manifest.metadata.name", "must be a string; quote"}},
		"shutdown":          {edit("  priority: 1", "  shutdown: Stop"), []string{"manifest.spec.shutdown"}},
		"no name":           {edit("  generateName: load-\n", ""), []string{"manifest.metadata.name"}},
		"after a comment":   {"---\n# A tool's.\n---\n" + edit("  priority: 1", "  entrypoint: x"), []string{"line 12", `"entrypoint" already set`}},
		"two by dots":       {manifestYAML + "...\n" + manifestYAML, []string{"more than one document"}},
		"types": {
			"{apiVersion: 5, kind: [a], metadata: {name: a, finalizers: x, ownerReferences: [1], labels: 1}, spec: {}}",
			[]string{"manifest.apiVersion", "manifest.kind", "metadata.finalizers", "metadata.ownerReferences", "metadata.labels"},
		},
		"a list of metadata": {"{metadata: [a], spec: {}}", []string{"manifest.metadata: Invalid value: must be a map"}},
		"the controller's labels": {
			edit("{team: search}", "{workflows.argoproj.io/completed: 'false'}"),
			[]string{"manifest.metadata.labels[workflows.argoproj.io/completed]", "ignores a workflow that is created with it"},
		},
		"large numbers": {
			edit("value: logs", "value: {a: [12345678901234567890]}") + "  - {name: b, inputs: {parameters: [{name: x, default: -1e30}]}}\n",
			[]string{"manifest.spec.arguments.parameters[0].value", "manifest.spec.templates[1].inputs.parameters[0].default", "quote it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := parseManifest(t.Context(), field.NewPath("manifest"), []byte(tc.text), "", "ma")
			if len(problems) == 0 {
				t.Fatal("it was accepted")
			}
			for _, part := range tc.parts {
				if text := invalid(problems...).Error(); !strings.Contains(text, part) {
					t.Errorf("%q is not in %s", part, text)
				}
			}
		})
	}
}

func TestManifestsThatAreFine(t *testing.T) {
	for name, text := range map[string]string{
		"JSON with tabs":          "{\n\t\"metadata\": {\"name\": \"a\"},\n\t\"spec\": {}\n}",
		"document marks":          "---\n" + manifestYAML + "\n---\n# nothing\n",
		"a mark within a text":    "metadata: {name: a}\nspec: {x: 'a --- b'}\n",
		"no kind":                 "metadata: {name: a}\nspec: {}\n",
		"the client's namespace":  "metadata: {name: a, namespace: ma}\nspec: {}\n",
		"a field of a later Argo": "metadata: {name: a}\nspec: {fieldOfTheFuture: 1}\n",
		"a tool's comment first":  "---\n# Source: chart\n---\n" + manifestYAML + "...\n",
		"a byte order mark":       "\ufeff---\n# nothing\n---\n" + manifestYAML,
		"nulls":                   "{apiVersion: ~, metadata: {name: a, labels: ~, annotations: ~}, spec: {arguments: ~, workflowTemplateRef: ~}}",
		"null parameters":         "{metadata: {name: a}, spec: {arguments: {parameters: ~}}}",
		"values of any kind":      "metadata: {name: a}\nspec: {arguments: {parameters: [{name: b, value: [1]}, {name: c, value: ~}]}}\n",
	} {
		if _, problems := parseManifest(t.Context(), field.NewPath("manifest"), []byte(text), "", "ma"); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func FuzzManifest(f *testing.F) {
	for _, seed := range []string{manifestYAML, "{}", "---\n---", "a: &a [*a]", "--- {metadata: {name: a, labels: ~}, spec: {arguments: ~}}\n... \n", "metadata: {name: a}\nspec: {arguments: {parameters: [{name: x, value: 1e400}]}}", "metadata: [1]\nspec: {templates: [1, {name: [2]}], arguments: [3]}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, problems := parseManifest(t.Context(), field.NewPath("manifest"), data, "", "ma")
		c := &WorkflowClient{namespace: "ma"}
		if len(problems) > 0 {
			_ = invalid(problems...).Error()
			if d.obj != nil { // further ones are looked for in it, whatever it is
				_, spec, _, _ := c.fill(t.Context(), d, StartRequest{Entrypoint: "e"})
				newTemplate("it", spec).use(spec, false).problems(map[string]string{"p": "v"}, "q")
			}
			return
		}
		wf, spec, _, err := c.fill(t.Context(), d, StartRequest{Entrypoint: "e"})
		if err != nil {
			t.Fatal(err)
		}
		if err := setParameters(wf, map[string]string{"p": "v"}); err != nil || newTemplate("it", spec).use(spec, false).declared["p"].value != "v" {
			t.Errorf("the parameter is not in %v: %v", spec, err)
		}
		wf.DeepCopy() // which panics on a type that JSON doesn't have
	})
}
