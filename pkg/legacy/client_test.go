package legacy

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// fake answers commands by their verb.
type fake struct {
	answers map[string]CommandOutput

	mu       sync.Mutex
	commands []Command
}

func (f *fake) ExecuteCommand(_ context.Context, cmd Command) (CommandOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commands = append(f.commands, cmd)
	return f.answers[cmd.Args[0]], nil
}

// streaming is a fake that is a CommandStreamer.
type streaming struct {
	fake
	bodies []io.ReadCloser
}

func (s *streaming) StreamCommand(_ context.Context, cmd Command) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, cmd)
	body := s.bodies[0]
	s.bodies = s.bodies[1:]
	return body, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func printed(text string, err error) io.ReadCloser {
	if err == nil {
		err = io.EOF
	}
	return io.NopCloser(io.MultiReader(strings.NewReader(text), failing{err}))
}

const running = `{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":"w","namespace":"ma","uid":"u","resourceVersion":"1"},"spec":{},"status":{"phase":"Running"}}`

func kubectl(t *testing.T, executor CommandExecutor) *KubectlClient {
	t.Helper()
	c, err := NewKubectlClient(executor, Options{RetryFor: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestKubectlClientTakesTheRateLimitOfTheConfiguration(t *testing.T) {
	for name, tc := range map[string]struct {
		limits rest.Config
		most   int
	}{
		"none":               {rest.Config{}, 5},
		"of the QPS":         {rest.Config{QPS: 1e-6, Burst: 2}, 2},
		"of the RateLimiter": {rest.Config{RateLimiter: flowcontrol.NewTokenBucketRateLimiter(1e-6, 3)}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				executor := &fake{answers: map[string]CommandOutput{"get": {Stdout: running}}}
				c, err := newKubectlClient(executor, Options{RetryFor: -1}, &tc.limits)
				if err != nil {
					t.Fatal(err)
				}
				for range 5 {
					_, _ = c.Get(ctx, "w")
				}
				if n := len(executor.commands); n != tc.most {
					t.Errorf("%d commands ran, want %d", n, tc.most)
				}
			})
		})
	}
}

func TestKubectlClientHasNodeDecoders(t *testing.T) {
	nodes := base64.StdEncoding.EncodeToString([]byte(`{"g":{"displayName":"approve","type":"Suspend","phase":"Running"}}`))
	packed := strings.Replace(running, `"phase"`, `"compressedNodes":"`+nodes+`","phase"`, 1)
	uncompressed := func(src io.Reader) (io.ReadCloser, error) { return io.NopCloser(src), nil }
	c, err := NewKubectlClient(&fake{answers: map[string]CommandOutput{"get": {Stdout: packed}}}, Options{
		NodeDecoders: status.NodeDecoders{Brotli: uncompressed},
	})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := c.Get(t.Context(), "w"); err != nil || !s.Suspended() {
		t.Errorf("%v, %v", s, err)
	}
}

func TestNewKubectlClientRefuses(t *testing.T) {
	_, without := NewKubectlClient(nil, Options{})
	_, badly := NewKubectlClient(&fake{}, Options{Namespace: "No Namespace"})
	for _, err := range []error{without, badly} {
		var failed *workflow.Error
		if !errors.Is(err, workflow.ErrInvalid) || !errors.As(err, &failed) || failed.Backend != workflow.BackendKubectl {
			t.Error(err)
		}
	}
}

func TestErrorsAreThoseOfTheNativeClient(t *testing.T) {
	for stderr, want := range map[string]error{
		`Error from server (NotFound): workflows.argoproj.io "w" not found`:                              workflow.ErrNotFound,
		"Error from server (NotFound): the server could not find the requested resource":                 workflow.ErrNotInstalled,
		`Error from server (Forbidden): workflows.argoproj.io "w" is forbidden`:                          workflow.ErrForbidden,
		"error: You must be logged in to the server (Unauthorized)":                                      workflow.ErrUnauthorized,
		"Error from server (ServiceUnavailable): the server is currently unable to handle the request":   workflow.ErrUnavailable,
		"The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?": workflow.ErrUnavailable,
		"error: unknown flag: --raw": ErrKubectlTooOld,
	} {
		_, err := kubectl(t, &fake{answers: map[string]CommandOutput{"get": {Stderr: stderr, ReturnCode: 1}}}).Get(t.Context(), "w")
		var failed *workflow.Error
		if !errors.Is(err, want) || !errors.As(err, &failed) || failed.Backend != workflow.BackendKubectl || failed.Op != workflow.OpGet {
			t.Errorf("%s: %v", stderr, err)
		}
	}
}

