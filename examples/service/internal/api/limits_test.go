package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// mostAnswer is more than any answer about one backfill takes.
const mostAnswer = 2 << 20

// enormous returns a backfill with a string of a MiB wherever one can come from elsewhere, and many
// of everything. A control character takes six bytes of JSON.
func enormous() *backfill.Status {
	long := strings.Repeat("\x00", 1<<20)
	failed := errors.New(long)
	st := wide(50, 200)
	st.Workflow.Message = long
	st.Pods.Err, st.Shards.Err, st.FailedDocuments.Err = failed, failed, failed
	for _, n := range st.Workflow.Nodes {
		n.Message, n.DisplayName = long, long
	}
	st.Failed.Data = st.Workflow.Nodes
	for i := range 5000 {
		value := long
		st.Gates.Data = append(st.Gates.Data, workflow.Gate{ID: fmt.Sprint(i), Name: long, Message: long, Outputs: []workflow.GateOutput{
			{Name: long, Description: long, Enum: []string{long}, Default: &value},
		}})
	}
	return st
}

func TestAnswersAreBounded(t *testing.T) {
	st := enormous()
	f := &fake{st: st, waiting: st.Gates.Data}
	s := newSite(t, f)
	for _, path := range []string{"", "/gates"} {
		if resp, text := s.send("GET", "/api/v1/backfills/s"+path, ""); resp.code != 200 || len(text) > mostAnswer || !strings.Contains(text, `"more":`) {
			t.Errorf("%s: %d, %d bytes", path, resp.code, len(text))
		}
	}
	for _, path := range []string{"/start", "/gates/approve", "/gates/reject"} {
		if resp, text := s.send("POST", "/api/v1/backfills/s"+path, ""); resp.code != 200 || len(text) > mostAnswer {
			t.Errorf("%s: %d, %d bytes", path, resp.code, len(text))
		}
	}
	if resp, text := s.send("GET", "/api/v1/backfills", ""); resp.code != 200 || len(text) > mostAnswer {
		t.Errorf("%d, %d bytes", resp.code, len(text))
	}
	events := s.stream("/api/v1/events")
	if b := events.event(eventStatus); len(b.data) > mostAnswer {
		t.Errorf("an event of %d bytes", len(b.data))
	}
	events.close()

	invalid := &workflow.InvalidError{}
	for range 2 * maxListed {
		invalid.Problems = append(invalid.Problems, field.Invalid(field.NewPath(st.Workflow.Message[:10_000]), 1, st.Workflow.Message[:10_000]))
	}
	for _, err := range []error{invalid, errors.New(st.Workflow.Message)} {
		f.err = err
		for _, path := range []string{"/gates/approve", "/stop"} {
			if resp, text := s.send("POST", "/api/v1/backfills/s"+path, ""); resp.code < 400 || len(text) > mostAnswer {
				t.Errorf("%s: %d, %d bytes", path, resp.code, len(text))
			}
		}
		if _, text := s.send("GET", "/api/v1/backfills", ""); len(text) > mostAnswer {
			t.Errorf("%d bytes", len(text))
		}
	}
	s.web.Close()
	if s.log.Len() > mostAnswer {
		t.Errorf("%d bytes are logged", s.log.Len())
	}
}

// A part of a gate's outputs must not be sent as if it were complete.
func TestOutputsOfAGateAreShownInFullOrNotAtAll(t *testing.T) {
	value := strings.Repeat("x", maxOutputs)
	for size, whole := range map[int]bool{100: true, maxOutputs / 2: true, maxOutputs: false} {
		part := value[:size]
		for _, output := range []workflow.GateOutput{{Name: part}, {Default: &part}, {Enum: []string{part}}, {Description: part}} {
			shown, more := shownGates([]workflow.Gate{{Outputs: []workflow.GateOutput{output}}})
			if len(shown) != 1 || more != 0 || whole != (len(shown[0].Outputs) == 1) || whole == strings.Contains(shown[0].Message, outputsLeftOut) {
				t.Errorf("%d bytes: %+v", size, shown)
			}
		}
	}
	many := make([]workflow.GateOutput, maxOutputs)
	if shown, _ := shownGates([]workflow.Gate{{Outputs: many}}); shown[0].Outputs != nil {
		t.Errorf("%d outputs", len(shown[0].Outputs))
	}
}

