package workflow

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
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

// refusing is the script of an API server that nothing may be written to.
func refusing(t *testing.T) script {
	t.Helper()
	return func(r *http.Request) (any, error) {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		return nil, io.EOF
	}
}

func TestTypeProblems(t *testing.T) {
	for name, tc := range map[string]struct{ spec, want string }{
		"strings":           {"{entrypoint: 1, onExit: yes, podSpecPatch: 1.5, schedulerName: {}}", "spec.entrypoint spec.onExit spec.podSpecPatch spec.schedulerName"},
		"bools":             {"{suspend: 'true', hostNetwork: 1, archiveLogs: true}", "spec.hostNetwork spec.suspend"},
		"whole numbers":     {"{parallelism: '3', priority: 3000000000, activeDeadlineSeconds: 1.5}", "spec.activeDeadlineSeconds spec.parallelism spec.priority"},
		"of 64 bits":        {"{parallelism: 3000000000, activeDeadlineSeconds: 1e18}", ""},
		"not negative":      {"{arguments: {artifacts: [{git: {depth: -1}}, {git: {depth: 1}}]}}", "spec.arguments.artifacts[0].git.depth"},
		"numbers or text":   {"{retryStrategy: {limit: [3]}, templates: [{activeDeadlineSeconds: '{{x}}', retryStrategy: {limit: 3}}]}", "spec.retryStrategy.limit"},
		"quantities":        {"{templates: [{container: {resources: {limits: {cpu: 1, memory: 15Gb}, requests: {cpu: 500m}}}}]}", "spec.templates[0].container.resources.limits[memory]"},
		"times":             {"{volumeClaimTemplates: [{metadata: {creationTimestamp: ~}}, {metadata: {creationTimestamp: yesterday}}]}", "spec.volumeClaimTemplates[1].metadata.creationTimestamp"},
		"base64":            {"{templates: [{http: {bodyFrom: {bytes: '%'}}}]}", "spec.templates[0].http.bodyFrom.bytes"},
		"a plugin":          {"{templates: [{plugin: {}}, {plugin: {a: 1, b: 2}}, {plugin: {hello: {}}}]}", "spec.templates[0].plugin spec.templates[1].plugin"},
		"anything":          {"{arguments: {parameters: [{name: a, value: 1.5, default: true, enum: [1, a]}]}, templates: [{dag: {tasks: [{withItems: [1, a, {b: c}, [d]]}]}}]}", ""},
		"lists":             {"{templates: {name: main}, imagePullSecrets: secret}", "spec.imagePullSecrets spec.templates"},
		"steps in one list": {"{templates: [{steps: [{name: a}]}]}", "spec.templates[0].steps[0]"},
		"maps":              {"{nodeSelector: [disk], hooks: {exit: main}, podMetadata: {labels: {tier: 1}}}", "spec.hooks[exit] spec.nodeSelector spec.podMetadata.labels[tier]"},
		"nulls":             {"{entrypoint: ~, templates: [~, {name: ~, steps: [~, [~]], container: {env: [~]}}], nodeSelector: {disk: ~}}", ""},
		"a later field":     {"{pendingTimeout: [1], templates: [{container: {podResources: {a: 1}}}]}", ""},
		"of a step":         {"{templates: [{steps: [[{template: a, pendingTimeout: 1}]]}]}", "spec.templates[0].steps[0][0].pendingTimeout"},
		"within steps":      {"{templates: [{steps: [[{arguments: {Parameters: x}}]]}]}", "spec.templates[0].steps[0][0].arguments.Parameters"},
		"env":               {"{templates: [{script: {env: [{name: A, value: 1}], source: 1}}, {sidecars: [{args: [1]}]}]}", "spec.templates[0].script.env[0].value spec.templates[0].script.source spec.templates[1].sidecars[0].args[0]"},
		"inline":            {"{templates: [{dag: {tasks: [{inline: {dag: {tasks: [{inline: {name: n}}]}}}]}}]}", "spec.templates[0].dag.tasks[0].inline.dag.tasks[0].inline.name"},
		"a lock":            {"{synchronization: {mutex: {name: 1}, semaphores: [{configMapKeyRef: {name: a, key: 1}}]}}", "spec.synchronization.mutex.name spec.synchronization.semaphores[0].configMapKeyRef.key"},
		"not a map":         {"[s3cr3t]", "spec"},
	} {
		var spec any
		if spec = fromYAML(t, "{spec: "+tc.spec+"}")["spec"]; spec == nil {
			t.Fatal(name)
		}
		var fields []string
		for _, p := range typeProblems(field.NewPath("spec"), "WorkflowSpec", spec) {
			fields = append(fields, p.Field)
			if strings.Contains(p.Error(), "s3cr3t") {
				t.Errorf("%s: a value is shown: %v", name, p)
			}
		}
		if got := strings.Join(fields, " "); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// Whatever a workflow is made from, nothing is written that Argo cannot decode.
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

// Each kind that the table names is a scalar, or a type that it has.
func TestTableOfTypes(t *testing.T) {
	c := typeCheck{fields: map[string]map[string]string{}}
	var names []string
	for paragraph := range strings.SplitSeq(strings.TrimSpace(argoTypes), ";\n") {
		name, _, _ := strings.Cut(paragraph, ":")
		names = append(names, name)
	}
	used := map[string]bool{"Workflow": true, "WorkflowSpec": true, "Arguments": true, "k8s.ObjectMeta": true, "k8s.TypeMeta": true, closedType: true}
	for _, name := range names {
		for _, kind := range c.fieldsOf(name) {
			kind = strings.NewReplacer("[]", "", "map[string]", "").Replace(kind)
			used[kind] = true
		}
	}
	for kind := range used {
		if _, isScalar := scalarProblem(kind, nil); !isScalar && !slices.Contains(names, kind) {
			t.Errorf("%q is not in the table", kind)
		}
	}
	if len(names) < 200 {
		t.Errorf("only %d types", len(names))
	}
}
