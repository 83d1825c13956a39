package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
)

// runningLogs answers for a running workflow and pod that write no log.
func runningLogs(t *testing.T) script {
	t.Helper()
	workflow := workflowObject(t, loggedYAML)
	return func(r *http.Request) (any, error) {
		pods := strings.HasSuffix(r.URL.Path, "/pods")
		switch {
		case isWatch(r), r.URL.Query().Get("follow") != "":
			return silence{until: r.Context()}, nil
		case strings.HasSuffix(r.URL.Path, "/log"):
			return io.NopCloser(strings.NewReader("")), nil
		case pods:
			return json.RawMessage(runningPods), nil
		case r.URL.Query().Get("fieldSelector") != "":
			return listOf("7", workflow), nil
		}
		return workflow, nil
	}
}

// countingLimiter never limits.
type countingLimiter struct {
	flowcontrol.RateLimiter

	asked atomic.Int64
}

func (l *countingLimiter) Accept()                    { l.asked.Add(1) }
func (l *countingLimiter) Wait(context.Context) error { l.asked.Add(1); return nil }

// The limit that a host sets applies to all requests of a client together: for objects, watches and
// logs.
func TestLimitOfHostHolds(t *testing.T) {
	const some = 5
	limiter := &countingLimiter{RateLimiter: flowcontrol.NewFakeAlwaysRateLimiter()}
	for name, tc := range map[string]struct {
		cfg  rest.Config
		most int64 // concurrent requests; 0: no limit
	}{
		"nothing is set":                  {rest.Config{}, 0},
		"a burst of the host without QPS": {rest.Config{Burst: some}, 0},
		"no limit, said by the host":      {rest.Config{QPS: -1, Burst: some}, 0},
		"QPS and burst of the host":       {rest.Config{QPS: 1e-6, Burst: some}, some},
		"QPS of the host":                 {rest.Config{QPS: 1e-6}, int64(rest.DefaultBurst)},
		"a limiter of the host":           {rest.Config{QPS: 1e-6, Burst: 1, RateLimiter: limiter}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter.asked.Store(0)
				var sent atomic.Int64
				play := runningLogs(t)
				tc.cfg.Host = "http://script"
				tc.cfg.Transport = scriptTransport(func(r *http.Request) (any, error) {
					if !isWatch(r) || !strings.HasSuffix(r.URL.Path, "/pods") { // client-go does not limit these
						sent.Add(1)
					}
					return play(r)
				})
				c, err := NewForConfig(&tc.cfg, Options{RetryFor: -1})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				// Get sends one request. Logs sends eight: a get, a list, two reads of logs, two
				// follows of logs, and a get and a watch of the workflow.
				if _, err := c.Get(ctx, "w"); err != nil {
					t.Fatal(err)
				}
				_ = readAllLogs(ctx, c)
				switch n := sent.Load(); {
				// Of two logs opened at the same time, one may have ended the other.
				case tc.most > 0 && (n > tc.most || n < min(tc.most, 9)-1), tc.most == 0 && n < 9:
					t.Errorf("%d requests were sent, want at most %d", n, tc.most)
				}
				asked, want := limiter.asked.Load() > 0, tc.cfg.RateLimiter != nil
				if asked != want || asked && limiter.asked.Load() != sent.Load() {
					t.Errorf("the host's limiter was asked %d times for %d requests", limiter.asked.Load(), sent.Load())
				}
			})
		})
	}
}

func TestUserAgentOfHost(t *testing.T) {
	for cfg, want := range map[string]string{"host/1": "host/1", "": rest.DefaultKubernetesUserAgent()} {
		synctest.Test(t, func(t *testing.T) {
			play := runningLogs(t)
			c, err := NewForConfig(&rest.Config{
				Host: "http://script", UserAgent: cfg, Transport: scriptTransport(func(r *http.Request) (any, error) {
					if got := r.UserAgent(); got != want {
						t.Errorf("%s: %q, want %q", r.URL.Path, got, want)
					}
					return play(r)
				}),
			}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_ = readAllLogs(ctx, c)
		})
	}
}

// The timeout of a configuration applies only to requests that are answered at once.
func TestTimeoutOfHostLeavesLongRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout, followed = 10 * time.Second, time.Hour
		var long [3]atomic.Int64 // watches of the workflow, watches of its pods, logs
		play := runningLogs(t)
		c, err := NewForConfig(&rest.Config{Host: "http://script", Timeout: timeout, Transport: scriptTransport(func(r *http.Request) (any, error) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/log"):
				long[2].Add(1)
			case isWatch(r) && strings.HasSuffix(r.URL.Path, "/pods"):
				long[1].Add(1)
			case isWatch(r):
				long[0].Add(1)
			}
			return play(r)
		})}, Options{WatchSilence: 2 * followed})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), followed)
		defer cancel()
		_ = readAllLogs(ctx, c)
		for i, want := range []int64{1, 1, 4} { // two reads of logs, and two follows
			if n := long[i].Load(); n != want {
				t.Errorf("%d requests of kind %d, want %d", n, i, want)
			}
		}
	})
}