func TestTextsAreCut(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "1234": "1234", "12345": "1234…", "ü12": "ü12", "üüü": "üü…", "日日": "日…", `12""`: `12"…`, "\x00": "…", "\xff": "…", "<": "…",
	} {
		if got := cut(text, 4); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"plain", "\x00\x1f\n\t\b", `"\`, "<>&", "\u2028\u2029", "\xff\xfe", "ü日\U0001F600", "\x7f"} {
		written, err := json.Marshal(text)
		if err != nil || len(written)-len(`""`) > sizeOf(text, 100) {
			t.Errorf("%q takes %d bytes, %v", text, len(written)-2, err)
		}
	}
}

// connect opens a connection and writes the beginning of a request.
func (s *site) connect(text string) net.Conn {
	s.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(s.t.Context(), "tcp", s.web.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write([]byte(text)); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// halfBody returns a request whose body is incomplete.
func halfBody(method, path string) string {
	return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
}

func TestMissingBodiesDelayNoOtherClient(t *testing.T) {
	s := newSite(t, &fake{}, func(o *Options) { o.MaxCalls, o.BodyTimeout = 8, soon })
	for range 64 {
		s.connect(halfBody("POST", "/api/v1/backfills/s/pause"))
		s.connect(halfBody("GET", "/api/v1/backfills/s"))
	}
	eventually(t, "the bodies begin", func() bool {
		s.bodies.mu.Lock()
		defer s.bodies.mu.Unlock()
		return s.bodies.sum == s.bodies.each
	})
	if resp, text := s.send("GET", "/api/v1/backfills/s", ""); resp.code != 200 {
		t.Errorf("%d %s", resp.code, text)
	}
	if resp, text := s.send("POST", "/api/v1/backfills/s/pause", ""); resp.code != 204 {
		t.Errorf("without a body: %d %s", resp.code, text)
	}
}

func TestBodiesHaveATimeLimit(t *testing.T) {
	f := &fake{}
	s := newSite(t, f, func(o *Options) { o.BodyTimeout = 10 * time.Millisecond })
	for _, method := range []string{"POST", "GET"} {
		path := map[string]string{"POST": "/api/v1/backfills/s/pause", "GET": "/api/v1/backfills/s"}[method]
		conn := s.connect(halfBody(method, path))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close() //nolint:errcheck // the test's end
		if resp.StatusCode != http.StatusRequestTimeout || !resp.Close || f.calls() != "" {
			t.Errorf("%s: %d, close: %t, %q", method, resp.StatusCode, resp.Close, f.calls())
		}
	}
	eventually(t, "their places are given back", func() bool { return s.bodies.take("x") })
}

// A log takes its slot before any request to the cluster, and each request is then made once.
func TestLogsTakeASlotBeforeTheirRequests(t *testing.T) {
	f := &fake{block: true}
	s := newSite(t, f, func(o *Options) { o.MaxLogs, o.CallTimeout = 8, soon; o.Backfills[0].Logs = &fakeLogs{} })
	refused := make(chan int, 400)
	for range cap(refused) {
		conn := s.connect("GET /api/v1/backfills/s/logs HTTP/1.1\r\nHost: localhost\r\n\r\n")
		go func() {
			if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
				refused <- resp.StatusCode
				_ = resp.Body.Close()
			}
		}()
	}
	for range cap(refused) - s.logs.each {
		if code := <-refused; code != http.StatusServiceUnavailable {
			t.Errorf("%d", code)
		}
	}
	if calls := f.calls(); calls != "status" {
		t.Errorf("%q", calls)
	}
}

// Time for the answer remains even if opening the log has used up its own.
func TestLogsReportWhyTheyFail(t *testing.T) {
	s := newSite(t, &fake{block: true}, func(o *Options) { o.CallTimeout = 50 * time.Millisecond; o.Backfills[0].Logs = &fakeLogs{} })
	web := httptest.NewUnstartedServer(s.Handler())
	web.Config.WriteTimeout = s.opts.CallTimeout
	web.Start()
	s.web.Close()
	s.web = web
	for _, path := range []string{"/api/v1/backfills/s/logs", "/api/v1/backfills/s"} {
		if resp, text := s.send("GET", path, ""); resp.code != http.StatusGatewayTimeout || !strings.Contains(text, `"DeadlineExceeded"`) {
			t.Errorf("%s: %d %s", path, resp.code, text)
		}
	}
}

// broken is a backfill whose Pause panics.
type broken struct{ *fake }

func (broken) Pause(context.Context) error { panic(http.ErrAbortHandler) }

func TestPanicsAreLoggedAndReleaseTheirSlots(t *testing.T) {
	f := &fake{}
	s := newSite(t, f, func(o *Options) {
		o.MaxCalls, o.UserHeader, o.Backfills[0].Backfill = 1, "X-Forwarded-User", broken{f}
	})
	for range 2 {
		conn := s.connect("POST /api/v1/backfills/s/pause HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-User: ann\r\nContent-Length: 2\r\n" +
			"Content-Type: application/json\r\n\r\n{}")
		if answer, err := io.ReadAll(conn); err != nil || len(answer) > 0 {
			t.Errorf("%q, %v", answer, err)
		}
	}
	if resp, text := s.send("POST", "/api/v1/backfills/s/stop", "", "X-Forwarded-User", "bob"); resp.code != 202 {
		t.Errorf("%d %s", resp.code, text)
	}
	s.web.Close()
	if lines := s.log.String(); strings.Count(lines, `"msg":"request"`) != 3 || strings.Count(lines, `"user":"ann","code":0`) != 2 {
		t.Error(lines)
	}
}

func TestOneClientCannotTakeAllSlots(t *testing.T) {
	s := newSite(t, &fake{}, func(o *Options) {
		o.MaxStreams, o.MaxLogs, o.UserHeader = 4, 4, "X-Forwarded-User"
		o.Backfills[0].Logs = &fakeLogs{hold: true}
	})
	for _, path := range []string{"/api/v1/events", "/api/v1/backfills/s/logs"} {
		for range 2 {
			s.stream(path, "X-Forwarded-User", "ann").next()
		}
		if resp, text := s.send("GET", path, "", "X-Forwarded-User", "ann"); resp.code != 503 || !strings.Contains(text, `"TooManyStreams"`) {
			t.Errorf("%s: %d %s", path, resp.code, text)
		}
		s.stream(path, "X-Forwarded-User", "bob").next()
		s.stream(path, "X-Forwarded-User", "dora").next()
		if resp, _ := s.send("GET", path, "", "X-Forwarded-User", "carl"); resp.code != 503 {
			t.Errorf("%s: %d, and all are taken", path, resp.code)
		}
	}
}

func TestSlots(t *testing.T) {
	s := newSlots(3)
	for i, step := range []struct {
		client string
		ok     bool
	}{{"a", true}, {"a", true}, {"a", false}, {"b", true}, {"b", false}, {"c", false}} {
		if s.take(step.client) != step.ok {
			t.Errorf("%d: %+v", i, step)
		}
	}
	s.give("a")
	if !s.take("c") {
		t.Error("nothing is given back")
	}
	for _, client := range []string{"a", "b", "c"} {
		s.give(client)
	}
	if s.sum != 0 || len(s.taken) != 0 {
		t.Errorf("%+v", s)
	}
	if only := newSlots(1); !only.take("a") || only.take("a") {
		t.Error("one of one")
	}
}

func TestClients(t *testing.T) {
	const header = "X-Forwarded-User"
	for name, tc := range map[string]struct {
		header, from string
		values       []string
		client, user string
	}{
		"an address":                {"", "192.0.2.1:5", nil, "192.0.2.1", ""},
		"a header nobody asked for": {"", "192.0.2.1:5", []string{"ann"}, "192.0.2.1", ""},
		"a user":                    {header, "192.0.2.1:5", []string{"ann"}, "user ann", "ann"},
		"no user":                   {header, "192.0.2.1:5", nil, "192.0.2.1", ""},
		"an empty one":              {header, "192.0.2.1:5", []string{""}, "192.0.2.1", ""},
		"two users":                 {header, "192.0.2.1:5", []string{"ann", "root"}, "192.0.2.1", ""},
		"one of a network":          {"", "[2001:db8::1]:5", nil, "2001:db8::/64", ""},
		"another of it":             {"", "[2001:db8::ffff:1%eth0]:5", nil, "2001:db8::/64", ""},
		"one of 4 as one of 6":      {"", "[::ffff:192.0.2.1]:5", nil, "192.0.2.1", ""},
		"no address":                {"", "@", nil, "@", ""},
		"a forged one":              {header, "@", []string{"ann\x9b2J\u202e"}, `user ann\x9b2J\u202e`, `ann\x9b2J\u202e`},
		"a long one":                {header, "@", []string{strings.Repeat("a", 10_000)}, "user " + strings.Repeat("a", maxName) + "…", strings.Repeat("a", maxName) + "…"},
	} {
		s := &Server{opts: Options{UserHeader: tc.header}}
		r := &http.Request{RemoteAddr: tc.from, Header: http.Header{header: tc.values}}
		if client, user := s.client(r), s.user(r); client != tc.client || user != tc.user {
			t.Errorf("%s: %q, %q", name, client, user)
		}
	}
}

// With a header for the user, the user is known or the request is refused, but for probes.
func TestRequestsNameOneUser(t *testing.T) {
	const header = "X-Forwarded-User"
	long := strings.Repeat("a", maxName)
	for name, tc := range map[string]struct {
		header string
		values []string
		says   string // "": accepted
	}{
		"without the option": {"", []string{"ann", "bob"}, ""},
		"a user":             {header, []string{"Ann Müller <ann@example.com>"}, ""},
		"a long one":         {header, []string{long}, ""},
		"none":               {header, nil, "is missing"},
		"an empty one":       {header, []string{""}, "is missing"},
		"two":                {header, []string{"ann", "ann"}, "more than once"},
		"too long":           {header, []string{long + "a"}, "more than 256 bytes"},
		"not printable":      {header, []string{"ann\u202ebob"}, "not printable"},
		"not UTF-8":          {header, []string{"ann\xff"}, "not printable"},
	} {
		f := &fake{}
		s := newSite(t, f, func(o *Options) {
			o.UserHeader = tc.header
			o.Page = map[string]http.Handler{"GET /{$}": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })}
		})
		handler := s.Handler()
		for _, target := range []string{"GET /", "GET /api/v1/backfills", "POST /api/v1/backfills/s/pause", "POST /api/v1/backfills/s/gates/approve", "GET /healthz", "GET /readyz"} {
			method, path, _ := strings.Cut(target, " ")
			req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(`{}`))
			req.Host = "localhost"
			req.Header[header] = tc.values
			req.Header.Set("Content-Type", "application/json")
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, req)
			refused := tc.says != "" && !isProbe(req)
			if refused != (answer.Code == http.StatusForbidden) || !refused && answer.Code >= 300 ||
				refused && (!strings.Contains(answer.Body.String(), `"UnknownUser"`) || !strings.Contains(answer.Body.String(), tc.says)) {
				t.Errorf("%s, %s: %d %s", name, target, answer.Code, answer.Body)
			}
		}
		if tc.says != "" && f.calls() != "" {
			t.Errorf("%s: %q", name, f.calls())
		}
		if tc.says == "" && tc.header != "" && f.approval.By != tc.values[0] {
			t.Errorf("%s: by %q", name, f.approval.By)
		}
	}
}

// The log says who made a request, and contains only visible characters, whatever the request
// contains.
func TestTheLogNamesTheClient(t *testing.T) {
	s := newSite(t, &fake{}, func(o *Options) { o.UserHeader = "X-Forwarded-User" })
	s.send("POST", "/api/v1/backfills/s/pause", "", "X-Forwarded-User", "ann")
	s.send("POST", "/api/v1/backfills/"+strings.Repeat("x", 10_000)+"/pause", "", "X-Forwarded-User", "bob")
	s.send("POST", "/api/v1/backfills/s/pause", "", "X-Forwarded-User", "eve\u009b2J")
	s.send("PUT", "/api/v1/backfills/s/scale", `{"\u202e\u009b":1}`, "X-Forwarded-User", "carl")
	s.send("GET", "/api/v1/backfills/s", "", "X-Forwarded-User", "dora") // is read only
	s.web.Close()
	var users []string
	for line := range strings.Lines(s.log.String()) {
		var entry struct{ Msg, Method, Path, User, From, Err string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if len(line) > 5000 || status.Printable(entry.Path+entry.User+entry.Err) != entry.Path+entry.User+entry.Err || entry.From == "" {
			t.Errorf("%q", line)
		}
		users = append(users, entry.Msg+" "+entry.User)
	}
	slices.Sort(users)
	want := []string{`refused bob`, `refused carl`, `refused eve\u009b2J`, `request ann`, `request bob`, `request carl`}
	if !slices.Equal(users, want) {
		t.Errorf("%q", users)
	}
}
