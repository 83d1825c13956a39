package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// podList is a list of pods with so many containers each, all of which started at once.
func podList(pods, containers int, state string) map[string]any {
	var items []any
	for p := range pods {
		var specs, states []any
		for c := range containers {
			name := fmt.Sprintf("c%d", c)
			specs = append(specs, map[string]any{"name": name})
			states = append(states, map[string]any{
				"name": name, "state": map[string]any{state: map[string]any{"startedAt": "2026-11-23T10:00:00Z"}},
			})
		}
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": fmt.Sprintf("p%d", p), "uid": fmt.Sprintf("p-%d", p)},
			"spec":     map[string]any{"restartPolicy": "Never", "containers": specs},
			"status":   map[string]any{"phase": "Running", "containerStatuses": states},
		})
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "PodList", "metadata": map[string]any{"resourceVersion": "7"}, "items": items,
	}
}

// logServer serves a workflow that runs, its pods, and their logs.
type logServer struct {
	pods       map[string]any
	log        func(r *http.Request) (io.ReadCloser, error)
	open, most atomic.Int64
}

func (l *logServer) play(t *testing.T, ended bool) script {
	t.Helper()
	workflow := workflowObject(t, loggedYAML)
	if ended {
		if err := unstructured.SetNestedField(workflow.Object, "Succeeded", "status", "phase"); err != nil {
			t.Fatal(err)
		}
	}
	return func(r *http.Request) (any, error) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/log"):
			n := l.open.Add(1)
			for was := l.most.Load(); n > was && !l.most.CompareAndSwap(was, n); was = l.most.Load() {
			}
			body, err := l.log(r)
			if err != nil {
				l.open.Add(-1)
				return nil, err
			}
			return closer{body, func() { l.open.Add(-1) }}, nil
		case isWatch(r):
			return silence{until: r.Context()}, nil
		case strings.HasSuffix(r.URL.Path, "/pods"):
			return l.pods, nil
		}
		return workflow, nil
	}
}

func isFollowed(r *http.Request) bool { return r.URL.Query().Get("follow") != "" }

// longLog is a log of two lines of MaxLogLine that is made while it is read.
func longLog(container string) io.Reader {
	xs := strings.Repeat("x", 16<<10)
	var parts []io.Reader
	for i := range 2 {
		parts = append(parts, strings.NewReader(fmt.Sprintf("2026-11-23T10:00:0%d.%09dZ ", i, len(container))),
			io.LimitReader(letters(xs), MaxLogLine), strings.NewReader("\n"))
	}
	return io.MultiReader(parts...)
}

// letters are read again and again.
type letters string

func (l letters) Read(p []byte) (int, error) { return copy(p, l), nil }

// What is held is bounded, however many containers write however long lines.
func TestLogsHoldLittle(t *testing.T) {
	const containers, most = 200, 40 << 20
	for _, follow := range []bool{false, true} {
		t.Run(fmt.Sprintf("follow %v", follow), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // in which turns take no time
				state := map[bool]string{true: "running", false: "terminated"}[follow]
				server := &logServer{pods: podList(1, containers, state)}
				server.log = func(r *http.Request) (io.ReadCloser, error) {
					text := longLog(r.URL.Query().Get("container"))
					switch {
					case !follow:
						return io.NopCloser(text), nil
					case isFollowed(r):
						return io.NopCloser(io.MultiReader(text, untilDone{r.Context()})), nil
					}
					return io.NopCloser(strings.NewReader("")), nil
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var before, now runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				lines, held := 0, uint64(0)
				for _, err := range scripted(t, server.play(t, !follow)).Logs(ctx, "w", LogOptions{Follow: follow}) {
					if err != nil {
						t.Fatal(err)
					}
					if lines++; lines%100 == 50 {
						runtime.GC()
						runtime.ReadMemStats(&now)
						held = max(held, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
					}
					if lines == 2*containers {
						break
					}
				}
				if held > most || lines != 2*containers || server.most.Load() > logStreams {
					t.Errorf("%d lines, %d MiB were held, %d logs open", lines, held>>20, server.most.Load())
				}
			})
		})
	}
}

// The first line of thousands of logs does not wait for one request after the other.
func TestFirstOfManyLogsComesSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pods, answer = 2000, 10 * time.Millisecond
		server := &logServer{pods: podList(pods, 1, "terminated")}
		server.log = func(*http.Request) (io.ReadCloser, error) {
			time.Sleep(answer)
			return io.NopCloser(strings.NewReader("2026-11-23T10:00:00.5Z line\n")), nil
		}
		began, lines := time.Now(), 0
		for _, err := range scripted(t, server.play(t, true)).Logs(t.Context(), "w", LogOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			if lines++; lines == 1 && time.Since(began) > 5*answer {
				t.Errorf("the first line came after %v", time.Since(began))
			}
		}
		if took := time.Since(began); lines != pods || took > pods*answer/10 || server.most.Load() > logStreams {
			t.Errorf("%d lines of %d after %v, %d logs were open", lines, pods, took, server.most.Load())
		}
	})
}