// Values are passed in standard input, since a list of processes shows arguments.
func TestNothingSecretIsAnArgument(t *testing.T) {
	f := &fake{answers: map[string]CommandOutput{
		"get":    {Stdout: `{"apiVersion":"argoproj.io/v1alpha1","kind":"WorkflowTemplate","metadata":{"name":"t"},"spec":{"entrypoint":"main","arguments":{"parameters":[{"name":"password"}]},"templates":[{"name":"main"}]}}`},
		"create": {Stdout: running},
	}}
	_, err := kubectl(t, f).Start(t.Context(), workflow.StartRequest{Template: "t", Parameters: map[string]any{"password": "hunter2"}})
	if err != nil {
		t.Fatal(err)
	}
	sent := false
	for _, cmd := range f.commands {
		sent = sent || strings.Contains(string(cmd.Stdin), "hunter2")
		if strings.Contains(strings.Join(cmd.Args, " "), "hunter2") {
			t.Errorf("%q", cmd.Args)
		}
	}
	if !sent {
		t.Error("it was not sent at all")
	}
}

// Without a CommandStreamer, a watch is a request of a few seconds, and logs cannot be followed.
func TestWithoutStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answers: map[string]CommandOutput{"get": {Stdout: running}}}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := kubectl(t, f).Wait(ctx, "w", workflow.Completed)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		watched := false
		for _, cmd := range f.commands {
			watched = watched || strings.Contains(cmd.Args[1], "watch=true") && strings.Contains(cmd.Args[1], "timeoutSeconds=5")
		}
		if !watched {
			t.Errorf("%+v", f.commands)
		}
		tr := &transport{executor: f}
		if _, err := tr.RoundTrip(request(t, "GET", "/api/v1/namespaces/ma/pods/p/log?follow=true", "")); !errors.Is(err, workflow.ErrUnsupported) { //nolint:bodyclose // there is none
			t.Error(err)
		}
	})
}

// A watch that fails later ends with an ERROR event.
func TestWatchThatFailsLater(t *testing.T) {
	event := `{"type":"ADDED","object":` + running + "}\n"
	s := &streaming{bodies: []io.ReadCloser{
		printed(event, &CommandError{Verb: "get", ReturnCode: 1, Stderr: "Error from server (Expired): too old"}),
		printed(event, &CommandError{Verb: "get", ReturnCode: 1, Stderr: "Unable to connect to the server: unexpected EOF"}),
		printed("", &CommandError{Verb: "get", ReturnCode: 1, Stderr: "Error from server (Expired): too old"}),
		printed("", &CommandError{Verb: "get", ReturnCode: -1, Err: context.Canceled}),
	}}
	tr := &transport{executor: s}
	uri := "/apis/argoproj.io/v1alpha1/namespaces/ma/workflows?watch=true"
	read := func() (int, string, error) {
		resp, err := tr.RoundTrip(request(t, "GET", uri, ""))
		if err != nil {
			return 0, "", err
		}
		text, err := io.ReadAll(resp.Body)
		if closed := resp.Body.Close(); closed != nil {
			t.Error(closed)
		}
		return resp.StatusCode, string(text), err
	}
	code, text, err := read()
	rest, found := strings.CutPrefix(text, event)
	if code != 200 || err != nil || !found || !strings.Contains(rest, `"type":"ERROR"`) || !strings.Contains(rest, `"reason":"Expired"`) {
		t.Errorf("%d, %s, %v", code, text, err)
	}
	if code, text, err := read(); code != 200 || text != event || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d, %s, %v", code, text, err)
	}
	if code, text, err := read(); code != 410 || err != nil || !strings.Contains(text, `"reason":"Expired"`) {
		t.Errorf("%d, %s, %v", code, text, err)
	}
	if _, _, err := read(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A kubelet that fails to read a log writes its error into an answer with code 200, which kubectl
// prints to its standard output before it ends with 0.
func TestKubeletsErrorIsNoLineOfALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const line = "2026-11-30T08:00:00.000000001Z done\n"
		for log, want := range map[string]error{
			line: nil,
			line + "unable to retrieve container logs for containerd://1":                         workflow.ErrUnavailable,
			`failed to try resolving symlinks in path "/var/log/pods/p/main/0.log": lstat failed`: workflow.ErrUnavailable,
		} {
			printing := executorFunc(func(cmd Command) CommandOutput {
				uri := cmd.Args[len(cmd.Args)-1]
				switch {
				case strings.Contains(uri, "/pods/p/log"):
					return CommandOutput{Stdout: log}
				case strings.Contains(uri, "/pods"):
					return CommandOutput{Stdout: `{"apiVersion":"v1","kind":"PodList","metadata":{},"items":[{"apiVersion":"v1","kind":"Pod",
						"metadata":{"name":"p","uid":"p"},"spec":{"restartPolicy":"Never","containers":[{"name":"main"}]},
						"status":{"phase":"Succeeded"}}]}`}
				}
				return CommandOutput{Stdout: running}
			})
			var lines []string
			var failed error
			for l, err := range kubectl(t, printing).Logs(t.Context(), "w", workflow.LogOptions{}) {
				if failed = err; err == nil {
					lines = append(lines, l.Text)
				}
			}
			if strings.Join(lines, "|") != strings.Repeat("done", strings.Count(log, line)) || !errors.Is(failed, want) {
				t.Errorf("%q: %q, %v", log, lines, failed)
			}
		}
	})
}

type executorFunc func(Command) CommandOutput

func (f executorFunc) ExecuteCommand(_ context.Context, cmd Command) (CommandOutput, error) {
	return f(cmd), nil
}
