package workflow

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// reads answers every Get with the object that it points to.
type reads struct {
	dynamic.ResourceInterface
	obj   map[string]any
	count int
}

func answering(obj map[string]any) *reads { return &reads{obj: obj} }

func (r *reads) Get(context.Context, string, metav1.GetOptions, ...string) (*unstructured.Unstructured, error) {
	r.count++
	return (&unstructured.Unstructured{Object: r.obj}).DeepCopy(), nil
}

const declaring = "{spec: {entrypoint: main, templates: [{name: main}], arguments: {parameters: [{name: old, value: x}NEW]}}}"

func TestOptionalParametersAreNotDroppedForAnOldReading(t *testing.T) {
	before := fromYAML(t, strings.Replace(declaring, "NEW", "", 1))
	after := fromYAML(t, strings.Replace(declaring, "NEW", ", {name: new, value: x}", 1))
	templates := answering(before)
	c := &WorkflowClient{namespace: "ma", templates: templates, known: &knownTemplates{maxAge: time.Hour}}
	spec := map[string]any{"workflowTemplateRef": map[string]any{"name": "t"}}
	check := func(args arguments, req StartRequest, want string, reads int) {
		t.Helper()
		texts, err := c.checkTemplate(context.Background(), c.pacer(), "it", spec, args, req)
		if got := strings.Join(slices.Sorted(maps.Keys(texts)), " "); err != nil || got != want || templates.count != reads {
			t.Errorf("%q after %d reads: %v; want %q after %d", got, templates.count, err, want, reads)
		}
	}
	both := arguments{required: map[string]string{"old": ""}, optional: map[string]string{"new": ""}}
	check(both, StartRequest{}, "old", 1)
	check(arguments{optional: map[string]string{"old": ""}}, StartRequest{}, "old", 1)
	templates.obj = after
	check(both, StartRequest{}, "new old", 2)
	check(both, StartRequest{}, "new old", 2)
	check(arguments{required: map[string]string{"any": ""}, optional: map[string]string{"more": ""}}, StartRequest{SkipTemplateCheck: true}, "any more", 2)
}

func TestSkippedCheckOfAManifest(t *testing.T) {
	c := &WorkflowClient{namespace: "ma"}
	spec := fromYAML(t, "{arguments: {parameters: [{name: from-the-defaults}]}}")
	if _, err := c.checkTemplate(context.Background(), c.pacer(), "it", spec, arguments{}, StartRequest{}); err == nil {
		t.Error("a spec without an entrypoint passes the check")
	}
	if _, err := c.checkTemplate(context.Background(), c.pacer(), "it", spec, arguments{}, StartRequest{SkipTemplateCheck: true}); err != nil {
		t.Errorf("the check was not skipped: %v", err)
	}
}
