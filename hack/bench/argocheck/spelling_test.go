package argocheck

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	wfv3 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// No field that Argo has, and no workflow in its module, is taken for misspelt.
func TestArgosOwnFieldsAreNotMisspelt(t *testing.T) {
	client, err := workflow.NewForConfig(&rest.Config{Host: "http://none", Transport: nobody{}}, workflow.Options{RetryFor: -1})
	if err != nil {
		t.Fatal(err)
	}
	// Fields that Argo's own tests have wrong: one on purpose, one that counts for encoding/json,
	// which doesn't look at the case, but not for the controller.
	misspelt := []string{"manifest.spec.entrypoInt", "manifest.spec.poddisruptionbudget"}
	check := func(from string, spec any) {
		t.Helper()
		text, err := json.Marshal(map[string]any{"metadata": map[string]any{"name": "w"}, "spec": spec})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Start(t.Context(), workflow.StartRequest{Manifest: text})
		var invalid *workflow.InvalidError
		if errors.As(err, &invalid) {
			for _, p := range invalid.Problems {
				if strings.HasPrefix(p.Detail, "did you mean") && !slices.Contains(misspelt, p.Field) {
					t.Errorf("%s: %v", from, p)
				}
			}
		}
	}
	list := func(item any) []any { return []any{item} }
	check("spec", fieldsOf(reflect.TypeFor[wfv3.WorkflowSpec](), reflect.TypeFor[wfv1.WorkflowSpec]()))
	check("template", map[string]any{"templates": list(fieldsOf(reflect.TypeFor[wfv3.Template](), reflect.TypeFor[wfv1.Template]()))})
	check("step", map[string]any{"templates": list(map[string]any{"steps": list(list(fieldsOf(reflect.TypeFor[wfv3.WorkflowStep](), reflect.TypeFor[wfv1.WorkflowStep]())))})})
	check("DAG", map[string]any{"templates": list(map[string]any{"dag": fieldsOf(reflect.TypeFor[wfv3.DAGTemplate](), reflect.TypeFor[wfv1.DAGTemplate]())})})
	check("task", map[string]any{"templates": list(map[string]any{"dag": map[string]any{"tasks": list(fieldsOf(reflect.TypeFor[wfv3.DAGTask](), reflect.TypeFor[wfv1.DAGTask]()))}})})
	forEachRelease(t, func(t *testing.T, argo release) {
		for _, s := range corpus(t, argo.module) {
			if s.obj.Object["spec"] != nil {
				check(s.from, s.obj.Object["spec"])
			}
		}
	})
}

// fieldsOf has every field of these types, with some value.
func fieldsOf(types ...reflect.Type) map[string]any {
	fields := map[string]any{}
	for _, of := range types {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if name != "" && name != "-" {
				fields[name] = 1
			}
		}
	}
	return fields
}

// nobody answers.
type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("nobody") }
