package workflow

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// calling is a template that reads one parameter and calls another template.
const calling = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: NAME}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, CALLS}]]
    metadata: {annotations: {note: "{{workflow.parameters.READS}}"}}
`

func callingTemplate(name, reads, calls string) string {
	return strings.NewReplacer("NAME", name, "READS", reads, "CALLS", calls).Replace(calling)
}

// A parameter is known if a template that the template calls reads it.
func TestParametersOfCalledTemplates(t *testing.T) {
	const other = "templateRef: {name: other, template: main}"
	const mostReads = 16
	for name, tc := range map[string]struct {
		calls   string            // called by the template that the workflow starts from
		others  map[string]string // name → the template it calls; each reads the parameter of its own name
		given   string
		unknown bool
		reads   int // of the other templates
	}{
		"read by itself":                 {calls: other, others: map[string]string{"other": "template: main"}, given: "own"},
		"read by the one it calls":       {calls: other, others: map[string]string{"other": "template: main"}, given: "other", reads: 1},
		"read by none":                   {calls: other, others: map[string]string{"other": "template: main"}, given: "othre", unknown: true, reads: 1},
		"read by one that that calls":    {calls: other, others: map[string]string{"other": "templateRef: {name: third}", "third": "template: main"}, given: "third", reads: 2},
		"read by none of three":          {calls: other, others: map[string]string{"other": "templateRef: {name: third}", "third": other}, given: "thirst", unknown: true, reads: 2},
		"of the cluster":                 {calls: "templateRef: {name: other, clusterScope: true}", others: map[string]string{"other": "template: main"}, given: "othre", unknown: true, reads: 1},
		"one that is not there":          {calls: other, given: "othre", reads: 1},
		"one that may not be read":       {calls: "templateRef: {name: forbidden}", given: "othre", reads: 1},
		"a name that is computed":        {calls: "templateRef: {name: '{{inputs.parameters.x}}'}", given: "othre"},
		"a name that is missing":         {calls: "templateRef: {template: main}", given: "othre"},
		"a text that looks like one":     {calls: "template: '\"templateRef\":'", given: "othre", unknown: true},
		"more than are worth asking for": {calls: "templateRef: {name: o0}", others: chain(2 * mostReads), given: "othre", reads: mostReads + 1},
	} {
		t.Run(name, func(t *testing.T) {
			reads := 0
			c := scripted(t, func(r *http.Request) (any, error) {
				asked := path.Base(r.URL.Path)
				if r.Method == http.MethodPost {
					return workflowObject(t, "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: made, uid: u}}"), nil
				}
				if asked == "it" {
					return workflowObject(t, callingTemplate("it", "own", tc.calls)), nil
				}
				reads++
				calls, there := tc.others[asked]
				resource := schema.GroupResource{Group: naming.Group, Resource: "workflowtemplates"}
				switch {
				case asked == "forbidden":
					return nil, apierrors.NewForbidden(resource, asked, nil)
				case !there:
					return nil, apierrors.NewNotFound(resource, asked)
				}
				return workflowObject(t, callingTemplate(asked, asked, calls)), nil
			})
			_, err := c.Start(t.Context(), StartRequest{Template: "it", Parameters: map[string]any{tc.given: "s3cr3t"}, DryRun: true})
			if tc.unknown {
				if got := strings.Join(fieldsOf(t, err), " "); got != "parameters["+tc.given+"]" {
					t.Errorf("problems with %q: %v", got, err)
				}
			} else if err != nil {
				t.Error(err)
			}
			if reads != tc.reads {
				t.Errorf("%d reads of other templates, want %d", reads, tc.reads)
			}
		})
	}
}

// chain returns templates that each call the next one.
func chain(length int) map[string]string {
	others := map[string]string{}
	for i := range length {
		others[fmt.Sprint("o", i)] = fmt.Sprintf("templateRef: {name: o%d}", i+1)
	}
	return others
}

// A parameter is also known if the request itself reads it, or an exit handler, whose inputs are
// the workflow's arguments.
func TestWhatElseReadsParameters(t *testing.T) {
	const templates = "entrypoint: main, templates: [{name: main}, {name: bye, inputs: {parameters: [{name: notify}]}}]"
	handler := func(hooks string) string {
		return "{apiVersion: argoproj.io/v1alpha1, kind: WorkflowTemplate, metadata: {name: it}, spec: {" + hooks + templates + "}}"
	}
	reading := func(text string) map[string]any {
		return map[string]any{"podMetadata": map[string]any{"labels": map[string]any{"a": text}}}
	}
	type texts = map[string]any
	for name, tc := range map[string]struct {
		template string
		req      StartRequest
		unknown  string
	}{
		"no exit handler":       {handler(""), StartRequest{Parameters: texts{"notify": 1}}, "parameters[notify]"},
		"an exit handler":       {handler("onExit: bye, "), StartRequest{Parameters: texts{"notify": 1, "notfy": 1}}, "parameters[notfy]"},
		"the hook exit":         {handler("hooks: {exit: {template: bye, arguments: {parameters: []}}}, "), StartRequest{Parameters: texts{"notify": 1}}, ""},
		"with arguments":        {handler("hooks: {exit: {template: bye, arguments: {parameters: [{name: notify, value: x}]}}}, "), StartRequest{Parameters: texts{"notify": 1}}, "parameters[notify]"},
		"another hook":          {handler("hooks: {running: {template: bye}}, "), StartRequest{Parameters: texts{"notify": 1}}, "parameters[notify]"},
		"a handler elsewhere":   {handler("hooks: {exit: {templateRef: {name: it, template: bye}}}, "), StartRequest{Parameters: texts{"notify": 1, "notfy": 1}}, "parameters[notfy]"},
		"one of the request's":  {handler(""), StartRequest{Parameters: texts{"notify": 1}, Spec: map[string]any{"onExit": "bye"}}, ""},
		"a spec that reads it":  {handler(""), StartRequest{Parameters: texts{"run": 1}, Spec: reading("{{workflow.parameters.run}}")}, ""},
		"a spec that does not":  {handler(""), StartRequest{Parameters: texts{"run": 1}, Spec: reading("{{workflow.parameters.other}}")}, "parameters[run]"},
		"another parameter":     {handler("onExit: bye, "), StartRequest{Parameters: texts{"notify": Expression("{{workflow.parameters.run}}"), "run": 1}}, ""},
		"a manifest's own hook": {"", StartRequest{Manifest: []byte("{metadata: {name: w}, spec: {workflowTemplateRef: {name: it}, hooks: {exit: {template: bye}}}}"), Parameters: texts{"notify": 1}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := scripted(t, func(r *http.Request) (any, error) {
				if r.Method == http.MethodPost {
					return workflowObject(t, "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: made, uid: u}}"), nil
				}
				return workflowObject(t, cmp.Or(tc.template, handler(""))), nil
			})
			if len(tc.req.Manifest) == 0 {
				tc.req.Template = "it"
			}
			tc.req.DryRun = true
			_, err := c.Start(t.Context(), tc.req)
			if tc.unknown == "" && err != nil || tc.unknown != "" && strings.Join(fieldsOf(t, err), " ") != tc.unknown {
				t.Errorf("want %q: %v", tc.unknown, err)
			}
		})
	}
}

// A running workflow is not retried, whatever its templates read.
func TestRetryOfARunningWorkflowReadsNoTemplates(t *testing.T) {
	for _, given := range []any{1, nil} {
		c := scripted(t, func(r *http.Request) (any, error) {
			if asked := path.Base(r.URL.Path); asked != "w" {
				t.Errorf("%v: %s is read", given, r.URL.Path)
			}
			return workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, uid: u}
spec: {entrypoint: main, templates: [{name: main, steps: [[{name: a, templateRef: {name: other, template: x}}]]}]}
status: {phase: Running}
`), nil
		})
		want := ErrNotCompleted
		if given == nil {
			want = ErrInvalid
		}
		if _, err := c.Retry(t.Context(), "w", RetryOptions{Parameters: map[string]any{"a": given, "b": 1}}); !errors.Is(err, want) {
			t.Error(err)
		}
	}
}
