package spec

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

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
		problems := TypeProblems(field.NewPath("spec"), TypeSpec, spec)
		if strings.Contains(textOf(problems), "s3cr3t") {
			t.Errorf("%s: a value is shown: %v", name, problems)
		}
		if got := fieldsOf(problems); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// Each kind that the table refers to is a scalar or a type of the table.
func TestTableOfTypes(t *testing.T) {
	c := typeCheck{fields: map[string]map[string]string{}}
	var names []string
	for paragraph := range strings.SplitSeq(strings.TrimSpace(argoTypes), ";\n") {
		name, _, _ := strings.Cut(paragraph, ":")
		names = append(names, name)
	}
	used := map[string]bool{closedType: true}
	for _, root := range []Type{TypeWorkflow, TypeSpec, TypeArguments, TypeMeta, TypeObjectMeta} {
		used[string(root)] = true
	}
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
