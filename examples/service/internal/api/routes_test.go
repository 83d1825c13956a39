package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// verbs are the requests to a backfill, and the calls that they make.
var verbs = []struct {
	method, path, body string
	calls              string
	code               int
}{
	{"GET", "", "", "status", 200},
	{"GET", "/gates", "", "gates", 200},
	{"POST", "/start", "", "start", 200},
	{"POST", "/start", `{"restart":false}`, "start", 200},
	{"POST", "/start", `{"restart":true}`, "restart", 200},
	{"POST", "/pause", "", "pause", 204},
	{"POST", "/stop", "", "stop", 202},
	{"PUT", "/scale", `{"workers":3}`, "scale", 204},
	{"POST", "/gates/approve", `{"gates":["approve"],"outputs":{"by":"{{ann}}","budget":9007199254740993},"message":"go"}`, "approve", 200},
	{"POST", "/gates/reject", `{"all":true,"message":"no"}`, "reject", 200},
}

func TestVerbsReachTheBackfill(t *testing.T) {
	for _, v := range verbs {
		t.Run(v.method+v.path+v.body, func(t *testing.T) {
			f := &fake{}
			resp, text := newSite(t, f).send(v.method, "/api/v1/backfills/s"+v.path, v.body)
			if resp.code != v.code || f.calls() != v.calls {
				t.Fatalf("%d %s, %q", resp.code, text, f.calls())
			}
			switch v.calls {
			case "scale":
				if f.workers != 3 {
					t.Errorf("%d workers", f.workers)
				}
			case "approve":
				want := workflow.Decision{ // with a string, and no workflow.Expression, so that the client refuses it
					Gates: []string{"approve"}, Outputs: map[string]any{"by": "{{ann}}", "budget": json.Number("9007199254740993")}, Message: "go",
				}
				if !reflect.DeepEqual(f.approval, want) {
					t.Errorf("%+v", f.approval)
				}
			case "reject":
				if !reflect.DeepEqual(f.rejection, workflow.Decision{All: true, Message: "no"}) {
					t.Errorf("%+v", f.rejection)
				}
			}
			if v.code == 200 && (!json.Valid([]byte(text)) || resp.header.Get("Content-Type") != "application/json") {
				t.Errorf("%s: %s", resp.header.Get("Content-Type"), text)
			}
		})
	}
}

// errorCodes are the responses to errors of a backfill.
var errorCodes = map[error]struct {
	code   int
	reason string
}{
	backfill.ErrNotStarted:          {409, "NotStarted"},
	backfill.ErrEnded:               {409, "Ended"},
	&backfill.RunningError{}:        {409, "Running"},
	backfill.ErrNoWorkers:           {409, "NoWorkers"},
	backfill.ErrNoSnapshot:          {422, "NoSnapshot"},
	&workflow.PermissionError{}:     {403, "Forbidden"},
	workflow.ErrNotFound:            {404, "NotFound"},
	workflow.ErrTemplateNotFound:    {404, "TemplateNotFound"},
	workflow.ErrAlreadyExists:       {409, "AlreadyExists"},
	workflow.ErrUnauthorized:        {502, "Unauthorized"},
	workflow.ErrForbidden:           {403, "Forbidden"},
	workflow.ErrInvalid:             {422, "Invalid"},
	workflow.ErrConflict:            {409, "Conflict"},
	workflow.ErrIdempotencyMismatch: {409, "IdempotencyMismatch"},
	workflow.ErrNotInstalled:        {503, "NotInstalled"},
	workflow.ErrCompleted:           {409, "Completed"},
	workflow.ErrNotCompleted:        {409, "NotCompleted"},
	workflow.ErrNotSuspended:        {409, "NotSuspended"},
	workflow.ErrReplaced:            {409, "Replaced"},
	workflow.ErrDeleted:             {410, "Deleted"},
	workflow.ErrNodesOffloaded:      {501, "NodesOffloaded"},
	workflow.ErrNodesGone:           {501, "NodesGone"},
	workflow.ErrHistory:             {503, "History"},
	workflow.ErrUnreadable:          {502, "Unreadable"},
	workflow.ErrUnsupported:         {501, "Unsupported"},
	workflow.ErrUnavailable:         {503, "Unavailable"},
	workflow.ErrUnknownOutcome:      {504, "UnknownOutcome"},
	context.DeadlineExceeded:        {504, "DeadlineExceeded"},
	context.Canceled:                {503, "Canceled"},
	errors.New("something <else>"):  {500, "Other"},
}