// More containers than may be open at a time are followed all the same.
func TestFollowedLogsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const containers = 2*logStreams + 50
		server := &logServer{pods: podList(1, containers, "running")}
		began := time.Now()
		server.log = func(r *http.Request) (io.ReadCloser, error) {
			if !isFollowed(r) {
				return io.NopCloser(strings.NewReader("")), nil
			}
			text := "2026-11-23T10:00:01Z early\n"
			if time.Since(began) > time.Minute {
				text += "2026-11-23T10:01:00Z late\n"
			}
			return io.NopCloser(io.MultiReader(strings.NewReader(text), untilDone{r.Context()})), nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		got := map[string][]string{}
		lines := 0
		for line, err := range scripted(t, server.play(t, false)).Logs(ctx, "w", LogOptions{Follow: true}) {
			if err != nil {
				t.Fatal(err)
			}
			got[line.Container] = append(got[line.Container], line.Text)
			if lines++; lines == 2*containers {
				break
			}
		}
		for container, texts := range got {
			if !slices.Equal(texts, []string{"early", "late"}) {
				t.Errorf("%s: %q", container, texts)
			}
		}
		if server.most.Load() > logStreams || len(got) != containers {
			t.Errorf("%d logs were open, lines of %d containers came", server.most.Load(), len(got))
		}
	})
}

// A long line that never ends keeps no other from being read.
func TestUnfinishedLongLinesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const containers = longLines + 2
		server := &logServer{pods: podList(1, containers, "running")}
		server.log = func(r *http.Request) (io.ReadCloser, error) {
			if !isFollowed(r) {
				return io.NopCloser(strings.NewReader("")), nil
			}
			text := "2026-11-23T10:00:01Z " + strings.Repeat("x", 4*shortLine)
			if r.URL.Query().Get("container") == "c0" {
				time.Sleep(time.Second) // the others are first
				text += "\n"
			}
			return io.NopCloser(io.MultiReader(strings.NewReader(text), untilDone{r.Context()})), nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		for line, err := range scripted(t, server.play(t, false)).Logs(ctx, "w", LogOptions{Follow: true}) {
			if err != nil || line.Container != "c0" || len(line.Text) != 4*shortLine {
				t.Fatalf("%d bytes of %s, %v", len(line.Text), line.Container, err)
			}
			return
		}
	})
}

// A container has ended and its pod was deleted long before a slow consumer has read what was
// sent. All of it comes, and where the connection breaks off, that is known.
func TestSlowConsumerOfDeletedPod(t *testing.T) {
	const lines = 1000
	var text strings.Builder
	for i := range lines {
		fmt.Fprintf(&text, "2026-11-23T10:%02d:%02dZ line-%04d\n", i/60, i%60, i)
	}
	for name, end := range map[string]func(ctx context.Context) io.Reader{
		"to its end": func(context.Context) io.Reader { return strings.NewReader("") },
		"broken off": func(context.Context) io.Reader { return failingReader{io.ErrUnexpectedEOF} },
		"stalled":    func(ctx context.Context) io.Reader { return untilDone{ctx} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := followedSource(t, func(ctx context.Context, _ logQuery) (io.ReadCloser, error) {
					return io.NopCloser(io.MultiReader(lineByLine{ctx, strings.NewReader(text.String())}, end(ctx))), nil
				})
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				f := newLogFollower(nil, &status.WorkflowStatus{}, nil, cancel)
				live, stop := context.WithCancel(ctx)
				stream := &logStream{source: s, cancel: stop}
				pod := &followedPod{streams: []*logStream{stream}}
				time.AfterFunc(time.Second, pod.gone)
				go f.stream(ctx, live, stream, false)
				got := 0
				for over := false; !over; {
					select {
					case <-f.lines:
						got++
						time.Sleep(20 * time.Millisecond)
					case <-f.done:
						over = true
					}
				}
				if got != lines || s.missing == (name == "to its end") || ctx.Err() != nil {
					t.Errorf("%d lines of %d, missing %v, %v", got, lines, s.missing, context.Cause(ctx))
				}
			})
		})
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// A pod that is deleted before its log is read is named, after all lines of the others.
func TestLogsOfPodsThatAreDeletedMeanwhile(t *testing.T) {
	deleted := apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, "p1")
	for _, follow := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			server := &logServer{pods: podList(3, 1, "terminated")}
			server.log = func(r *http.Request) (io.ReadCloser, error) {
				if strings.Contains(r.URL.Path, "/p1/") {
					return nil, deleted
				}
				return io.NopCloser(strings.NewReader("2026-11-23T10:00:01Z line\n")), nil
			}
			got, err := logged(t, t.Context(), scripted(t, server.play(t, true)), LogOptions{Follow: follow})
			var missing *LogsIncompleteError
			if !errors.Is(err, ErrLogsIncomplete) || !errors.As(err, &missing) ||
				!slices.Equal(missing.Missing, []MissingLog{{Pod: "p1", Container: "c0"}}) || !strings.Contains(err.Error(), "p1/c0") {
				t.Errorf("follow %v: %v", follow, err)
			}
			if want := []string{"line", "line"}; !slices.Equal(got, want) {
				t.Errorf("follow %v: %q, want %q", follow, got, want)
			}
		})
	}
}

