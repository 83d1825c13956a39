package spec

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestProblems(t *testing.T) {
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
		"a string as reference": {"{workflowTemplateRef: x}", "spec.workflowTemplateRef"},
		"both":                  {"{workflowTemplateRef: {name: t}, templates: [{name: main}]}", "spec.templates"},
		"a reference, and none": {"{workflowTemplateRef: {name: t}, templates: []}", ""},
	} {
		problems := Problems(field.NewPath("spec"), fromYAML(t, tc.spec))
		if strings.Contains(textOf(problems), "s3cr3t") {
			t.Errorf("%s: a value is shown: %v", name, problems)
		}
		if got := fieldsOf(problems); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