func TestErrorsAreProblems(t *testing.T) {
	for err, want := range errorCodes {
		for _, v := range verbs {
			wrapped := fmt.Errorf("backfill %q: %w", "s", &workflow.Error{Op: workflow.OpGet, Namespace: "ma", Name: "w", Err: err})
			f := &fake{err: wrapped}
			resp, text := newSite(t, f).send(v.method, "/api/v1/backfills/s"+v.path, v.body)
			var p problem
			if jsonErr := json.Unmarshal([]byte(text), &p); jsonErr != nil || resp.header.Get("Content-Type") != "application/problem+json" {
				t.Fatalf("%s %s: %v, %s", v.method, v.path, jsonErr, text)
			}
			if resp.code != want.code || p.Status != want.code || p.Reason != want.reason || p.Type != "about:blank" ||
				p.Title != http.StatusText(want.code) || p.Detail != wrapped.Error() {
				t.Errorf("%v by %s %s: %d %+v", err, v.method, v.path, resp.code, p)
			}
			if again := resp.header.Get("Retry-After"); (again != "") != (want.code == 503) {
				t.Errorf("%v: Retry-After: %q", err, again)
			}
		}
	}
}

// The table has each reason once, and every reason of an error.
func TestTableOfCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range codes() {
		if seen[k.reason] || http.StatusText(k.code) == "" || k.code < 400 {
			t.Errorf("%+v", k)
		}
		seen[k.reason] = true
	}
	for _, want := range errorCodes {
		if !seen[want.reason] {
			t.Errorf("%s has no code", want.reason)
		}
	}
}

func TestProblemsNameFields(t *testing.T) {
	path := field.NewPath("outputs").Key("by")
	f := &fake{err: &workflow.InvalidError{Problems: field.ErrorList{field.Required(path, "who approves"), field.NotSupported(field.NewPath("workers"), 0, []string{"1"})}}}
	_, text := newSite(t, f).send("POST", "/api/v1/backfills/s/gates/approve", `{"all":true}`)
	var p problem
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Errors) != 2 || p.Errors[0] != (fieldProblem{"outputs[by]", "Required value: who approves"}) || p.Errors[1].Field != "workers" {
		t.Errorf("%+v", p.Errors)
	}
}