// What is known of a pod when it is deleted tells whether its containers had a log.
func TestDroppedPodsAreMissing(t *testing.T) {
	for name, tc := range map[string]struct {
		started, unseen, want bool
	}{
		"had started":                 {true, false, true},
		"had not started":             {false, false, false},
		"vanished while none watched": {false, true, true},
	} {
		c := scripted(t, nil)
		filter, err := LogOptions{Follow: true}.filter("w", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		s, err := status.FromUnstructured(workflowObject(t, loggedYAML))
		if err != nil {
			t.Fatal(err)
		}
		f := newLogFollower(c, s, filter, func(error) {})
		pod := &logPod{name: "p", uid: "p-1", nodeID: "w-4", containers: []logContainer{{name: "main"}}}
		f.update(t.Context(), pod, false)
		last := *pod
		last.containers = []logContainer{{name: "main", started: tc.started, ended: tc.started}}
		f.drop(&last, tc.unseen)
		if got := len(f.missing) > 0; got != tc.want || len(f.pods) > 0 {
			t.Errorf("%s: %v", name, f.missing)
		}
	}
}

// Long lines of containers that have come meanwhile do not keep those of the backlog from being
// read, on which they wait themselves.
func TestLongLinesOfNewPodsWaitForBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &logServer{pods: podList(1, 1, "running")}
		long := "2026-11-23T10:00:01Z " + strings.Repeat("x", 4*shortLine) + "\n"
		server.log = func(r *http.Request) (io.ReadCloser, error) {
			switch {
			case strings.Contains(r.URL.Path, "/p0/") && !isFollowed(r):
				time.Sleep(time.Second) // the others are first
				return io.NopCloser(strings.NewReader(long)), nil
			case strings.Contains(r.URL.Path, "/p0/") || !isFollowed(r):
				return io.NopCloser(untilDone{r.Context()}), nil
			}
			return io.NopCloser(io.MultiReader(strings.NewReader(long), untilDone{r.Context()})), nil
		}
		const later = longLines + 1
		var events bytes.Buffer
		for i, item := range podList(later+1, 1, "running")["items"].([]any) {
			if i == 0 {
				continue // which is there already
			}
			pod := item.(map[string]any)
			pod["apiVersion"], pod["kind"] = "v1", "Pod"
			if err := json.NewEncoder(&events).Encode(map[string]any{"type": "ADDED", "object": pod}); err != nil {
				t.Fatal(err)
			}
		}
		play := server.play(t, false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		lines := 0
		for _, err := range scripted(t, func(r *http.Request) (any, error) {
			if isWatch(r) && strings.HasSuffix(r.URL.Path, "/pods") {
				return io.NopCloser(io.MultiReader(&events, untilDone{r.Context()})), nil
			}
			return play(r)
		}).Logs(ctx, "w", LogOptions{Follow: true}) {
			if err != nil {
				t.Fatalf("after %d lines: %v", lines, err)
			}
			if lines++; lines == later+1 {
				return
			}
		}
	})
}

// Long lines that have not ended are not kept until they have.
func TestUnfinishedLongLinesAreNotKept(t *testing.T) {
	k := &keptLog{lines: []rawLine{{time: time.Now(), text: strings.Repeat("x", MaxLogLine/2)}}}
	s := k.source()
	s.goesOn = true
	if got, err := soFar(t, s); err != nil || len(got) > 0 {
		t.Fatalf("%d lines, %v", len(got), err)
	}
	if n := len(s.rest.line.text); n > shortLine {
		t.Errorf("%d bytes are kept", n)
	}
	// It is a line once the log is known to have ended with it, and part of a loss otherwise.
	if got, err := collect(s); err != nil || !slices.Equal(got, k.texts()) {
		t.Errorf("%d lines, %v", len(got), err)
	}
	s = k.source()
	if _, err := soFar(t, s); err != nil {
		t.Fatal(err)
	}
	s.complete = true
	if err := s.podGone(func(LogLine) error { return nil }); err != nil || !s.missing {
		t.Errorf("missing %v, %v", s.missing, err)
	}
}

// A connection that has failed is not read again.
func TestLogIsNotReadAfterItsError(t *testing.T) {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF} {
		reads := 0
		lines := newLineReader(readerFunc(func([]byte) (int, error) { reads++; return 0, end }), MaxLogLine)
		lines.peek()
		if _, err := lines.next(); !errors.Is(err, end) || reads != 1 {
			t.Errorf("%v after %d reads", err, reads)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
