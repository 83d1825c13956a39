package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
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

// environment returns a lookup function for the pairs.
func environment(pairs ...string) lookupFunc {
	return func(name string) (string, bool) {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestBadInputIsReported(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(deadCluster), 0o600); err != nil {
		t.Fatal(err)
	}
	dead := []string{"--kubeconfig", kubeconfig}
	for name, tc := range map[string]struct {
		args []string
		env  lookupFunc
		code int
		want string
	}{
		"unknown flag":       {[]string{"--workflow", "3"}, environment(), exitBadInput, "workflow"},
		"stray argument":     {[]string{"x"}, environment(), exitBadInput, "unexpected argument x"},
		"no workflows":       {[]string{"--workflows", "0"}, environment(), exitBadInput, "--workflows 0: must be from 1 to 1000"},
		"too many":           {[]string{"--workflows", "1001"}, environment(), exitBadInput, "--workflows 1001"},
		"no time":            {[]string{"--timeout", "0s"}, environment(), exitBadInput, "--timeout 0s"},
		"no run":             {[]string{"--run", ""}, environment(), exitBadInput, "--run"},
		"a run of two words": {[]string{"--run", "a b"}, environment(), exitBadInput, "--run a b"},
		"no such kubeconfig": {[]string{"--kubeconfig", "/no/kubeconfig"}, environment(), exitBadInput, "/no/kubeconfig"},
		"no such context":    {append(dead, "--context", "x"), environment(), exitBadInput, `"x"`},
		"no number":          {dead, environment(legacy.EnvPercent, "ten"), exitBadInput, `ARGO_SERVICE_V2_PERCENT is "ten", which must be a number from 0 to 100`},
		"too much":           {dead, environment(legacy.EnvPercent, "101"), exitBadInput, legacy.EnvPercent},
		"no yes or no":       {dead, environment(legacy.EnvForce, "perhaps"), exitBadInput, `USE_ARGO_SERVICE_V2 is "perhaps", which must be true or false`},
		"no kubectl":         {append(dead, "--kubectl", "/no/kubectl"), environment(), exitBadInput, "/no/kubectl"},
		"nobody answers":     {append(dead, "--timeout", "100ms"), environment(legacy.EnvForce, "true"), exitBroken, "list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, said bytes.Buffer
			if code := exitCode(t.Context(), run(t.Context(), tc.args, tc.env, &out), &said); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			if text := said.String(); !strings.Contains(text, tc.want) || strings.Count(text, "\n") != 1 || out.Len() > 0 {
				t.Errorf("%q, and %q", text, out.String())
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	left := &leftError{"demo", workflow.ErrForbidden}
	for _, tc := range []struct {
		ctx  context.Context
		err  error
		code int
		says string
	}{
		{t.Context(), nil, exitOK, ""},
		{t.Context(), &brokenError{[]string{"job 3 was lost"}}, exitBroken, "job 3 was lost"},
		{t.Context(), workflow.ErrForbidden, exitBroken, "not permitted"},
		{t.Context(), workflow.ErrTemplateNotFound, exitBadInput, "template"},
		{t.Context(), legacy.ErrKubectlTooOld, exitBadInput, "too old"},
		{t.Context(), errors.Join(context.DeadlineExceeded, left), exitBroken, "rollout.argoservice/run=demo"},
		{gone, context.Canceled, exitInterrupted, "interrupted"},
		{gone, errors.Join(context.Canceled, left), exitInterrupted, "rollout.argoservice/run=demo"},
	} {
		var said bytes.Buffer
		if code := exitCode(tc.ctx, tc.err, &said); code != tc.code || !strings.Contains(said.String(), tc.says) || (said.Len() > 0) != (tc.says != "") {
			t.Errorf("%v: %d, %q", tc.err, code, said.String())
		}
	}
}

func TestBrokenErrorIsBounded(t *testing.T) {
	text := (&brokenError{make([]string, mostBroken+5)}).Error()
	if strings.Count(text, "\n") != mostBroken+1 || !strings.HasSuffix(text, "and 5 more") {
		t.Errorf("%q", text)
	}
	if text := (&brokenError{make([]string, mostBroken)}).Error(); strings.Contains(text, "more") {
		t.Errorf("%q", text)
	}
}

func TestKilledEnvironment(t *testing.T) {
	for _, before := range []string{"", "true", "false"} {
		lookup := killed(environment(legacy.EnvForce, before, legacy.EnvPercent, "30", legacy.EnvSalt, "s"))
		r, err := legacy.RolloutFromEnv(lookup)
		if err != nil || r != (legacy.Rollout{Force: workflow.BackendKubectl, Percent: 30, Salt: "s"}) {
			t.Errorf("%+v, %v", r, err)
		}
	}
}
