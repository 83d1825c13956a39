package workflow

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// No part of a request can forge what the client or Argo records.
func TestReservedNames(t *testing.T) {
	const spec = "spec: {entrypoint: main, templates: [{name: main, suspend: {}}]}"
	marks := []string{naming.AnnotationStart, naming.LabelKey, naming.AnnotationAsked, naming.AnnotationRetryID, naming.AnnotationDecisions}
	ofArgo := []string{
		"workflows.argoproj.io/completed", "workflows.argoproj.io/phase", "workflows.argoproj.io/workflow-archiving-status",
		"workflows.argoproj.io/creator", "workflows.argoproj.io/creator-email", "workflows.argoproj.io/actor", "workflows.argoproj.io/action",
		"workflows.argoproj.io/controller-instanceid", "workflows.argoproj.io/cron-workflow", "workflows.argoproj.io/resubmitted-from-workflow",
	}
	for _, place := range []struct {
		path   string
		labels bool
		req    func(name string) StartRequest
	}{
		{"labels[%s]", true, func(name string) StartRequest {
			return StartRequest{Template: "t", Labels: map[string]string{name: "x"}}
		}},
		{"annotations[%s]", false, func(name string) StartRequest {
			return StartRequest{Template: "t", Annotations: map[string]string{name: "x"}}
		}},
		{"manifest.metadata.labels[%s]", true, func(name string) StartRequest {
			return StartRequest{Manifest: fmt.Appendf(nil, "metadata: {name: w, labels: {%s: x}}\n%s", name, spec)}
		}},
		{"manifest.metadata.annotations[%s]", false, func(name string) StartRequest {
			return StartRequest{Manifest: fmt.Appendf(nil, "metadata: {name: w, annotations: {%s: x}}\n%s", name, spec)}
		}},
		{"manifest.spec.workflowMetadata.labels[%s]", true, func(name string) StartRequest {
			return StartRequest{Manifest: fmt.Appendf(nil, "metadata: {name: w}\nspec: {entrypoint: main, workflowMetadata: {labels: {%s: x}}}", name)}
		}},
		{"manifest.spec.workflowMetadata.labelsFrom[%s]", true, func(name string) StartRequest {
			return StartRequest{Manifest: fmt.Appendf(nil, "metadata: {name: w}\nspec: {entrypoint: main, workflowMetadata: {labelsFrom: {%s: {expression: \"1\"}}}}", name)}
		}},
		{"manifest.spec.workflowMetadata.annotations[%s]", false, func(name string) StartRequest {
			return StartRequest{Manifest: fmt.Appendf(nil, "metadata: {name: w}\nspec: {entrypoint: main, workflowMetadata: {annotations: {%s: x}}}", name)}
		}},
		{"spec.workflowMetadata.labels[%s]", true, func(name string) StartRequest {
			return StartRequest{Template: "t", Spec: map[string]any{"workflowMetadata": map[string]any{"labels": map[string]string{name: "x"}}}}
		}},
		{"spec.workflowMetadata.annotations[%s]", false, func(name string) StartRequest {
			return StartRequest{Template: "t", Spec: map[string]any{"workflowMetadata": map[string]any{"annotations": map[string]string{name: "x"}}}}
		}},
	} {
		refused := marks
		if place.labels {
			refused = slices.Concat(marks, ofArgo)
		}
		for _, name := range refused {
			_, _, problems := checkRequest(t.Context(), place.req(name), "ma")
			if len(problems) != 1 || problems[0].Field != fmt.Sprintf(place.path, name) {
				t.Errorf(place.path+": %v", name, problems)
			}
		}
		for _, name := range []string{
			"argoservice.opensearch.org/session", "argoservice.opensearch.org/traceparent", "workflows.argoproj.io/workflow-template", "team",
		} {
			if _, _, problems := checkRequest(t.Context(), place.req(name), "ma"); len(problems) > 0 {
				t.Errorf(place.path+": %v", name, problems)
			}
		}
	}
	_, problems := checkSettings(StartRequest{Labels: map[string]string{naming.LabelKey: "x"}, Annotations: map[string]string{naming.AnnotationStart: "x"}})
	if len(problems) != 2 {
		t.Errorf("of a resubmission: %v", problems)
	}
}

// The controller copies a template's workflowMetadata onto the workflow, whoever wrote it.
func TestReservedNamesOfSources(t *testing.T) {
	for name, tc := range map[string]struct {
		source string
		req    StartRequest
		field  string
	}{
		"a template": {
			`{spec: {entrypoint: main, templates: [{name: main}], workflowMetadata: {annotations: {` + naming.AnnotationStart + `: x}}}}`,
			StartRequest{Template: "t"}, "template.spec.workflowMetadata.annotations[" + naming.AnnotationStart + "]",
		},
		"a template of another one": {
			`{spec: {workflowTemplateRef: {name: other}, workflowMetadata: {labels: {` + naming.LabelCompleted + `: "true"}}}}`,
			StartRequest{Template: "t"}, "template.spec.workflowMetadata.labels[" + naming.LabelCompleted + "]",
		},
		"a cron workflow": {
			`{spec: {workflowMetadata: {annotations: {` + naming.AnnotationRetryID + `: x}}, workflowSpec: {entrypoint: main, templates: [{name: main}]}}}`,
			StartRequest{CronWorkflow: "t"}, "cronWorkflow.spec.workflowMetadata.annotations[" + naming.AnnotationRetryID + "]",
		},
		"the spec of a cron workflow": {
			`{spec: {workflowSpec: {entrypoint: main, templates: [{name: main}], workflowMetadata: {labels: {` + naming.LabelKey + `: x}}}}}`,
			StartRequest{CronWorkflow: "t"}, "cronWorkflow.spec.workflowSpec.workflowMetadata.labels[" + naming.LabelKey + "]",
		},
	} {
		s := &store{t: t}
		_, err := scripted(t, func(r *http.Request) (any, error) {
			if r.Method == http.MethodGet && path.Base(r.URL.Path) == "t" {
				obj := &unstructured.Unstructured{Object: fromYAML(t, tc.source)}
				obj.SetName("t")
				obj.SetAPIVersion(apiVersion)
				obj.SetKind("Any")
				return obj.Object, nil
			}
			return s.play(r)
		}).Start(t.Context(), tc.req)
		var bad *InvalidError
		if !errors.As(err, &bad) || len(bad.Problems) != 1 || bad.Problems[0].Field != tc.field || len(s.held) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := resubmission(workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec: {entrypoint: main, workflowMetadata: {labels: {workflows.argoproj.io/completed: "true"}}}
`))
	if !errors.Is(err, ErrInvalid) {
		t.Errorf("an old workflow: %v", err)
	}
}
