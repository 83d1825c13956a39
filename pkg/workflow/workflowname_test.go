package workflow

import (
	"strings"
	"testing"
)

// Whoever asks for the name before the start hears the one that the start gives.
func TestWorkflowName(t *testing.T) {
	manifest := []byte("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: given}\nspec: {entrypoint: main, templates: [{name: main, suspend: {}}]}")
	for _, req := range []StartRequest{
		{Template: "reindex", Name: "mine"},
		{Template: "reindex", IdempotencyKey: "k"},
		{Template: strings.Repeat("long-", 20), IdempotencyKey: "k"},
		{CronWorkflow: "nightly", IdempotencyKey: "k"},
		{Manifest: manifest},
		{Manifest: manifest, Name: "mine"},
		{Manifest: manifest, IdempotencyKey: "k"},
	} {
		_, d, _ := checkRequest(req, "ma")
		name := req.Name
		if name == "" && d.obj != nil {
			name = d.obj.GetName()
		}
		mark := newMarker(name, d.base, req.IdempotencyKey, nil)
		if req.WorkflowName() != mark.Name || mark.Name == "" {
			t.Errorf("%+v: %q, not %q", req, req.WorkflowName(), mark.Name)
		}
	}
	if name := (StartRequest{Template: "reindex"}).WorkflowName(); name != "" {
		t.Error(name)
	}
}

func TestAnyName(t *testing.T) {
	any := StartRequest{Template: "reindex"}.AnyName()
	if !strings.HasPrefix(any, "reindex-") || len(any) != len("reindex-")+generatedLength || any == (StartRequest{Template: "reindex"}).AnyName() {
		t.Error(any)
	}
	if name := (StartRequest{}).AnyName() + (ResubmitOptions{}).AnyName(""); name != "" {
		t.Error(name)
	}
	for old, prefix := range map[string]string{any: "reindex-", "reindex": "reindex-", "w-agent": "w-agent-", "-x7f2k": "-x7f2k-"} {
		if name := (ResubmitOptions{}).AnyName(old); !strings.HasPrefix(name, prefix) || len(name) != len(prefix)+generatedLength {
			t.Errorf("%s of %s", name, old)
		}
	}
	if (ResubmitOptions{Name: "n"}).WorkflowName("old") != "n" || (ResubmitOptions{}).WorkflowName("old") != "" ||
		(ResubmitOptions{IdempotencyKey: "k"}).WorkflowName("old") == "" {
		t.Error("names of resubmissions")
	}
}
