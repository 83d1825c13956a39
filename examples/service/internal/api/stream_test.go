package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// soon is longer than anything here takes, even on a busy machine.
const soon = time.Minute

// block is the text between two empty lines of a stream.
type block struct {
	id                 int64
	event, data, retry string
}

// reader reads a stream as a browser does.
type reader struct {
	t     *testing.T
	lines *bufio.Scanner
	close func()
}

func (s *site) stream(path string, header ...string) *reader {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), soon)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.web.URL+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.web.Client().Do(req) //nolint:bodyclose // reader.close does
	if err != nil {
		s.t.Fatal(err)
	}
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || kind != "text/event-stream" {
		s.t.Fatalf("%d %s", resp.StatusCode, kind)
	}
	r := &reader{s.t, bufio.NewScanner(resp.Body), func() { cancel(); _ = resp.Body.Close() }}
	r.lines.Buffer(nil, 4<<20)
	s.t.Cleanup(r.close)
	return r
}

// next returns the next block; more is false at the end.
func (r *reader) next() (b block, more bool) {
	r.t.Helper()
	for r.lines.Scan() {
		line := r.lines.Text()
		if line == "" {
			return b, true
		}
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "id":
			b.id, _ = strconv.ParseInt(value, 10, 64)
		case "event":
			b.event = value
		case "data":
			if b.data != "" {
				b.data += "\n"
			}
			b.data += value
		case "retry":
			b.retry = value
		default:
			r.t.Fatalf("line %q", line)
		}
	}
	return b, false
}

// event returns the next block with this event name.
func (r *reader) event(name string) block {
	r.t.Helper()
	for {
		b, more := r.next()
		switch {
		case !more:
			r.t.Fatalf("the stream has ended without %s: %v", name, r.lines.Err())
		case b.event == name:
			return b
		case b.event != "" && b.event != eventWhich && b.event != eventAlive:
			r.t.Fatalf("%+v; wanted %s", b, name)
		}
	}
}

func (r *reader) message() string {
	r.t.Helper()
	var s struct {
		Success bool
		Data    struct {
			Status struct{ Workflow struct{ Message string } }
		}
		Error string
	}
	if err := json.Unmarshal([]byte(r.event(eventStatus).data), &s); err != nil {
		r.t.Fatal(err)
	}
	return s.Data.Status.Workflow.Message + s.Error
}

// script returns a running backfill whose messages a test sends through the channel.
func script() (*fake, chan string) {
	return scripted(func(message string) *backfill.Status { return statusOf(backfill.StateRunning, message) })
}

func scripted[T any](status func(T) *backfill.Status) (*fake, chan T) {
	sent := make(chan T)
	f := &fake{follow: func(ctx context.Context) iter.Seq2[*backfill.Status, error] {
		return func(yield func(*backfill.Status, error) bool) {
			for {
				select {
				case each := <-sent:
					if !yield(status(each), nil) {
						return
					}
				case <-ctx.Done():
					yield(nil, ctx.Err())
					return
				}
			}
		}
	}}
	return f, sent
}

func TestEventsAreFramed(t *testing.T) {
	for data, want := range map[string]string{
		`{"a":1}`:         "id: 7\nevent: status\ndata: {\"a\":1}\n\n",
		"two\nlines":      "id: 7\nevent: status\ndata: two\ndata: lines\n\n",
		"no\rreturn\r\nx": "id: 7\nevent: status\ndata: noreturn\ndata: x\n\n",
		"":                "id: 7\nevent: status\ndata: \n\n",
		"\n\nevent: bye":  "id: 7\nevent: status\ndata: \ndata: \ndata: event: bye\n\n",
	} {
		rec := httptest.NewRecorder()
		s := stream{rec, http.NewResponseController(rec)}
		if err := s.event(7, "status", []byte(data), true); err != nil || rec.Body.String() != want || !rec.Flushed {
			t.Errorf("%q: %q, %v", data, rec.Body.String(), err)
		}
	}
}

