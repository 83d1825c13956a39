package legacy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// writes returns all operations that write.
func writes() map[string]func(context.Context, *KubectlClient) error {
	return map[string]func(context.Context, *KubectlClient) error{
		"create": func(ctx context.Context, c *KubectlClient) error {
			_, err := c.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
				"metadata": map[string]any{"name": "w"}, "spec": map[string]any{},
			}})
			return err
		},
		"start": func(ctx context.Context, c *KubectlClient) error {
			_, err := c.Start(ctx, workflow.StartRequest{Template: "t", Name: "w", SkipTemplateCheck: true})
			return err
		},
		"suspend": func(ctx context.Context, c *KubectlClient) error {
			return c.Suspend(ctx, "w", workflow.SuspendOptions{})
		},
		"stop": func(ctx context.Context, c *KubectlClient) error { return c.Stop(ctx, "w", workflow.StopOptions{}) },
		"retry": func(ctx context.Context, c *KubectlClient) error {
			_, err := c.Retry(ctx, "w", workflow.RetryOptions{})
			return err
		},
		"delete": func(ctx context.Context, c *KubectlClient) error { return c.Delete(ctx, "w", workflow.DeleteOptions{}) },
	}
}

// partly answers reads itself and passes commands that write to another executor.
type partly struct {
	reads  string
	writes CommandExecutor
}

func (p partly) ExecuteCommand(ctx context.Context, cmd Command) (CommandOutput, error) {
	if cmd.Args[0] == "get" {
		return CommandOutput{Stdout: p.reads}, nil
	}
	return p.writes.ExecuteCommand(ctx, cmd)
}

// If kubectl could not be started, nothing has changed, and the error says so at once.
func TestWritesThatWereNeverSent(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	forbidden := filepath.Join(t.TempDir(), "kubectl")
	if err := os.WriteFile(forbidden, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := program(t, "echo 'error: context \"nowhere\" does not exist' >&2; exit 1", SubprocessOptions{})
	tooOld := program(t, "echo 'error: unknown flag: --raw' >&2; exit 1", SubprocessOptions{})
	for name, tc := range map[string]struct {
		executor CommandExecutor
		want     error // nil allows any
	}{
		"missing":               {NewSubprocessExecutor(SubprocessOptions{Binary: missing}), ErrKubectlMissing},
		"not executable":        {NewSubprocessExecutor(SubprocessOptions{Binary: forbidden}), ErrKubectlMissing},
		"badly configured":      {broken, nil},
		"without a needed flag": {tooOld, ErrKubectlTooOld},
	} {
		for op, write := range writes() {
			reads := running
			if op == "retry" {
				reads = failedOnce
			}
			c, err := NewKubectlClient(partly{reads, tc.executor}, Options{RetryFor: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			err = write(t.Context(), c)
			if err == nil || errors.Is(err, workflow.ErrUnknownOutcome) || errors.Is(err, workflow.ErrUnavailable) || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("%s, %s: %v", op, name, err)
			}
		}
	}
}

const failedOnce = `{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow",` +
	`"metadata":{"name":"w","namespace":"ma","uid":"u","resourceVersion":"1"},"spec":{},` +
	`"status":{"phase":"Failed","finishedAt":"2020-01-01T00:00:00Z"}}`

// endsFirst ends the context before a command that writes is started.
type endsFirst struct {
	partly
	end context.CancelFunc
}

func (e endsFirst) ExecuteCommand(ctx context.Context, cmd Command) (CommandOutput, error) {
	if cmd.Args[0] != "get" {
		e.end()
	}
	return e.partly.ExecuteCommand(ctx, cmd)
}

func TestContextThatEndsBeforeAWrite(t *testing.T) {
	for op, write := range writes() {
		reads := running
		if op == "retry" {
			reads = failedOnce
		}
		ctx, cancel := context.WithCancel(t.Context())
		executor := program(t, "exit 0", SubprocessOptions{})
		err := write(ctx, kubectl(t, endsFirst{partly{reads, executor}, cancel}))
		if !errors.Is(err, context.Canceled) || errors.Is(err, workflow.ErrUnknownOutcome) {
			t.Errorf("%s: %v", op, err)
		}
	}
}
