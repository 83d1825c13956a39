package spec

import (
	"strings"
	"testing"
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
		"a label that is not a string": {
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
			problems := manifestProblems(tc.text)
			if len(problems) == 0 {
				t.Fatal("it was accepted")
			}
			for _, part := range tc.parts {
				if text := textOf(problems); !strings.Contains(text, part) {
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
		"a mark within a string":  "metadata: {name: a}\nspec: {x: 'a --- b'}\n",
		"no kind":                 "metadata: {name: a}\nspec: {}\n",
		"the client's namespace":  "metadata: {name: a, namespace: ma}\nspec: {}\n",
		"a field of a later Argo": "metadata: {name: a}\nspec: {fieldOfTheFuture: 1}\n",
		"a tool's comment first":  "---\n# Source: chart\n---\n" + manifestYAML + "...\n",
		"a byte order mark":       "\ufeff---\n# nothing\n---\n" + manifestYAML,
		"nulls":                   "{apiVersion: ~, metadata: {name: a, labels: ~, annotations: ~}, spec: {arguments: ~, workflowTemplateRef: ~}}",
		"null parameters":         "{metadata: {name: a}, spec: {arguments: {parameters: ~}}}",
		"values of any kind":      "metadata: {name: a}\nspec: {arguments: {parameters: [{name: b, value: [1]}, {name: c, value: ~}]}}\n",
	} {
		if problems := manifestProblems(text); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// The error of a manifest with invalid syntax never shows a value.
func TestSyntaxProblems(t *testing.T) {
	for value, want := range map[string]string{
		"{~: s3cr3t}":            "has a key that is not a string",
		"{{s3cr3t}}":             `quote strings that begin with {`,
		"{[s3cr3t]: 1}":          `quote strings that begin with {`,
		"*s3cr3t":                "quote strings that begin with *",
		"!!int s3cr3t":           "its tag does not allow",
		`"s3cr3t\q"`:             "line 6: found unknown escape character",
		"!!binary 's3cr3t%'":     "is not valid YAML",
		"s3cr3t: s3cr3t":         "line 6: did not find expected ',' or '}'",
		"@s3cr3t":                "line 6: found character that cannot start any token",
		"!s3cr3t!x y":            "line 6: found undefined tag handle",
		"{a: s3cr3t, a: s3cr3t}": `line 6: key "a" already set in map`,
		"{a:s3cr3t, a:s3cr3t}":   `line 6: has a key twice`,
		".inf":                   "is not valid YAML",
		"\xff":                   "invalid leading UTF-8 octet",
	} {
		text := "metadata:\n  name: a\nspec:\n  arguments:\n    parameters:\n    - {name: p, value: " + value + "}\n"
		problems := manifestProblems(text)
		if len(problems) != 1 {
			t.Errorf("%q: %v", value, problems)
			continue
		}
		if got := problems[0].Error(); !strings.Contains(got, want) || strings.Contains(got, "s3cr3t") {
			t.Errorf("%q: %s; want %q", value, got, want)
		}
	}
}

func TestSyntaxProblemsOfTheFirstLine(t *testing.T) {
	for text, want := range map[string]string{
		"a: @b": "line 1: found character that cannot start any token", "a: {b: c: d}": "line 1: did not find expected ',' or '}'",
		"---\n---\na: @b": "line 3: found character that cannot start any token",
	} {
		problems := manifestProblems(text)
		if got := textOf(problems); !strings.Contains(got, want) {
			t.Errorf("%q: %s; want %q", text, got, want)
		}
	}
}
