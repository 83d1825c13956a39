package podlogs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// state returns a workflow in the given phase.
func state(phase status.Phase) *status.WorkflowStatus {
	return &status.WorkflowStatus{Name: "w", UID: "u-1", Phase: phase}
}

// unchanged delivers no new states, like a workflow that keeps running.
func unchanged(ctx context.Context, _ func(*status.WorkflowStatus)) error {
	<-ctx.Done()
	return ctx.Err()
}

// cluster serves the pods of a workflow and their logs.
type cluster struct {
	pods map[string]any
	log  func(r *http.Request) (io.ReadCloser, error)
	// added are the pods that a watch reports. watchErr, if set, is the error of a watch of pods.
	added    []any
	watchErr func(ctx context.Context) error

	open, maxOpen atomic.Int64 // logs
}

func (c *cluster) List(context.Context, metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	list := &unstructured.UnstructuredList{}
	text, err := json.Marshal(c.pods)
	if err == nil {
		err = list.UnmarshalJSON(text)
	}
	return list, err
}

func (c *cluster) Watch(ctx context.Context, _ metav1.ListOptions) (watch.Interface, error) {
	if c.watchErr != nil {
		return nil, c.watchErr(ctx)
	}
	w := watch.NewRaceFreeFake()
	for _, pod := range c.added {
		w.Add(&unstructured.Unstructured{Object: pod.(map[string]any)})
	}
	return w, nil
}

// find returns the logs of the cluster's pods.
func (c *cluster) find(t *testing.T, s *status.WorkflowStatus) *Logs {
	t.Helper()
	served := func(r *http.Request) (*http.Response, error) {
		n := c.open.Add(1)
		for was := c.maxOpen.Load(); n > was && !c.maxOpen.CompareAndSwap(was, n); was = c.maxOpen.Load() {
		}
		body, err := c.log(r)
		var answer apierrors.APIStatus
		if err != nil {
			c.open.Add(-1)
		}
		switch {
		case errors.As(err, &answer):
			s := answer.Status()
			s.Kind, s.APIVersion = "Status", "v1"
			text, err := json.Marshal(s)
			return response(int(s.Code), io.NopCloser(strings.NewReader(string(text)))), err
		case err != nil:
			return nil, err
		}
		return response(http.StatusOK, closer{body, func() { c.open.Add(-1) }}), nil
	}
	client := &Client{Pods: c, REST: restClient(t, served), Namespace: "ns", RetryFor: 30 * time.Second, IdleTimeout: time.Hour}
	logs, err := client.Find(t.Context(), s, Selection{})
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

func response(code int, body io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

func restClient(t *testing.T, served func(*http.Request) (*http.Response, error)) rest.Interface {
	t.Helper()
	client, err := NewRESTClient(&rest.Config{Host: "http://cluster", QPS: -1, Transport: transport(served)})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// errStop is the error of a consumer that has read enough.
var errStop = errors.New("stop")

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type closer struct {
	io.ReadCloser
	closed func()
}

func (c closer) Close() error { c.closed(); return c.ReadCloser.Close() }

// podList returns a list of pods with the given number of containers each, which all started at the
// same time.
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
			"apiVersion": "v1", "kind": "Pod",
			"metadata": map[string]any{"name": fmt.Sprintf("p%d", p), "uid": fmt.Sprintf("p-%d", p)},
			"spec":     map[string]any{"restartPolicy": "Never", "containers": specs},
			"status":   map[string]any{"phase": "Running", "containerStatuses": states},
		})
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "PodList", "metadata": map[string]any{"resourceVersion": "7"}, "items": items,
	}
}

func isFollowed(r *http.Request) bool { return r.URL.Query().Get("follow") != "" }

// untilDone is a connection that delivers nothing.
type untilDone struct{ ctx context.Context }

func (u untilDone) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}

// keptLog is a container's log, served as by a kubelet: since has whole seconds, and tail is
// applied first.
type keptLog struct {
	lines []rawLine
	end   string // of the text: a line feed, or none after an unfinished last line
	// answers are given to the first requests in turn. Later requests get the log itself.
	answers []answer
	queries []query
	always  bool // the whole log is served, whatever is requested
}

type answer func(text string) (io.ReadCloser, error)

func (k *keptLog) open(_ context.Context, q query) (io.ReadCloser, error) {
	k.queries = append(k.queries, q)
	lines := k.lines
	if q.tail != nil {
		lines = lines[max(0, len(lines)-int(*q.tail)):]
	}
	var text strings.Builder
	for i, line := range lines {
		if !k.always && line.time.Before(q.since.Truncate(time.Second)) {
			continue
		}
		text.WriteString(line.time.Format("2006-01-02T15:04:05.000000000Z07:00") + " " + line.text)
		if i < len(lines)-1 {
			text.WriteString("\n")
		} else {
			text.WriteString(k.end)
		}
	}
	if n := len(k.queries); n <= len(k.answers) {
		return k.answers[n-1](text.String())
	}
	return io.NopCloser(strings.NewReader(text.String())), nil
}

func (k *keptLog) texts() []string { return texts(k.lines) }

