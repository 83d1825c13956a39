package argoserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argoserver"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// checkError checks the kind of an error, and that nothing secret is in it or in what it wraps.
func checkError(t *testing.T, name string, err error, kind error, transient bool) {
	t.Helper()
	var typed *argoserver.Error
	if !errors.As(err, &typed) {
		t.Errorf("%s: %v", name, err)
		return
	}
	for _, sentinel := range []error{
		workflow.ErrNotFound, workflow.ErrInvalid, workflow.ErrHistory, workflow.ErrAlreadyExists, workflow.ErrUnknownOutcome,
	} {
		if errors.Is(err, sentinel) != errors.Is(kind, sentinel) {
			t.Errorf("%s: %v, which should be %v", name, err, kind)
		}
	}
	if typed.Transient() != transient {
		t.Errorf("%s: %v is transient: %t", name, err, !transient)
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if strings.Contains(cause.Error(), "secret") || strings.Contains(cause.Error(), "://") {
			t.Errorf("%s: %v says too much", name, cause)
		}
	}
}

// Only Argo's own answer means that there is no such workflow.
func TestAnswers(t *testing.T) {
	type answer struct {
		status    int
		body      string
		kind      error
		transient bool
		says      string
	}
	const valid = `{"metadata":{"uid":"1","name":"a","namespace":"ma"}}`
	history := workflow.ErrHistory
	for name, next := range map[string]answer{
		"argo's 404":             {404, `{"code":5,"message":"not found"}`, workflow.ErrNotFound, false, "not found"},
		"argo's 404 with error":  {404, `{"error":"not found","code":5,"message":"not found","details":[]}`, workflow.ErrNotFound, false, "not found"},
		"a 404 of Kubernetes":    {404, `{"kind":"Status","code":404,"message":"not found"}`, history, false, "is Options.URL right?"},
		"a 404 of the gateway":   {404, `{"code":5,"message":"Not Found"}`, history, false, "is Options.URL right?"},
		"a 404 of what it asked": {404, `{"code":5,"message":"the server could not find the requested resource"}`, history, false, "is Options.URL right?"},
		"a 404 of a proxy":       {404, `<html>not found</html>`, history, false, "is Options.URL right?"},
		"an empty 404":           {404, ``, history, false, "is Options.URL right?"},
		"a 410":                  {410, `{"code":5,"message":"not found"}`, history, false, "refused the request (410)"},
		"a 500 that says so":     {500, `{"code":5,"message":"not found"}`, history, true, "cannot answer now (500)"},
		"no token":               {401, `{"code":16,"message":"token not valid: secret"}`, history, false, "does not accept the token"},
		"no permission":          {403, `{"code":7,"message":"permission denied: secret"}`, history, false, "lacks a permission"},
		"bad request":            {400, `{"code":3,"message":"secret"}`, history, false, "refused the request (400)"},
		"rate limit":             {429, `secret`, history, true, "too many requests"},
		"no database":            {500, `{"code":13,"message":"dial tcp: user=secret"}`, history, true, "cannot answer now (500)"},
		"no archive":             {500, `{"code":13,"message":"getting archived workflows not supported"}`, history, false, "has no archive"},
		"unknown request":        {501, `{"code":12,"message":"Not Implemented"}`, history, false, "3.6 or later"},
		"a gateway's 502":        {502, `secret`, history, true, "cannot answer now (502)"},
		"a 503":                  {503, `{"code":14,"message":"secret"}`, history, true, "cannot answer now (503)"},
		"a 504":                  {504, ``, history, true, "cannot answer now (504)"},
		"a redirect":             {302, ``, history, false, "redirects (302), which is not followed"},
		"nothing":                {204, ``, history, false, "refused the request (204)"},
		"a login page":           {200, `<html>secret</html>`, history, false, "not a JSON object"},
		"null":                   {200, `null`, history, false, "not a JSON object"},
		"a list":                 {200, `[` + valid + `]`, history, false, "not a JSON object"},
		"half an object":         {200, valid[:20], history, false, "not a JSON object"},
		"another kind":           {200, `{"kind":"Pod","metadata":{"uid":"1","namespace":"ma"}}`, history, false, "not a Workflow"},
		"another workflow":       {200, `{"metadata":{"uid":"2","namespace":"ma"}}`, history, false, "another workflow"},
		"an empty object":        {200, `{}`, history, false, "another workflow"},
		"strange members":        {200, `{"kind":1,"metadata":[{"uid":"1"}]}`, history, false, "another workflow"},
		"another namespace":      {200, `{"metadata":{"uid":"1","namespace":"other"}}`, workflow.ErrNotFound, false, "not found"},
		"success":                {200, valid, nil, false, ""},
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://secret.example")
			w.WriteHeader(next.status)
			_, _ = io.WriteString(w, next.body)
		})
		client := clientOf(t, server.URL)
		u, err := client.ByUID(t.Context(), "ma", "1")
		if next.kind == nil {
			if err != nil || u.GetName() != "a" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		checkError(t, name, err, next.kind, next.transient)
		var typed *argoserver.Error
		if !errors.As(err, &typed) || !strings.Contains(err.Error(), next.says) ||
			next.status != http.StatusOK && typed.Status != next.status || len(typed.Message) > 1<<10 {
			t.Errorf("%s: %v", name, err)
		}
		if next.status == http.StatusOK {
			continue
		}
		// A list cannot be not found.
		for _, listErr := range []error{second(listed(t.Context(), client, workflow.HistoryQuery{Namespace: "ma"})), second(client.ByName(t.Context(), "ma", "a"))} {
			checkError(t, name+", listed", listErr, history, next.transient)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// What is not the list of an archive is not an empty one.
func TestListsThatAreNone(t *testing.T) {
	const item = `{"metadata":{"uid":"1","name":"a","namespace":"ma"},"status":{"startedAt":"2026-11-30T12:00:00Z"}}`
	for name, body := range map[string]string{
		"an empty object":      `{}`,
		"null":                 `null`,
		"a page":               `<html></html>`,
		"no items":             `{"metadata":{}}`,
		"no metadata":          `{"items":[]}`,
		"items of a kind":      `{"metadata":{},"items":"none"}`,
		"strange items":        `{"metadata":{},"items":[1]}`,
		"no UID":               `{"metadata":{},"items":[{"metadata":{"name":"a","namespace":"ma"}}]}`,
		"a UID that is a path": `{"metadata":{},"items":[{"metadata":{"name":"a","namespace":"ma","uid":"../x"}}]}`,
		"another namespace":    `{"metadata":{},"items":[` + strings.Replace(item, `"ma"`, `"other"`, 1) + `]}`,
		"no time":              `{"metadata":{},"items":[` + strings.Replace(item, "2026", "soon", 1) + `]}`,
		"more that never come": `{"metadata":{"continue":"100"},"items":[]}`,
		"a page again":         `{"metadata":{"continue":"100"},"items":[` + item + `]}`,
	} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/api/v1/archived-workflows":
				_, _ = io.WriteString(w, body)
			case "/api/v1/archived-workflows/1":
				_, _ = io.WriteString(w, item)
			default:
				refuse(w, http.StatusNotFound, 5, "not found")
			}
		})
		_, err := listed(t.Context(), clientOf(t, server.URL), workflow.HistoryQuery{Namespace: "ma"})
		checkError(t, name, err, workflow.ErrHistory, false)
	}
}

