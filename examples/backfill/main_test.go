package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// deadCluster is the kubeconfig of a cluster that does not answer.
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
	with := func(config string, args ...string) []string { return append([]string{"--config", config}, args...) }
	t.Setenv("KUBECONFIG", write(t, deadCluster))
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nothing":              {nil, exitBadInput, "a verb is required: create, start"},
		"no config":            {[]string{"start"}, exitBadInput, "--config FILE is required"},
		"unknown flag":         {[]string{"--confg", "x", "start"}, exitBadInput, "confg"},
		"unknown flag of verb": {with("x", "start", "--watch"), exitBadInput, "start: unknown flag: --watch"},
		"unknown verb":         {with("x", "starr"), exitBadInput, `unknown verb "starr"; the verbs are: create, start, `},
		"nothing like it":      {with("x", "frobnicate"), exitBadInput, `unknown verb "frobnicate"; the verbs are: create, `},
		"stray argument":       {with("x", "start", "y"), exitBadInput, "start: unexpected argument y"},
		"no number":            {with("x", "scale"), exitBadInput, "scale: N is missing"},
		"number in words":      {with("backfill.yaml", "scale", "many"), exitBadInput, `"many"`},
		"no workers":           {with("backfill.yaml", "scale", "0"), exitBadInput, "workers"},
		"no gate":              {with("backfill.yaml", "approve"), exitBadInput, "approve: GATE… is missing, or --all"},
		"gate and all":         {with("backfill.yaml", "reject", "a", "--all"), exitBadInput, "reject: name gates or use --all, not both"},
		"bad output":           {with("backfill.yaml", "approve", "a", "--output", "budget"), exitBadInput, "name=value"},
		"output twice":         {with("backfill.yaml", "approve", "a", "--output", "b=1", "--output", "b=2"), exitBadInput, "--output b is set twice"},
		"bad format":           {with("x", "status", "-o", "yaml"), exitBadInput, "-o yaml: must be text or json"},
		"bad interval":         {with("x", "status", "--every", "-1s"), exitBadInput, "--every -1s"},
		"no such file":         {with("/no/such/file", "start"), exitBadInput, "/no/such/file"},
		"no YAML":              {with(write(t, "a: ["), "start"), exitBadInput, "the configuration: line "},
		"unknown key":          {with(replace("scale:", "scael:"), "start"), exitBadInput, "backfill.reindex_from_snapshot.scael"},
		"other provider":       {with(replace("backfill:\n  reindex_from_snapshot:", "backfill:\n  opensearch_ingestion:"), "start"), exitBadInput, "use argo or k8s"},
		"no folder":            {with("backfill.yaml", "status", "--journal", "/no/such/folder/j.db"), exitBadInput, "--journal /no/such/folder/j.db"},
		"no such context":      {with("backfill.yaml", "start", "--context", "x"), exitBadInput, `"x"`},
		"no such kubeconfig":   {with("backfill.yaml", "--kubeconfig", "/no/kubeconfig", "start"), exitBadInput, "/no/kubeconfig"},
		"dead cluster":         {with("backfill.yaml", "start"), exitFailed, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, stderr bytes.Buffer
			code := program{out: &out, stderr: &stderr, open: open}.run(t.Context(), tc.args)
			if text := stderr.String(); code != tc.code || !strings.Contains(text, tc.want) || strings.Count(text, "\n") != 1 || out.Len() > 0 {
				t.Errorf("%d, %q, %q", code, text, out.String())
			}
			if tc.code != exitBadInput {
				return // once is enough
			}
			stderr.Reset()
			code = program{out: &out, stderr: &stderr, open: open}.run(t.Context(), append([]string{"--format=json"}, tc.args...))
			if tc.want == "-o yaml: must be text or json" {
				return
			}
			var r workflow.Result[any]
			if err := json.Unmarshal(out.Bytes(), &r); err != nil || code != tc.code || r.Success() || !strings.Contains(r.Err.Error(), tc.want) {
				t.Errorf("JSON: %d, %q, %v", code, out.String(), err)
			}
			if strings.Count(out.String(), "\n") != 1 || stderr.Len() > 0 {
				t.Errorf("JSON: %q, %q", out.String(), stderr.String())
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for args, want := range map[string]string{
		"--help": "130 interrupted", "help": "describe", "start --help": "--follow", "help approve": "--output", "status -h": "--watch", "create --help": "create: check",
	} {
		var out, stderr bytes.Buffer
		if code := (program{out: &out, stderr: &stderr}).run(t.Context(), strings.Fields(args)); code != exitOK || !strings.Contains(out.String(), want) || stderr.Len() > 0 {
			t.Errorf("%s: %d, %s%s", args, code, out.String(), stderr.String())
		}
	}
	for _, v := range verbs() {
		var out bytes.Buffer
		if code := (program{out: &out, stderr: io.Discard}).run(t.Context(), []string{"help", v.name}); code != exitOK || !strings.Contains(out.String(), v.summary) {
			t.Errorf("%s: %d, %s", v.name, code, out.String())
		}
	}
}

func TestExitCodes(t *testing.T) {
	for err, want := range map[error]int{
		errors.New("x"):              exitFailed,
		backfill.ErrRunning:          exitFailed,
		backfill.ErrEnded:            exitFailed,
		workflow.ErrUnavailable:      exitFailed,
		workflow.ErrUnreadable:       exitFailed,
		&inputError{fs.ErrNotExist}:  exitBadInput,
		workflow.ErrInvalid:          exitBadInput,
		workflow.ErrUnsupported:      exitBadInput,
		backfill.ErrNoSnapshot:       exitBadInput,
		workflow.ErrNotFound:         exitNotFound,
		workflow.ErrTemplateNotFound: exitNotFound,
		workflow.ErrNotSuspended:     exitNotFound,
		workflow.ErrCompleted:        exitNotFound,
		&workflow.NotSuspendedError{Gates: []workflow.GateState{{Phase: status.NodeRunning}}}:                             exitNotFound,
		&workflow.NotSuspendedError{Gates: []workflow.GateState{{Phase: status.NodeRunning}, {Phase: status.NodeFailed}}}: exitExists,
		&workflow.CompletedError{Gates: []workflow.GateState{{Phase: status.NodeFailed}}}:                                 exitExists,
		errors.Join(backfill.ErrEnded, &workflow.CompletedError{}):                                                        exitFailed,
		backfill.ErrNotStarted:      exitNotFound,
		backfill.ErrNoWorkers:       exitNotFound,
		fs.ErrNotExist:              exitNotFound,
		workflow.ErrConflict:        exitExists,
		workflow.ErrAlreadyExists:   exitExists,
		backfill.ErrArchiveExists:   exitExists,
		workflow.ErrForbidden:       exitForbidden,
		workflow.ErrUnauthorized:    exitForbidden,
		&workflow.PermissionError{}: exitForbidden,
	} {
		if got := exitCode(fmt.Errorf("backfill %q: %w", "s", err)); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

func TestInterrupted(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for args, want := range map[string]string{"status --watch": "the backfill keeps running", "pause": "run the same command again to complete it"} {
		var out, stderr bytes.Buffer
		b := &fake{err: context.Canceled}
		if code := b.program(&out, &stderr).run(gone, append([]string{"--config", "x"}, strings.Fields(args)...)); code != exitInterrupted ||
			!strings.Contains(stderr.String(), want) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: %d, %q", args, code, stderr.String())
		}
	}
}

// brokenWriter is a pipe whose reader has closed it.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("nobody\nlistens") }

func TestOutputErrorsAreFailures(t *testing.T) {
	for _, args := range []string{"status", "-o json status", "status --watch", "-o json status --watch", "describe", "gates", "archive", "restore f"} {
		var stderr bytes.Buffer
		b := &fake{statuses: []*backfill.Status{running()}}
		code := b.program(brokenWriter{}, &stderr).run(t.Context(), append([]string{"--config", "x"}, strings.Fields(args)...))
		if code != exitFailed || !strings.Contains(stderr.String(), "nobody listens") && !strings.Contains(args, "json status --watch") {
			t.Errorf("%s: %d, %q", args, code, stderr.String())
		}
	}
}
