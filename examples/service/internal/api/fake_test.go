package api

import (
	"bytes"
	"context"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// fake is a backfill that records its calls and returns what the test sets.
type fake struct {
	backfill.Backfill // nil: all methods in use are below
	err               error
	st                *backfill.Status
	follow            func(ctx context.Context) iter.Seq2[*backfill.Status, error]
	block             bool // calls block until their context ends
	waiting           []workflow.Gate

	mu        sync.Mutex
	called    []string
	approval  workflow.Decision
	rejection workflow.Decision
	workers   int
	followed  atomic.Int64
}

func (f *fake) note(ctx context.Context, what string) error {
	f.mu.Lock()
	f.called = append(f.called, what)
	f.mu.Unlock()
	if f.block {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return f.err
}

func (f *fake) calls() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.called, " ")
}

func (f *fake) Status(ctx context.Context) (*backfill.Status, error) {
	return f.st, f.note(ctx, "status")
}
func (f *fake) Start(ctx context.Context) (*backfill.Status, error) {
	return f.st, f.note(ctx, "start")
}
func (f *fake) Restart(ctx context.Context) (*backfill.Status, error) {
	return f.st, f.note(ctx, "restart")
}
func (f *fake) Pause(ctx context.Context) error { return f.note(ctx, "pause") }
func (f *fake) Stop(ctx context.Context) error  { return f.note(ctx, "stop") }

func (f *fake) Scale(ctx context.Context, workers int) error {
	f.workers = workers
	return f.note(ctx, "scale")
}

func (f *fake) gates() []workflow.Gate {
	if f.waiting != nil {
		return f.waiting
	}
	return []workflow.Gate{{ID: "g", Name: "approve"}}
}

func (f *fake) Gates(ctx context.Context) ([]workflow.Gate, error) {
	return f.gates(), f.note(ctx, "gates")
}

func (f *fake) Approve(ctx context.Context, approval workflow.Decision) (*workflow.DecisionResult, error) {
	f.approval = approval
	return &workflow.DecisionResult{Gates: f.gates()}, f.note(ctx, "approve")
}

func (f *fake) Reject(ctx context.Context, rejection workflow.Decision) (*workflow.DecisionResult, error) {
	f.rejection = rejection
	return &workflow.DecisionResult{Gates: f.gates()}, f.note(ctx, "reject")
}

func (f *fake) Describe() backfill.Config {
	cfg := backfill.Config{}
	cfg.TargetCluster.Endpoint = "https://admin:hunter2@target:9200"
	cfg.Backfill.Argo = &backfill.Argo{Parameters: map[string]any{
		"target-config": `{"endpoint":"https://target","basic_auth":{"username":"admin","password":"hunter2"}}`,
		"source":        map[string]any{"host": "https://admin:hunter2@source", "api-token": "hunter2"},
	}}
	cfg.TargetCluster.Basic = &backfill.BasicAuth{Username: "admin", Password: backfill.NewSecret("hunter2")}
	return cfg
}

func (f *fake) Follow(ctx context.Context, _ backfill.FollowOptions) iter.Seq2[*backfill.Status, error] {
	f.followed.Add(1)
	if f.follow != nil {
		return f.follow(ctx)
	}
	return func(yield func(*backfill.Status, error) bool) {
		if yield(f.st, f.err) {
			<-ctx.Done()
		}
	}
}

// fakeLogs returns the lines of a workflow.
type fakeLogs struct {
	lines []workflow.LogLine
	err   error
	hold  bool // the stream stays open without further lines

	mu   sync.Mutex
	name string // of the last call
	opts workflow.LogOptions
}

func (f *fakeLogs) Logs(ctx context.Context, name string, opts workflow.LogOptions) iter.Seq2[workflow.LogLine, error] {
	f.mu.Lock()
	f.name, f.opts = name, opts
	f.mu.Unlock()
	return func(yield func(workflow.LogLine, error) bool) {
		for _, line := range f.lines {
			if !yield(line, nil) {
				return
			}
		}
		if f.hold {
			<-ctx.Done()
		}
		if f.err != nil {
			yield(workflow.LogLine{}, f.err)
		}
	}
}

func statusOf(state backfill.State, message string) *backfill.Status {
	return &backfill.Status{
		Session: "s", State: state, Run: 1,
		Workflow: &status.WorkflowStatus{Namespace: "ma", Name: "backfill-s", UID: "u", Message: message},
	}
}

// site is a server with one backfill, and a client of it.
type site struct {
	*Server
	t   *testing.T
	web *httptest.Server
	log *bytes.Buffer // valid after the server's end
}

func newSite(t *testing.T, f *fake, change ...func(*Options)) *site {
	t.Helper()
	if f.st == nil {
		f.st = statusOf(backfill.StateRunning, "")
	}
	log := &bytes.Buffer{}
	opts := Options{
		Backfills: []Backfill{{Backfill: f, Session: "s"}},
		Log:       slog.New(slog.NewJSONHandler(&locked{w: log}, nil)),
		Ready:     func(context.Context) error { return nil },
		LookAgain: time.Millisecond,
	}
	for _, each := range change {
		each(&opts)
	}
	server, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{server, t, httptest.NewServer(server.Handler()), log}
	t.Cleanup(func() {
		server.EndStreams()
		s.web.Close()
		server.Close()
	})
	return s
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(text)
}

// reply is the response to a request.
type reply struct {
	code   int
	header http.Header
}

// send sends a request, with a body as JSON if there is one.
func (s *site) send(method, path, body string, header ...string) (reply, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.web.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.web.Client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it has been read
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header}, string(text)
}