func TestRequestsAreRead(t *testing.T) {
	const scale = "/api/v1/backfills/s/scale"
	for name, tc := range map[string]struct {
		method, path, body string
		header             []string
		code               int
		want               string
	}{
		"unknown path":        {"GET", "/api/v1/nonsense", "", nil, 404, `"NoSuchAddress"`},
		"unknown file":        {"GET", "/etc/passwd", "", nil, 404, `"NoSuchAddress"`},
		"unknown session":     {"GET", "/api/v1/backfills/other", "", nil, 404, "no backfill with that session"},
		"unknown, to follow":  {"GET", "/api/v1/backfills/other/events", "", nil, 404, `"NoSuchAddress"`},
		"unknown, of logs":    {"GET", "/api/v1/backfills/other/logs", "", nil, 404, `"NoSuchAddress"`},
		"unknown, to change":  {"POST", "/api/v1/backfills/other/stop", "", nil, 404, `"NoSuchAddress"`},
		"wrong method":        {"GET", "/api/v1/backfills/s/stop", "", nil, 405, "this address accepts POST"},
		"wrong method, list":  {"DELETE", "/api/v1/backfills", "", nil, 405, `"MethodNotAllowed"`},
		"no JSON":             {"PUT", scale, `workers=3`, nil, 400, `"Malformed"`},
		"another type":        {"PUT", scale, `{"workers":3}`, []string{"Content-Type", "text/plain"}, 415, "application/json"},
		"type with a charset": {"PUT", scale, `{"workers":3}`, []string{"Content-Type", "application/json; charset=utf-8"}, 204, ""},
		"form":                {"POST", "/api/v1/backfills/s/stop", `a=b`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, ""},
		"unknown field":       {"PUT", scale, `{"workers":3,"wokers":4}`, nil, 400, "wokers"},
		"field for another":   {"POST", "/api/v1/backfills/s/pause", `{"restart":true}`, nil, 400, "restart"},
		"wrong kind":          {"PUT", scale, `{"workers":"many"}`, nil, 400, "workers"},
		"half a number":       {"PUT", scale, `{"workers":1.5}`, nil, 400, "workers"},
		"more behind":         {"PUT", scale, `{"workers":3}{"workers":4}`, nil, 400, "after the JSON object"},
		"cut off":             {"PUT", scale, `{"workers":`, nil, 400, "unexpected EOF"},
		"no UTF-8":            {"POST", "/api/v1/backfills/s/gates/approve", "{\"gates\":[\"\xff\"]}", nil, 400, "UTF-8"},
		"too large":           {"POST", "/api/v1/backfills/s/gates/reject", `{"message":"` + strings.Repeat("a", maxBody) + `"}`, nil, 413, "65536 bytes"},
		"tail in words":       {"GET", "/api/v1/backfills/s/logs?tail=all", "", nil, 400, "from 0 to 10000"},
		"tail too long":       {"GET", "/api/v1/backfills/s/logs?tail=10001", "", nil, 400, "from 0 to 10000"},
		"no workflow":         {"GET", "/api/v1/backfills/s/logs", "", nil, 501, `"Unsupported"`},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			resp, text := newSite(t, f).send(tc.method, tc.path, tc.body, tc.header...)
			if resp.code != tc.code || !strings.Contains(text, tc.want) || tc.code >= 400 && f.calls() != "" {
				t.Errorf("%d %s, %q", resp.code, text, f.calls())
			}
			if tc.code >= 400 && resp.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s", resp.header.Get("Content-Type"))
			}
		})
	}
	resp, _ := newSite(t, &fake{}).send("GET", "/api/v1/backfills/s/stop", "")
	if allow := resp.header.Get("Allow"); allow != "POST" {
		t.Errorf("Allow: %q", allow)
	}
}

func TestOtherSitesChangeNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		header []string
		code   int
	}{
		"a program":          {nil, 204},
		"the page":           {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://elsewhere.example"}, 204},
		"an address bar":     {[]string{"Sec-Fetch-Site", "none"}, 204},
		"another site":       {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a neighbour":        {[]string{"Sec-Fetch-Site", "same-site"}, 403},
		"another origin":     {[]string{"Origin", "https://elsewhere.example"}, 403},
		"another, to be old": {[]string{"Origin", "null"}, 403},
	} {
		for _, v := range verbs {
			f := &fake{}
			resp, text := newSite(t, f).send(v.method, "/api/v1/backfills/s"+v.path, v.body, tc.header...)
			want := v.code
			if tc.code == 403 { // reading takes a slot, too
				want = 403
			}
			if resp.code != want || want == 403 && (f.calls() != "" || !strings.Contains(text, `"CrossOrigin"`)) {
				t.Errorf("%s, %s %s: %d %s, %q", name, v.method, v.path, resp.code, text, f.calls())
			}
		}
	}
}

// A site may make its own name resolve to the service. Browsers then take its pages for the
// service's, so only the host name distinguishes them.
func TestOtherNamesReachNothing(t *testing.T) {
	for host, known := range map[string]bool{
		"localhost": true, "LOCALHOST:8080": true, "127.0.0.1:8080": true, "10.1.2.3": true, "[::1]:8080": true, "[::1]": true,
		"backfill-service": true, "Backfill-Service:80": true, "backfills.example": true,
		"elsewhere.example": false, "elsewhere.example:8080": false, "localhost.elsewhere.example": false,
		"backfill-service.elsewhere.example": false, "127.0.0.1.elsewhere.example": false, "": false,
	} {
		f := &fake{}
		s := newSite(t, f, func(o *Options) {
			o.Hosts = []string{"backfill-service", "Backfills.example"}
			o.Ready = func(context.Context) error { return errors.New("list pods is missing") }
			o.Page = map[string]http.Handler{"GET /{$}": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })}
		})
		handler := s.Handler()
		for _, target := range []string{"GET /", "GET /api/v1/backfills", "GET /api/v1/backfills/s/config", "POST /api/v1/backfills/s/pause"} {
			method, path, _ := strings.Cut(target, " ")
			req := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
			req.Host = host
			req.Header.Set("Sec-Fetch-Site", "same-origin")
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, req)
			if known != (answer.Code < 300) || !known && (answer.Code != 421 || !strings.Contains(answer.Body.String(), `"UnknownHost"`) || f.calls() != "") {
				t.Errorf("%q, %s: %d %s, %q", host, target, answer.Code, answer.Body, f.calls())
			}
		}
		for path, code := range map[string]int{"/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable} {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
			req.Host = host
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, req)
			if told := strings.Contains(answer.Body.String(), "list pods"); answer.Code != code || told != (known && path == "/readyz") {
				t.Errorf("a probe of %q: %d %s", host, answer.Code, answer.Body)
			}
		}
	}
}

