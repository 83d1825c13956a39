package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// sources returns one source of each kind, whose requests are answered with the result of body.
func sources(t *testing.T, timeout time.Duration, body func(*http.Request) io.Reader) map[string]source.Source {
	t.Helper()
	cfg := &rest.Config{Host: "http://script", QPS: -1, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(body(r)), Request: r,
		}, nil
	})}
	bounded := rest.CopyConfig(cfg)
	bounded.Timeout = timeout
	source.BoundRequests(bounded)
	things := schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "things"}
	overREST, err := source.NewREST(bounded, cfg, things, "ns")
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(bounded)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]source.Source{"REST": overREST, "dynamic": source.NewDynamic(client.Resource(things).Namespace("ns"))}
}

func thing(name, version string) string {
	return fmt.Sprintf(`{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":%q,"uid":"u","resourceVersion":%q},"spec":{"n":1}}`, name, version)
}

func event(kind, object string) string { return fmt.Sprintf(`{"type":%q,"object":%s}`, kind, object) }

func TestGetAndList(t *testing.T) {
	for name, s := range sources(t, 0, func(r *http.Request) io.Reader {
		if strings.HasSuffix(r.URL.Path, "/things/a") {
			return strings.NewReader(thing("a", "3"))
		}
		if r.URL.Path != "/apis/example.com/v1/namespaces/ns/things" || r.URL.Query().Get("limit") != "2" {
			t.Errorf("%s", r.URL)
		}
		return strings.NewReader(`{"apiVersion":"example.com/v1","kind":"ThingList","metadata":{"resourceVersion":"9","continue":"c","remainingItemCount":4},` +
			`"items":[` + thing("a", "3") + `,` + thing("b", "4") + `]}`)
	}) {
		item, err := s.Get(t.Context(), "a")
		if err != nil || item.Err != nil || item.ID.Name != "a" || item.ID.UID != "u" || item.ID.ResourceVersion != "3" {
			t.Errorf("%s: %+v, %v", name, item.ID, err)
		}
		progress := 0
		page, err := s.List(t.Context(), source.ListOptions{ListOptions: metav1.ListOptions{Limit: 2}, Progress: func() { progress++ }})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m := page.Meta; m.ResourceVersion != "9" || m.Continue != "c" || *m.RemainingItemCount != 4 || progress == 0 {
			t.Errorf("%s: %+v, progress %d", name, m, progress)
		}
		for i, want := range []string{"a", "b"} {
			data, err := page.Items[i].JSON()
			object, failed := page.Items[i].Object()
			if err != nil || failed != nil || object.GetName() != want || !strings.Contains(string(data), `"`+want+`"`) {
				t.Errorf("%s: %s, %v, %v", name, data, err, failed)
			}
			if n, found, err := unstructured.NestedInt64(object.Object, "spec", "n"); n != 1 || !found || err != nil {
				t.Errorf("%s: %v, %v", name, object.Object, err)
			}
		}
	}
}

