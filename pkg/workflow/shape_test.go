package workflow

import (
	"context"
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestShapeProblems(t *testing.T) {
	for name, tc := range map[string]struct{ spec, want string }{
		"fine":                  {"{arguments: {parameters: [{name: a, value: 1}, {name: B-_1}], artifacts: [{name: x}]}, workflowTemplateRef: {name: t, clusterScope: true}}", ""},
		"empty":                 {"{arguments: {parameters: []}}", ""},
		"arguments":             {"{arguments: [s3cr3t]}", "spec.arguments"},
		"parameters":            {"{arguments: {parameters: {index: s3cr3t}}}", "spec.arguments.parameters"},
		"a parameter":           {"{arguments: {parameters: [s3cr3t, ~]}}", "spec.arguments.parameters[0] spec.arguments.parameters[1].name"},
		"no name":               {"{arguments: {parameters: [{value: s3cr3t}, {name: ''}]}}", "spec.arguments.parameters[0].name spec.arguments.parameters[1].name"},
		"a name that is none":   {"{arguments: {parameters: [{name: a b}, {name: 3}]}}", "spec.arguments.parameters[1].name spec.arguments.parameters[0].name"},
		"a name twice":          {"{arguments: {parameters: [{name: d, value: s3cr3t}, {name: d, value: x}]}}", "spec.arguments.parameters[1].name"},
		"a misspelt reference":  {"{workflowTemplateRef: {naem: x}}", "spec.workflowTemplateRef.name spec.workflowTemplateRef.naem"},
		"a misspelt scope":      {"{workflowTemplateRef: {name: x, clusterscope: true}}", "spec.workflowTemplateRef.clusterscope"},
		"a later field":         {"{workflowTemplateRef: {name: x, generation: 3}}", ""},
		"a reference of types":  {"{workflowTemplateRef: {name: 3, clusterScope: 'true'}}", "spec.workflowTemplateRef.clusterScope spec.workflowTemplateRef.name"},
		"a reference's name":    {"{workflowTemplateRef: {name: a/b}}", "spec.workflowTemplateRef.name"},
		"a text as reference":   {"{workflowTemplateRef: x}", "spec.workflowTemplateRef"},
		"both":                  {"{workflowTemplateRef: {name: t}, templates: [{name: main}]}", "spec.templates"},
		"a reference, and none": {"{workflowTemplateRef: {name: t}, templates: []}", ""},
	} {
		var fields []string
		for _, p := range shapeProblems(field.NewPath("spec"), fromYAML(t, tc.spec)) {
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

// Every source is looked at, not manifests only.
func TestShapesOfEverySource(t *testing.T) {
	_, problems := parseManifest(t.Context(), field.NewPath("manifest"), []byte("{metadata: {name: a}, spec: {arguments: {parameters: [{name: a}, {}]}}}"), "", "ma")
	if got := strings.Join(fieldsOf(t, invalid(problems...)), " "); got != "manifest.spec.arguments.parameters[1].name" {
		t.Errorf("manifest: %s", got)
	}
	old := &unstructured.Unstructured{Object: fromYAML(t, "{metadata: {name: a}, spec: {arguments: {parameters: {a: 1}}}}")}
	_, err := resubmission(old)
	if got := strings.Join(fieldsOf(t, err), " "); got != "workflow.spec.arguments.parameters" {
		t.Errorf("resubmission: %s", got)
	}
	c := &WorkflowClient{namespace: "ma", crons: answering(fromYAML(t, `
metadata: {name: nightly}
spec:
  workflowMetadata: {labels: {workflows.argoproj.io/phase: Running}}
  workflowSpec: {arguments: [a], workflowTemplateRef: {name: a/b}}
`))}
	_, err = c.cronDraft(context.Background(), c.pacer(), "nightly")
	want := "cronWorkflow.spec.workflowSpec.arguments cronWorkflow.spec.workflowSpec.workflowTemplateRef.name " +
		"cronWorkflow.spec.workflowMetadata.labels[workflows.argoproj.io/phase]"
	if got := strings.Join(fieldsOf(t, err), " "); got != want {
		t.Errorf("cron: %s", got)
	}
	obj := &unstructured.Unstructured{Object: fromYAML(t, "{spec: {arguments: {parameters: {a: kept}}}}")}
	if err := setParameters(obj, map[string]string{"b": ""}); !errors.Is(err, ErrInvalid) {
		t.Errorf("parameters that are no list were replaced: %v", err)
	}
}