// A decision is recorded as that of the user whom the proxy names. A client can't name one itself.
func TestDecisionsAreByTheUser(t *testing.T) {
	for _, verb := range []string{"approve", "reject"} {
		for header, want := range map[string]string{"X-Forwarded-User": "ann", "": ""} {
			f := &fake{}
			s := newSite(t, f, func(o *Options) { o.UserHeader = header })
			if resp, text := s.send("POST", "/api/v1/backfills/s/gates/"+verb, `{"all":true}`, "X-Forwarded-User", "ann"); resp.code != 200 {
				t.Errorf("%s: %d %s", verb, resp.code, text)
			}
			if got := f.approval.By + f.rejection.By; got != want {
				t.Errorf("%s, header %q: by %q", verb, header, got)
			}
			if resp, text := s.send("POST", "/api/v1/backfills/s/gates/"+verb, `{"all":true,"by":"bob"}`, "X-Forwarded-User", "ann"); resp.code != 400 {
				t.Errorf("%s by bob: %d %s", verb, resp.code, text)
			}
		}
	}
}

// A change that is bound to a run affects no other run.
func TestChangesAreBoundToARun(t *testing.T) {
	for _, v := range verbs {
		if v.method == "GET" {
			continue
		}
		for run, done := range map[string]bool{`"run":1`: true, `"run":2`: false, `"run":0`: false} {
			body := "{" + run + "}"
			if v.body != "" {
				body = strings.TrimSuffix(v.body, "}") + "," + run + "}"
			}
			f := &fake{}
			resp, text := newSite(t, f).send(v.method, "/api/v1/backfills/s"+v.path, body)
			switch {
			case done && (resp.code != v.code || f.calls() != "status "+v.calls):
				t.Errorf("%s %s: %d %s, %q", v.path, body, resp.code, text, f.calls())
			case !done && (resp.code != 409 || f.calls() != "status" || !strings.Contains(text, `"Conflict"`) || !strings.Contains(text, "is now at run 1")):
				t.Errorf("%s %s: %d %s, %q", v.path, body, resp.code, text, f.calls())
			}
		}
	}
	f := &fake{st: statusOf(backfill.StateRunning, "")}
	f.st.Workflow.UID = "seen"
	site := newSite(t, f)
	for verb, decision := range map[string]*workflow.Decision{"approve": &f.approval, "reject": &f.rejection} {
		if resp, text := site.send("POST", "/api/v1/backfills/s/gates/"+verb, `{"all":true,"run":1}`); resp.code != 200 || decision.UID != "seen" {
			t.Errorf("%s: %d %s, %+v", verb, resp.code, text, decision)
		}
	}
	f = &fake{err: workflow.ErrUnavailable}
	if resp, text := newSite(t, f).send("POST", "/api/v1/backfills/s/stop", `{"run":1}`); resp.code != 503 || f.calls() != "status" {
		t.Errorf("the run is unknown: %d %s, %q", resp.code, text, f.calls())
	}
}

