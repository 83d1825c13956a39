package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/examples/service/internal/api"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// soon is longer than anything here takes.
const soon = 90 * time.Second

// slow is a backfill whose pause blocks until it is released, or its context ends.
type slow struct {
	backfill.Backfill
	begun, release chan struct{}
	stubborn       bool // it ignores its context
}

func (s *slow) Pause(ctx context.Context) error {
	close(s.begun)
	if s.stubborn {
		<-s.release
		return nil
	}
	select {
	case <-s.release:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// logBook is a log that can be read while it is written.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

// find waits for an entry, and returns its value for key.
func (l *logBook) find(t *testing.T, message, key string) string {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); <-ticker.C {
		l.mu.Lock()
		text := l.text.String()
		l.mu.Unlock()
		for line := range strings.Lines(text) {
			var entry map[string]any
			if json.Unmarshal([]byte(line), &entry) == nil && entry["msg"] == message {
				return fmt.Sprint(entry[key])
			}
		}
	}
	t.Fatalf("%q isn't logged", message)
	return ""
}

// process is the service from its start to its end.
type process struct {
	t       *testing.T
	url     string
	log     *logBook
	end     context.CancelFunc
	ended   chan error
	pausing *slow
}

func begin(t *testing.T, s settings) *process {
	t.Helper()
	p := &process{t: t, log: &logBook{}, ended: make(chan error, 1), pausing: &slow{begun: make(chan struct{}), release: make(chan struct{})}}
	log := slog.New(slog.NewJSONHandler(p.log, nil))
	server, err := api.New(api.Options{
		Backfills: []api.Backfill{{Backfill: p.pausing, Session: "s"}}, Log: log,
		Ready: func(context.Context) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.end = cancel
	s.listen = "127.0.0.1:0"
	go func() { p.ended <- serve(ctx, s, server, log) }()
	p.url = "http://" + p.log.find(t, "serving", "address")
	t.Cleanup(func() {
		cancel()
		http.DefaultClient.CloseIdleConnections()
	})
	return p
}

func (p *process) ask(method, path string) (int, string, error) {
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it has been read
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

type answer struct {
	code int
	text string
	err  error
}

// pause requests a pause, and waits until it is in progress.
func (p *process) pause() <-chan answer {
	answers := make(chan answer, 1)
	go func() {
		code, text, err := p.ask(http.MethodPost, "/api/v1/backfills/s/pause")
		answers <- answer{code, text, err}
	}()
	select {
	case <-p.pausing.begun:
	case <-time.After(soon):
		p.t.Fatal("nothing is under way")
	}
	return answers
}

func (p *process) wait() error {
	p.t.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-time.After(soon):
		p.t.Fatal("it doesn't end")
		return nil
	}
}

func TestShutdownInOrder(t *testing.T) {
	p := begin(t, settings{drain: 200 * time.Millisecond, finish: soon})
	if code, _, err := p.ask(http.MethodGet, "/readyz"); code != 200 || err != nil {
		t.Fatal(code, err)
	}
	paused := p.pause()
	p.end()
	p.log.find(t, "shutting down: no longer ready", "drain")
	for code := 0; code != 503; { // while draining, it reports 503 and keeps answering
		var err error
		if code, _, err = p.ask(http.MethodGet, "/readyz"); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-p.ended:
		t.Fatal("it hasn't waited for a request that is under way:", err)
	case <-time.After(400 * time.Millisecond): // twice the draining time
	}
	close(p.pausing.release)
	if a := <-paused; a.code != 204 || a.err != nil {
		t.Errorf("%+v", a)
	}
	if err := p.wait(); err != nil {
		t.Error(err)
	}
}

func TestShutdownHasATimeLimit(t *testing.T) {
	p := begin(t, settings{finish: 50 * time.Millisecond})
	paused := p.pause()
	p.end()
	if err := p.wait(); err != nil {
		t.Error(err)
	}
	p.log.find(t, "cancelling active requests", "after")
	if a := <-paused; a.err != nil || a.code != 503 || !strings.Contains(a.text, `"Canceled"`) {
		t.Errorf("it isn't told so: %+v", a)
	}
}

// The handlers' dependencies are closed after serve, so it also waits for a handler that ignores
// its context.
func TestHandlersAreWaitedFor(t *testing.T) {
	p := begin(t, settings{finish: 10 * time.Millisecond})
	p.pausing.stubborn = true
	paused := p.pause()
	p.end()
	if a := <-paused; a.err == nil {
		t.Errorf("%+v", a)
	}
	select {
	case err := <-p.ended:
		t.Error("it has ended before a handler:", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(p.pausing.release)
	if err := p.wait(); err != nil {
		t.Error(err)
	}
}

func TestAddressInUse(t *testing.T) {
	p := begin(t, settings{finish: soon})
	t.Setenv("KUBECONFIG", write(t, deadCluster))
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"--config", exampleConfig, "--journal", "", "--listen", strings.TrimPrefix(p.url, "http://")}, io.Discard, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), "address already in use") {
		t.Errorf("%d, %q", code, stderr.String())
	}
	p.end()
	if err := p.wait(); err != nil {
		t.Error(err)
	}
}