func texts(lines []rawLine) []string {
	var texts []string
	for _, line := range lines {
		texts = append(texts, line.text)
	}
	return texts
}

func (k *keptLog) log() *containerLog {
	return &containerLog{
		client: &Client{RetryFor: time.Minute}, line: Line{Pod: "p", Container: "main"}, open: k.open, position: newPosition(time.Time{}),
		state: container{started: true, ended: true},
	}
}

// brokenAt serves the first n bytes and then an error, or an end that looks normal.
func brokenAt(n int, err error) answer {
	return func(text string) (io.ReadCloser, error) {
		n := min(n, len(text))
		return io.NopCloser(io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(err))), nil
	}
}

func whole(text string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }

func serves(text string) answer {
	return func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

func refuses(code int, reason metav1.StatusReason, text string) answer {
	return func(string) (io.ReadCloser, error) {
		return nil, &apierrors.StatusError{ErrStatus: metav1.Status{Code: int32(code), Reason: reason, Message: text}}
	}
}

// readAll reads a log that has ended.
func readAll(l *containerLog) ([]string, error) { return readLog(context.Background(), l, readFinal) }

// readPart reads what has been written of a log that continues.
func readPart(t *testing.T, l *containerLog) ([]string, error) {
	t.Helper()
	return readLog(t.Context(), l, readSoFar)
}

func readLog(ctx context.Context, l *containerLog, m mode) ([]string, error) {
	var texts []string
	err := l.readWritten(ctx, m, func(line Line) error {
		texts = append(texts, line.Text)
		return nil
	})
	return texts, err
}

// difficult returns a log with lines that are hard to distinguish: of the same second, with the
// same time, with the same text, out of order.
func difficult() []rawLine {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	at := func(d time.Duration, text string) rawLine { return rawLine{time: start.Add(d), text: text} }
	return []rawLine{
		at(0, "first"), at(0, "first"), at(1, "first"),
		at(900*time.Millisecond, "a"), at(1100*time.Millisecond, "from one stream"), at(990*time.Millisecond, "from the other"),
		at(1100*time.Millisecond, ""), at(1100*time.Millisecond, ""), at(1999999999, "just before"), at(2*time.Second, "on the second"),
		at(2*time.Second, "2026-11-23T10:00:00Z looks like a time"),
		at(10*time.Second, "after a while\r"), at(10*time.Second+1, "last"), at(10*time.Second+1, "last"),
	}
}

// regular returns a log with lines of the same text but different times. Identical lines could not
// be distinguished from those that a tail has excluded.
func regular() []rawLine {
	var lines []rawLine
	for i := range 10 {
		at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC).Add(time.Duration(300*i) * time.Millisecond)
		lines = append(lines, rawLine{time: at, text: fmt.Sprint(i / 2)})
	}
	return lines
}

type openAnswer = func(ctx context.Context, q query) (io.ReadCloser, error)

// answeredLog returns a log whose requests are answered in turn.
func answeredLog(t *testing.T, answers ...openAnswer) *containerLog {
	l := (&keptLog{}).log()
	l.open = func(ctx context.Context, q query) (io.ReadCloser, error) {
		if len(answers) == 0 {
			t.Errorf("another request: %+v", q)
			return nil, errors.New("no more")
		}
		next := answers[0]
		answers = answers[1:]
		return next(ctx, q)
	}
	t.Cleanup(func() {
		if len(answers) > 0 {
			t.Errorf("%d requests were not sent", len(answers))
		}
	})
	return l
}

// says answers with a text, and then ends if ends is true. Otherwise the connection stays open.
func says(t *testing.T, follow, ends bool, text string) openAnswer {
	return func(ctx context.Context, q query) (io.ReadCloser, error) {
		if q.follow != follow {
			t.Errorf("%q is requested with follow %v", text, q.follow)
		}
		if ends {
			return io.NopCloser(strings.NewReader(text)), nil
		}
		return io.NopCloser(io.MultiReader(strings.NewReader(text), untilDone{ctx})), nil
	}
}

// newTestStream returns a stream with its own coordinator, whose call fails with cancel.
func newTestStream(l *containerLog, cancel context.CancelCauseFunc) *stream {
	s := newCoordinator(&Logs{client: &Client{}, workflow: &status.WorkflowStatus{}}, cancel)
	return newStream(s, l, false)
}

// follow follows a log whose container ends after a delay for the given reason. It returns the
// lines and how long that took.
func follow(t *testing.T, l *containerLog, reason ending, ends time.Duration) ([]string, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	stream := newTestStream(l, cancel)
	began := time.Now()
	stream.start(ctx)
	time.AfterFunc(ends, func() { stream.finish(reason) })
	var got []string
	for {
		select {
		case line := <-stream.coordinator.lines:
			got = append(got, line.line.Text)
		case <-stream.coordinator.done:
			if ctx.Err() != nil {
				t.Error(context.Cause(ctx))
			}
			return got, time.Since(began)
		}
	}
}

// collect returns the sorted texts that a call emits.
func collect(call func(emit func(Line) error) error) ([]string, error) {
	var got []string
	err := call(func(line Line) error {
		got = append(got, line.Text)
		return nil
	})
	slices.Sort(got)
	return got, err
}