// A slow read of an existing log may take longer than the timeout, too.
func TestTimeoutOfHostLeavesLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout, knownLines = 10 * time.Second, 10
		requests := 0
		play := loggedScript(workflowObject(t, loggedYAML))
		c, err := NewForConfig(&rest.Config{Host: "http://script", Timeout: timeout, Transport: scriptTransport(func(r *http.Request) (any, error) {
			if !strings.HasSuffix(r.URL.Path, "/known/log") {
				return play(r)
			}
			requests++
			return io.NopCloser(lineByLine{r.Context(), strings.NewReader(strings.Repeat("2026-11-23T10:00:00Z line\n", knownLines))}), nil
		})}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		lines := 0
		for _, err := range c.Logs(t.Context(), "w", LogOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(timeout) // a slow consumer
			lines++
		}
		if requests != 1 || lines != knownLines+1 {
			t.Errorf("%d lines with %d requests", lines, requests)
		}
	})
}

// lineByLine is a connection that delivers little at a time and ends with its request.
type lineByLine struct {
	ctx  context.Context //nolint:containedctx // stands in for a connection
	text io.Reader
}

func (l lineByLine) Read(p []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	return l.text.Read(p[:min(len(p), 40)])
}

// A request that should be answered at once ends after the timeout, which is a fault like any
// other.
func TestTimeoutOfHostEndsShortRequests(t *testing.T) {
	for name, call := range map[string]func(context.Context, *WorkflowClient) error{
		"Get":  func(ctx context.Context, c *WorkflowClient) error { _, err := c.Get(ctx, "w"); return err },
		"Wait": func(ctx context.Context, c *WorkflowClient) error { _, err := c.Wait(ctx, "w", Completed); return err },
		"Logs": readAllLogs,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const timeout = 10 * time.Second
				play, sent := runningLogs(t), 0
				c, err := NewForConfig(&rest.Config{Host: "http://script", Timeout: timeout, Transport: scriptTransport(func(r *http.Request) (any, error) {
					if isWatch(r) || strings.HasSuffix(r.URL.Path, "/log") {
						return play(r)
					}
					sent++
					if sent > 1 {
						return play(r)
					}
					<-r.Context().Done()
					return nil, r.Context().Err()
				})}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				err = call(ctx, c)
				if sent < 2 || err != nil && time.Since(began) < time.Minute || err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%d requests, %v after %v", sent, err, time.Since(began))
				}
			})
		})
	}
}

// The errors of all requests show the host, so a host with user information is refused.
func TestHostsHaveNoUserinfo(t *testing.T) {
	for _, host := range []string{"https://u:s3cr3t@host:6443", "u:s3cr3t@host", "https://s3cr3t@host/path", "https://u:s3cr3t@\x7f",
		"https://u:s3cr3t/x@host", "https://u:s3cr3t#x@host", "//u:s3cr3t@host", "u:s3cr3t/x@host"} {
		_, err := NewForConfig(&rest.Config{Host: host}, Options{})
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "cfg.Host") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: %v", host, err)
		}
	}
	for _, host := range []string{"", "host", "host:6443", "https://host:6443/k8s/clusters/a@b"} {
		if _, err := NewForConfig(&rest.Config{Host: host}, Options{}); err != nil {
			t.Errorf("%q: %v", host, err)
		}
	}
}

// Formatting a client never shows its credentials.
func TestClientsShowNoCredentials(t *testing.T) {
	_, err := NewForConfig(&rest.Config{Host: "https://host", BearerToken: "s3cr3t", Username: "u"}, Options{})
	if err == nil {
		t.Fatal("two kinds of credentials")
	}
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Error(err)
	}
	client, err := NewForConfig(&rest.Config{Host: "https://host", BearerToken: "s3cr3t"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, value := range []any{client, struct{ hidden Interface }{client}} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "s3cr3t") {
				t.Errorf("%s: %s", verb, text)
			}
		}
	}
}