func TestFollowing(t *testing.T) {
	f, messages := script()
	s := newSite(t, f)
	first := s.stream("/api/v1/backfills/s/events")
	if b, _ := first.next(); b.retry != "2000" {
		t.Errorf("%+v", b)
	}
	messages <- "one"
	if m := first.message(); m != "one" {
		t.Errorf("%q", m)
	}
	// Later clients get the current state at once, and so do clients that reconnect.
	second := s.stream("/api/v1/events")
	if b := second.event(eventWhich); b.data != `{"sessions":["s"],"heartbeatMs":15000}` {
		t.Errorf("%+v", b)
	}
	if m := second.message(); m != "one" {
		t.Errorf("%q", m)
	}
	messages <- "two"
	a, b := first.event(eventStatus), second.event(eventStatus)
	if a != b || !strings.Contains(a.data, `"message":"two"`) || !strings.Contains(a.data, `"session":"s"`) {
		t.Errorf("%+v and %+v", a, b)
	}
	messages <- "two" // is not a change
	messages <- "three"
	if c := first.event(eventStatus); c.id <= a.id || !strings.Contains(c.data, "three") {
		t.Errorf("%+v after %+v", c, a)
	}
	if n := f.followed.Load(); n != 1 {
		t.Errorf("it is followed %d times", n)
	}
	first.close()
	messages <- "four"
	second.event(eventStatus)
	second.close()
	s.publisher.following.Wait() // no client is left, so nothing is followed
	third := s.stream("/api/v1/events")
	messages <- "five"
	if m := third.message(); m != "five" {
		t.Errorf("%q", m)
	}
	if n := f.followed.Load(); n != 2 {
		t.Errorf("it was followed %d times", n)
	}
}

// A failure is shown as one, and following continues after the end of a run.
func TestFollowingContinues(t *testing.T) {
	var round int
	f := &fake{}
	next := make(chan struct{}) // a client that is slower than the rounds is shown the last one only
	f.follow = func(ctx context.Context) iter.Seq2[*backfill.Status, error] {
		round++
		n := round
		return func(yield func(*backfill.Status, error) bool) {
			select {
			case <-next:
			case <-ctx.Done():
				return
			}
			if n == 2 {
				yield(nil, fmt.Errorf("round two: %w", workflow.ErrUnavailable))
				return
			}
			yield(statusOf(backfill.StateSucceeded, fmt.Sprint("round ", n)), nil)
		}
	}
	r := newSite(t, f).stream("/api/v1/events")
	for _, want := range []string{"round 1", "round two: Kubernetes API unavailable", "round 3"} {
		next <- struct{}{}
		if m := r.message(); m != want {
			t.Errorf("%q, want %q", m, want)
		}
	}
}

// A change by this process is shown at once, and not at the next interval.
func TestAChangeIsShownAtOnce(t *testing.T) {
	f := &fake{}
	var round int
	f.follow = func(context.Context) iter.Seq2[*backfill.Status, error] {
		round++
		n := round
		return func(yield func(*backfill.Status, error) bool) {
			yield(statusOf(backfill.StateNotStarted, fmt.Sprint("round ", n)), nil)
		}
	}
	s := newSite(t, f, func(o *Options) { o.LookAgain = time.Hour })
	r := s.stream("/api/v1/events")
	r.message()
	s.send("POST", "/api/v1/backfills/s/start", "")
	if m := r.message(); m != "round 2" {
		t.Errorf("%q", m)
	}
}