// A token is for the server of the URL alone.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var called atomic.Int32
	thief := serve(t, func(http.ResponseWriter, *http.Request) { called.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, thief.URL, status) })
		client := clientOf(t, server.URL, func(o *argoserver.Options) { o.HTTP.Transport = bearer{o.HTTP.Transport} })
		for _, err := range []error{
			second(client.ByUID(t.Context(), "ma", "1")), second(client.ByName(t.Context(), "ma", "a")),
			second(listed(t.Context(), client, workflow.HistoryQuery{})),
		} {
			checkError(t, fmt.Sprint(status), err, workflow.ErrHistory, false)
		}
	}
	if n := called.Load(); n > 0 {
		t.Errorf("%d requests were redirected", n)
	}
}

// bearer sends a token, as the transport of a host does.
type bearer struct{ http.RoundTripper }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer secret")
	return b.RoundTripper.RoundTrip(r)
}

// failing is a transport that fails.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestTransportsThatFail(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	for name, next := range map[string]struct {
		url       string
		transport http.RoundTripper
		says      string
		transient bool
	}{
		"nobody listens":       {closed.URL, nil, "connection refused", true},
		"a name without host":  {"http://host.invalid", failing{&dnsError}, "no such host", true},
		"an unknown authority": {secure.URL, nil, "certificate is not accepted: x509", false},
		"no TLS":               {strings.Replace(plain.URL, "http:", "https:", 1), nil, "does not use TLS", false},
		"TLS":                  {strings.Replace(secure.URL, "https:", "http:", 1), nil, "refused the request (400)", false},
		"the end":              {plain.URL, failing{io.EOF}, "connection to the Argo server was lost", true},
		"the host's own error": {plain.URL, failing{errors.New("token secret")}, "HTTP client failed (*errors.errorString)", false},
	} {
		client := clientOf(t, next.url, func(o *argoserver.Options) {
			if next.transport != nil {
				o.HTTP.Transport = next.transport
			}
		})
		_, err := client.ByUID(t.Context(), "ma", "1")
		if checkError(t, name, err, workflow.ErrHistory, next.transient); !strings.Contains(err.Error(), next.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBodies(t *testing.T) {
	const size = 64 << 10
	release := make(chan struct{})
	defer close(release)
	for name, next := range map[string]struct {
		body      http.HandlerFunc
		says      string
		transient bool
	}{
		"huge": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil { // it never ends
				_, _ = w.Write(make([]byte, 1<<10))
			}
		}, "exceeds the limit of 65536 bytes", false},
		"torn": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"metadata":{}}`)
		}, "connection to the Argo server was lost", true},
		"aborted": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"metadata":{}}`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "connection to the Argo server was lost", true},
		"late": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"metadata":{}}`)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}, "no answer of the Argo server within 100ms", true},
	} {
		client := clientOf(t, serve(t, next.body).URL, func(o *argoserver.Options) {
			o.MaxSize = size
			if name == "late" {
				o.Timeout = 100 * time.Millisecond
			}
		})
		_, err := client.ByUID(t.Context(), "ma", "1")
		if checkError(t, name, err, workflow.ErrHistory, next.transient); !strings.Contains(err.Error(), next.says) {
			t.Errorf("%s: %v", name, err)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: it seems to be the caller's context", name)
		}
	}
}

func TestContexts(t *testing.T) {
	cause := errors.New("the host is leaving")
	ctx, cancel := context.WithCancelCause(t.Context())
	hangs := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel(cause)
		<-r.Context().Done()
	})
	client := clientOf(t, hangs.URL)
	for range 2 { // during the request, and before it
		err := second(client.ByUID(ctx, "ma", "1"))
		checkError(t, "context", err, workflow.ErrHistory, false)
		if !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
}

// The context ends while a list waits for the server to come back.
func TestContextOfAListDuringAnOutage(t *testing.T) {
	cause := errors.New("the host is leaving")
	ctx, cancel := context.WithCancelCause(t.Context())
	d := newDouble(t, aRow(1, noon), aRow(2, noon))
	var requests atomic.Int32
	failing := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch n := requests.Add(1); {
		case n <= 2:
			d.Config.Handler.ServeHTTP(w, r)
		case n == 4:
			cancel(cause)
			fallthrough
		default:
			refuse(w, http.StatusServiceUnavailable, 14, "down")
		}
	})
	got, err := listed(ctx, clientOf(t, failing.URL), workflow.HistoryQuery{Namespace: "ma"})
	if len(got) != 1 || !errors.Is(err, cause) {
		t.Errorf("%v, %v", got, err)
	}
}

// Nothing is sent that could mean another request.
func TestInvalidQuestions(t *testing.T) {
	d := newDouble(t, aRow(1, noon))
	client := clientOf(t, d.URL)
	for _, uid := range []types.UID{"", ".", "..", "a/b", "a b", "a%2fb", "a?b", types.UID(strings.Repeat("a", 129))} {
		checkError(t, string(uid), second(client.ByUID(t.Context(), "ma", uid)), workflow.ErrInvalid, false)
	}
	for _, name := range []string{"", "a,metadata.namespace=other", "a=b", "..", "A"} {
		checkError(t, name, second(client.ByName(t.Context(), "ma", name)), workflow.ErrInvalid, false)
	}
	for _, namespace := range []string{"", "a&namespace=b", "a/b"} {
		checkError(t, namespace, second(client.ByUID(t.Context(), namespace, "1")), workflow.ErrInvalid, false)
		checkError(t, namespace, second(client.ByName(t.Context(), namespace, "a")), workflow.ErrInvalid, false)
	}
	checkError(t, "list", second(listed(t.Context(), client, workflow.HistoryQuery{Namespace: "a/b"})), workflow.ErrInvalid, false)
	if n := d.count(); n > 0 {
		t.Errorf("%d requests", n)
	}
}

// A proxy that speaks HTTP/2 resets the stream if it loses the server. net/http and client-go have an error of
// their own for that.
func TestHTTP2StreamsThatAreReset(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"before the answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"in the answer": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"metadata":{}}`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		server := httptest.NewUnstartedServer(answer)
		server.EnableHTTP2 = true
		server.StartTLS()
		t.Cleanup(server.Close)
		ofClientGo, err := rest.HTTPClientFor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{Insecure: true}})
		if err != nil {
			t.Fatal(err)
		}
		for of, by := range map[string]*http.Client{"net/http": server.Client(), "client-go": ofClientGo} {
			client := clientOf(t, server.URL, func(o *argoserver.Options) { o.HTTP = by })
			_, err := client.ByUID(t.Context(), "ma", "1")
			if checkError(t, name+", "+of, err, workflow.ErrHistory, true); !strings.Contains(err.Error(), "connection to the Argo server was lost") {
				t.Errorf("%s, %s: %v", name, of, err)
			}
		}
	}
}
