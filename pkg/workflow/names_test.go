package workflow

import (
	"bytes"
	"strings"
	"testing"
)

// WorkflowName returns the name that a start chooses.
func TestWorkflowName(t *testing.T) {
	manifest := []byte("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: given}\nspec: {entrypoint: main, templates: [{name: main, suspend: {}}]}")
	inNamespace := bytes.Replace(manifest, []byte("name: given"), []byte("name: given, namespace: ma"), 1)
	for _, req := range []StartRequest{
		{Template: "reindex", Name: "mine"},
		{Template: "reindex", IdempotencyKey: "k"},
		{Template: strings.Repeat("long-", 20) + "x", IdempotencyKey: "k"},
		{CronWorkflow: "nightly", IdempotencyKey: "k"},
		{Manifest: manifest},
		{Manifest: manifest, Name: "mine"},
		{Manifest: manifest, IdempotencyKey: "k"},
		{Manifest: inNamespace},
		{Manifest: inNamespace, IdempotencyKey: "k"},
	} {
		_, d, problems := checkRequest(t.Context(), req, "ma")
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		name := req.Name
		if name == "" && d.obj != nil {
			name = d.obj.GetName()
		}
		own := newClaim(name, d.base, req.IdempotencyKey, nil)
		if req.WorkflowName() != own.Name || own.Name == "" {
			t.Errorf("%+v: %q, not %q", req, req.WorkflowName(), own.Name)
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
	for _, bad := range []string{"", "Bad", "-x7f2k", "a b"} {
		generated := []byte("metadata: {generateName: '" + bad + "'}")
		name := (StartRequest{Template: bad}).AnyName() + (StartRequest{Manifest: generated}).AnyName() + (ResubmitOptions{}).AnyName(bad)
		if name != "" {
			t.Errorf("%q: %q", bad, name)
		}
	}
	for old, prefix := range map[string]string{any: "reindex-", "reindex": "reindex-", "w-agent": "w-agent-"} {
		if name := (ResubmitOptions{}).AnyName(old); !strings.HasPrefix(name, prefix) || len(name) != len(prefix)+generatedLength {
			t.Errorf("%s of %s", name, old)
		}
	}
	if (ResubmitOptions{Name: "n"}).WorkflowName("old") != "n" || (ResubmitOptions{}).WorkflowName("old") != "" ||
		(ResubmitOptions{IdempotencyKey: "k"}).WorkflowName("old") == "" {
		t.Error("names of resubmissions")
	}
}