// A client that doesn't read delays no other client, and a slow one gets the latest state.
func TestSlowReaders(t *testing.T) {
	f, states := scripted(func(st *backfill.Status) *backfill.Status { return st })
	s := newSite(t, f)
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", s.web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // nothing was written that could be lost
	fmt.Fprint(conn, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	fast := s.stream("/api/v1/events")
	sent := 0
	for i := 0; sent < 16<<20; i++ { // more than the kernel keeps for a connection
		st := wide(1, maxSteps)
		st.Workflow.Message = fmt.Sprint(i, " is said")
		for _, n := range st.Workflow.Nodes {
			n.Message = strings.Repeat("x", maxMessage)
		}
		select {
		case states <- st:
		case <-time.After(soon):
			t.Fatal("held up")
		}
		b := fast.event(eventStatus)
		if !strings.Contains(b.data, st.Workflow.Message) {
			t.Fatal("another")
		}
		sent += len(b.data)
	}
}

func TestHeartbeat(t *testing.T) {
	s := newSite(t, &fake{}, func(o *Options) {
		o.Heartbeat = 5 * time.Millisecond
		o.Backfills[0].Logs = &fakeLogs{hold: true}
	})
	for _, path := range []string{"/api/v1/events", "/api/v1/backfills/s/logs"} {
		r := s.stream(path)
		for beats := 0; beats < 3; {
			b, more := r.next()
			if !more {
				t.Fatal("ended")
			}
			if b.event == eventAlive && b.data == "{}" && b.id == 0 { // as an event, since pages see nothing else
				beats++
			}
		}
	}
}

func TestStreamsEndInOrder(t *testing.T) {
	s := newSite(t, &fake{}, func(o *Options) { o.Backfills[0].Logs = &fakeLogs{hold: true} })
	events, logs := s.stream("/api/v1/events"), s.stream("/api/v1/backfills/s/logs")
	last := events.event(eventStatus)
	logs.event(eventBegin)
	s.EndStreams()
	s.EndStreams()
	if b := events.event(eventBye); b.id != last.id {
		t.Errorf("%+v", b)
	}
	logs.event(eventBye)
	for _, r := range []*reader{events, logs} {
		if b, more := r.next(); more {
			t.Errorf("%+v after the end", b)
		}
	}
	s.stream("/api/v1/events").event(eventBye) // was opened too late
	s.Close()
	if resp, text := s.send("GET", "/healthz", ""); resp.code != 503 || !strings.Contains(text, "the service is shutting down") {
		t.Errorf("it goes on: %d %s", resp.code, text)
	}
}

func TestStreamsAreLimited(t *testing.T) {
	s := newSite(t, &fake{}, func(o *Options) {
		o.MaxStreams, o.MaxLogs = 1, 1
		o.Backfills[0].Logs = &fakeLogs{hold: true}
	})
	for _, path := range []string{"/api/v1/backfills/s/events", "/api/v1/backfills/s/logs"} {
		r := s.stream(path)
		r.next()
		if resp, text := s.send("GET", path, ""); resp.code != 503 || !strings.Contains(text, `"TooManyStreams"`) {
			t.Errorf("%s: %d %s", path, resp.code, text)
		}
		r.close()
		deadline := time.Now().Add(soon)
		for { // until the server has noticed
			if resp, _ := s.send("HEAD", path, ""); resp.code == 200 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: nothing is given back", path)
			}
		}
	}
}

func TestLogs(t *testing.T) {
	logs := &fakeLogs{lines: []workflow.LogLine{
		{Time: time.Unix(1, 0).UTC(), Pod: "p", Container: "main", Node: "n", Text: "one"},
		{Pod: "p", Container: "main", Text: "two\u2028<b>" + strings.Repeat("ü", maxLine)},
	}}
	f := &fake{}
	s := newSite(t, f, func(o *Options) { o.Backfills[0].Logs = logs })
	r := s.stream("/api/v1/backfills/s/logs?tail=7")
	if b := r.event(eventBegin); !strings.Contains(b.data, `"backfill-s"`) {
		t.Errorf("%+v", b)
	}
	if b := r.event(eventLine); b.data != `{"time":"1970-01-01T00:00:01Z","pod":"p","container":"main","node":"n","text":"one"}` || b.id != 1 {
		t.Errorf("%+v", b)
	}
	var line logLine
	if err := json.Unmarshal([]byte(r.event(eventLine).data), &line); err != nil || len(line.Text) > maxLine+8 || !strings.HasSuffix(line.Text, "ü …") {
		t.Errorf("%d bytes, %v", len(line.Text), err)
	}
	if b := r.event(eventEnd); b.data != "{}" {
		t.Errorf("%+v", b)
	}
	if _, more := r.next(); more {
		t.Error("it goes on")
	}
	if logs.name != "backfill-s" || !logs.opts.Follow || *logs.opts.Tail != 7 || logs.opts.UID != "u" {
		t.Errorf("%s %+v", logs.name, logs.opts)
	}
}

func TestUnreadableLogs(t *testing.T) {
	logs := &fakeLogs{err: workflow.ErrForbidden}
	s := newSite(t, &fake{}, func(o *Options) { o.Backfills[0].Logs = logs })
	r := s.stream("/api/v1/backfills/s/logs")
	r.event(eventBegin)
	if b := r.event(eventEnd); !strings.Contains(b.data, `"reason":"Forbidden"`) {
		t.Errorf("%+v", b)
	}
	st := statusOf(backfill.StateNotStarted, "")
	st.Run = 0
	s = newSite(t, &fake{st: st}, func(o *Options) { o.Backfills[0].Logs = logs })
	if resp, text := s.send("GET", "/api/v1/backfills/s/logs", ""); resp.code != 409 || !strings.Contains(text, `"NotStarted"`) {
		t.Errorf("%d %s", resp.code, text)
	}
}
