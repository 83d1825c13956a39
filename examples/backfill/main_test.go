package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// kubeconfig of a cluster at which nobody answers.
const deadCluster = `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u}]
current-context: c
`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBadInputIsOneClearLine(t *testing.T) {
	good, err := os.ReadFile("backfill.yaml")
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("%q is not in the example", old)
		}
		return write(t, strings.Replace(string(good), old, new, 1))
	}
	t.Setenv("KUBECONFIG", write(t, deadCluster))
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no config":         {nil, exitBadInput, "--config FILE is required"},
		"unknown flag":      {[]string{"--confg", "x"}, exitBadInput, "confg"},
		"stray argument":    {[]string{"--config", "x", "y"}, exitBadInput, "unexpected argument y"},
		"no such file":      {[]string{"--config", "/no/such/file"}, exitBadInput, "/no/such/file"},
		"no YAML":           {[]string{"--config", write(t, "a: [")}, exitBadInput, "line 1"},
		"unknown key":       {[]string{"--config", replace("scale:", "scael:")}, exitBadInput, "backfill.reindex_from_snapshot.scael"},
		"other provider":    {[]string{"--config", replace("backfill:\n  reindex_from_snapshot:", "backfill:\n  opensearch_ingestion:")}, exitBadInput, "supported is: argo"},
		"no such context":   {[]string{"--config", "backfill.yaml", "--context", "x"}, exitBadInput, `"x"`},
		"no such kubeconfg": {[]string{"--config", "backfill.yaml", "--kubeconfig", "/no/kubeconfig"}, exitBadInput, "/no/kubeconfig"},
		"dead cluster":      {[]string{"--config", "backfill.yaml"}, exitFailed, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if code := exitCode(t.Context(), run(t.Context(), tc.args, os.Stdin, os.Stdout), &out); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			if text := out.String(); !strings.Contains(text, tc.want) || strings.Count(text, "\n") != 1 {
				t.Errorf("%q", text)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		ctx  context.Context
		err  error
		code int
		says bool
	}{
		{t.Context(), nil, exitOK, false},
		{t.Context(), &failedError{errors.New("x")}, exitFailed, false},
		{t.Context(), errLeftAtGate, exitFailed, true},
		{t.Context(), workflow.ErrForbidden, exitFailed, true},
		{t.Context(), workflow.ErrTemplateNotFound, exitBadInput, true},
		{t.Context(), backfill.ErrNoSnapshot, exitBadInput, true},
		{gone, context.Canceled, exitInterrupted, true},
	} {
		var out bytes.Buffer
		if code := exitCode(tc.ctx, tc.err, &out); code != tc.code || (out.Len() > 0) != tc.says {
			t.Errorf("%v: %d, %q", tc.err, code, out.String())
		}
	}
}

func TestReport(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &status.WorkflowStatus{
		Name: "w", Namespace: "ma", Phase: status.PhaseFailed, StartTime: start, EndTime: start.Add(9 * time.Second),
		Progress: status.Progress{Done: 1, Total: 2},
		Nodes: []*status.Node{
			{ID: "p", DisplayName: "load(3:3)", Type: status.NodeTypePod, Phase: status.NodeFailed, Message: "main:\n exit 1"},
		},
	}
	var out bytes.Buffer
	var failed *failedError
	if err := report(&out, "s", s, start); !errors.As(err, &failed) {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"✖ load(3:3)", `Backfill "s": Failed, 1/2 steps in 9s`, "  load(3:3) Failed: main: exit 1\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %s", want, out.String())
		}
	}
	s.Phase = status.PhaseSucceeded
	if err := report(&out, "s", s, start); err != nil {
		t.Errorf("%v", err)
	}
}

func TestApprove(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	gate := func(awaited string) *status.Node {
		s, err := status.FromUnstructured(&unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"nodes": map[string]any{
			"g": map[string]any{"displayName": "approve", "type": "Suspend", "phase": "Running", "outputs": map[string]any{"parameters": []any{
				map[string]any{"name": awaited, "valueFrom": map[string]any{"supplied": map[string]any{}}},
			}}},
		}}}})
		if err != nil {
			t.Fatal(err)
		}
		return s.Nodes[0]
	}
	var out bytes.Buffer
	outputs, err := approver{yes: true, name: "ann", in: null, out: &out}.approve(t.Context(), gate("approved-by"))
	if err != nil || outputs["approved-by"] != "ann" || !strings.Contains(out.String(), "approved by ann") {
		t.Errorf("%v, %v, %q", outputs, err, out.String())
	}
	if _, err := (approver{name: "ann", in: null, out: &out}).approve(t.Context(), gate("approved-by")); err == nil || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("nobody was asked: %v", err)
	}
	if _, err := (approver{yes: true, in: null, out: &out}).approve(t.Context(), gate("budget")); err == nil || !strings.Contains(err.Error(), "budget") {
		t.Errorf("a value was made up: %v", err)
	}
}

func TestLineViewWritesChangesOnly(t *testing.T) {
	var out bytes.Buffer
	v := &lineView{out: &out}
	s := &status.WorkflowStatus{Phase: status.PhaseRunning, Progress: status.Progress{Done: 1, Total: 9}}
	for i := range 5 {
		s.Nodes = append(s.Nodes, &status.Node{DisplayName: string(rune('a' + i)), Type: status.NodeTypePod, Phase: status.NodeRunning})
	}
	v.show(s)
	v.show(s)
	if text := out.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "1/9  a, b, c, and 2 more") {
		t.Errorf("%q", text)
	}
}

func TestFailShard(t *testing.T) {
	cfg := backfill.Config{Backfill: backfill.Reindex{Argo: &backfill.Argo{}}}
	flags{failShard: -1}.apply(&cfg)
	if cfg.Backfill.Argo.Parameters != nil {
		t.Error("a parameter without the flag")
	}
	flags{failShard: 3}.apply(&cfg)
	if cfg.Backfill.Argo.Parameters["fail-shard"] != 3 {
		t.Errorf("%v", cfg.Backfill.Argo.Parameters)
	}
	flags{failShard: 3}.apply(&backfill.Config{}) // New refuses it
}