func TestCallsAreLimited(t *testing.T) {
	f := &fake{block: true}
	s := newSite(t, f, func(o *Options) { o.MaxCalls, o.CallTimeout = 1, soon })
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.web.URL+"/api/v1/backfills/s/pause", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		if resp, err := s.web.Client().Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	eventually(t, "it is under way", func() bool { return f.calls() == "pause" })
	if resp, text := s.send("GET", "/api/v1/backfills/s/config", ""); resp.code != 503 || !strings.Contains(text, `"TooManyCalls"`) || resp.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", resp.code, text)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if resp, text := s.send("GET", path, ""); resp.code != 200 {
			t.Errorf("%s: %d %s", path, resp.code, text)
		}
	}
	leave()
	<-left
	eventually(t, "its place is given back", func() bool {
		resp, _ := s.send("GET", "/api/v1/backfills/s/config", "")
		return resp.code == 200
	})
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(soon); !so(); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	s := newSite(t, &fake{}, func(o *Options) {
		o.Page = map[string]http.Handler{"GET /{$}": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })}
	})
	for _, path := range []string{"/", "/api/v1/backfills", "/nonsense", "/healthz"} {
		resp, _ := s.send("GET", path, "")
		csp := resp.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self';") || strings.Contains(csp, "unsafe") ||
			resp.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, resp.header)
		}
	}
}

func TestListHidesNothing(t *testing.T) {
	broken := &fake{err: workflow.ErrUnavailable}
	s := newSite(t, &fake{}, func(o *Options) { o.Backfills = append(o.Backfills, Backfill{Backfill: broken, Session: "t"}) })
	_, text := s.send("GET", "/api/v1/backfills", "")
	var list struct {
		Backfills []struct {
			Session string
			Success bool
			Data    struct{ Status struct{ State string } }
			Error   string
			Reason  string
		}
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list.Backfills) != 2 {
		t.Fatalf("%v: %s", err, text)
	}
	if b := list.Backfills[0]; b.Session != "s" || !b.Success || b.Data.Status.State != "Running" {
		t.Errorf("%+v", b)
	}
	if b := list.Backfills[1]; b.Session != "t" || b.Success || b.Reason != "Unavailable" || b.Error == "" {
		t.Errorf("%+v", b)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	_, text := newSite(t, &fake{}).send("GET", "/api/v1/backfills/s/config", "")
	if strings.Contains(text, "hunter2") || !strings.Contains(text, `"admin"`) || !strings.Contains(text, `\"endpoint\":\"https://target\"`) {
		t.Error(text)
	}
}

func TestCallsHaveATimeLimit(t *testing.T) {
	s := newSite(t, &fake{block: true}, func(o *Options) { o.CallTimeout = 10 * time.Millisecond })
	resp, text := s.send("POST", "/api/v1/backfills/s/pause", "")
	if resp.code != http.StatusGatewayTimeout || !strings.Contains(text, `"DeadlineExceeded"`) {
		t.Errorf("%d %s", resp.code, text)
	}
}

func TestHealth(t *testing.T) {
	var missing error
	s := newSite(t, &fake{}, func(o *Options) { o.Ready = func(context.Context) error { return missing } })
	expect := func(path string, code int, want string) {
		t.Helper()
		if resp, text := s.send("GET", path, ""); resp.code != code || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", path, resp.code, text)
		}
	}
	expect("/readyz", 200, "ok")
	expect("/metrics", 404, "")
	missing = &workflow.PermissionError{Namespace: "ma", Missing: []workflow.MissingPermission{{Permission: workflow.Permission{Verb: "list", Resource: "pods"}}}}
	expect("/readyz", 503, "list pods")
	expect("/healthz", 200, "ok")
	missing = nil
	s.Drain()
	s.Drain()
	expect("/readyz", 503, "the service is shutting down")
	expect("/healthz", 200, "ok")
	expect("/api/v1/backfills/s", 200, "Running")
}

func TestMissingOptionsAreAnError(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("nothing is needed")
	}
	f, s := &fake{}, newSite(t, &fake{})
	for _, sessions := range [][]string{{"a", "a"}, {""}} {
		opts := Options{Log: s.opts.Log, Ready: s.opts.Ready}
		for _, session := range sessions {
			opts.Backfills = append(opts.Backfills, Backfill{Backfill: f, Session: session})
		}
		if _, err := New(opts); err == nil || !strings.Contains(err.Error(), "each backfill needs its own session") {
			t.Errorf("%q: %v", sessions, err)
		}
	}
}