// In a list that arrives as JSON, an object that cannot be read is an item of its own.
func TestUnreadableItems(t *testing.T) {
	for name, s := range sources(t, 0, func(*http.Request) io.Reader {
		return strings.NewReader(`{"kind":"ThingList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"a"},"x":{]},` + thing("b", "4") + `,{]]}`)
	}) {
		page, err := s.List(t.Context(), source.ListOptions{})
		if name == "dynamic" {
			if !fault.Unparsable(err) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || len(page.Items) != 3 {
			t.Fatalf("%v", err)
		}
		if _, err := page.Items[0].Object(); page.Items[0].ID.Name != "a" || !fault.Unreadable(err) {
			t.Errorf("%+v, %v", page.Items[0].ID, err)
		}
		if page.Items[1].ID.Name != "b" || page.Items[2].Err == nil {
			t.Errorf("%+v", page.Items)
		}
	}
}

// run runs a watch and returns what it reported.
func run(ctx context.Context, s source.Source) (seen string, opened bool, err error) {
	opened, err = source.Watch{
		Source: s, Options: metav1.ListOptions{ResourceVersion: "1"}, IdleTimeout: time.Minute,
		Handle: func(e source.Event) error {
			seen += fmt.Sprintf("%s %s@%s ", e.Type, e.ID.Name, e.ID.ResourceVersion)
			if e.Type == watch.Deleted {
				return errHandled
			}
			return nil
		},
	}.Run(ctx)
	return strings.TrimSpace(seen), opened, err
}

var errHandled = errors.New("handled")

func TestWatch(t *testing.T) {
	bookmark := `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"resourceVersion":"8"}}`
	expired := `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"Expired","code":410,"message":"too old"}`
	for name, tc := range map[string]struct {
		stream string
		cut    error // ends the stream
		seen   string
		check  func(error) bool
	}{
		"closed by the server": {
			stream: event("ADDED", thing("a", "2")) + "\n\n" + event("MODIFIED", thing("a", "3")) + "\n" + event("BOOKMARK", bookmark) + "\n",
			seen:   "ADDED a@2 MODIFIED a@3 BOOKMARK @8", check: func(err error) bool { return err == nil },
		},
		"on several lines": {
			stream: strings.ReplaceAll(event("ADDED", thing("a", "2")), ",", ",\n") + "\n", seen: "ADDED a@2",
			check: func(err error) bool { return err == nil },
		},
		"an error of Handle": {
			stream: event("DELETED", thing("a", "2")) + "\n" + event("ADDED", thing("a", "3")), seen: "DELETED a@2",
			check: func(err error) bool { return errors.Is(err, errHandled) && !source.Resumable(err) },
		},
		"an error event": {
			stream: event("ERROR", expired) + "\n",
			check:  func(err error) bool { return fault.Expired(err) && source.Resumable(err) && !source.Malformed(err) },
		},
		"malformed": {
			stream: "garbage\n" + event("ADDED", thing("a", "2")) + "\n",
			check:  func(err error) bool { return source.Malformed(err) || source.Undecodable(err) },
		},
		"cut off": {
			stream: event("ADDED", thing("a", "2")) + "\n" + `{"type":"ADDED","obj`, cut: errors.New("stream error: of no known type"), seen: "ADDED a@2",
			check: func(err error) bool { return err != nil && source.Resumable(err) },
		},
	} {
		for kind, s := range sources(t, 0, func(r *http.Request) io.Reader {
			query := r.URL.Query()
			if query.Get("allowWatchBookmarks") != "true" || query.Get("timeoutSeconds") == "" || query.Get("resourceVersion") != "1" {
				t.Errorf("%s", r.URL)
			}
			if tc.cut != nil {
				return io.MultiReader(strings.NewReader(tc.stream), failing{tc.cut})
			}
			return strings.NewReader(tc.stream)
		}) {
			seen, opened, err := run(t.Context(), s)
			if seen != tc.seen || !opened || !tc.check(err) {
				t.Errorf("%s, %s: saw %q, %v", name, kind, seen, err)
			}
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A silent watch ends with ErrIdle. A watch whose context ends returns the context's cause.
func TestSilentWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, s := range sources(t, 0, func(r *http.Request) io.Reader { return silent{r.Context()} }) {
			began := time.Now()
			if _, opened, err := run(t.Context(), s); !errors.Is(err, source.ErrIdle) || !opened || !source.Resumable(err) {
				t.Errorf("%s: %v", name, err)
			}
			if took := time.Since(began); took != time.Minute {
				t.Errorf("%s: after %v", name, took)
			}
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errHandled)
			if _, _, err := run(ctx, s); !errors.Is(err, errHandled) {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
			synctest.Wait()
		}
	})
}

type silent struct{ ctx context.Context } //nolint:containedctx // stands in for a connection

func (s silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// The request timeout ends requests that are not exempt from it. It does not look like the end of
// the caller's context.
func TestRequestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 10 * time.Second
		s := sources(t, timeout, func(r *http.Request) io.Reader { return silent{r.Context()} })["REST"]
		for name, call := range map[string]func(context.Context) error{
			"get":  func(ctx context.Context) error { _, err := s.Get(ctx, "a"); return err },
			"list": func(ctx context.Context) error { _, err := s.List(ctx, source.ListOptions{}); return err },
		} {
			began := time.Now()
			err := call(t.Context())
			if took := time.Since(began); took != timeout || !fault.Transient(err) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*timeout)
		defer cancel()
		began := time.Now()
		if _, err := s.List(ctx, source.ListOptions{Unbounded: true}); err == nil || time.Since(began) != 10*timeout {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// Errors of the API server are returned unchanged.
func TestRefusal(t *testing.T) {
	cfg := &rest.Config{Host: "http://script", Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		body := `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"Forbidden","code":403,"message":"no"}`
		return &http.Response{
			StatusCode: http.StatusForbidden, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
		}, nil
	})}
	refused, err := source.NewREST(cfg, cfg, schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "things"}, "ns")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := refused.Get(t.Context(), "a"); !apierrors.IsForbidden(err) {
		t.Error(err)
	}
	if _, opened, err := run(t.Context(), refused); !apierrors.IsForbidden(err) || opened || source.Resumable(err) {
		t.Error(opened, err)
	}
	if _, err := refused.ListMetadata(t.Context(), "things", "", metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Error(err)
	}
}
