package workflow

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// followedSource is a source whose requests are answered in turn, each at its time.
func followedSource(t *testing.T, answers ...func(ctx context.Context, query logQuery) (io.ReadCloser, error)) *logSource {
	s := (&keptLog{}).source()
	s.open = func(ctx context.Context, query logQuery) (io.ReadCloser, error) {
		if len(answers) == 0 {
			t.Errorf("another request: %+v", query)
			return nil, errors.New("no more")
		}
		next := answers[0]
		answers = answers[1:]
		return next(ctx, query)
	}
	t.Cleanup(func() {
		if len(answers) > 0 {
			t.Errorf("%d requests were not made", len(answers))
		}
	})
	return s
}

type logAnswer = func(ctx context.Context, query logQuery) (io.ReadCloser, error)

// says answers with a text, and then ends if it is not followed or its container has ended.
func says(t *testing.T, follow, ends bool, text string) logAnswer {
	return func(ctx context.Context, query logQuery) (io.ReadCloser, error) {
		if query.follow != follow {
			t.Errorf("%q is asked for with follow %v", text, query.follow)
		}
		if ends {
			return io.NopCloser(strings.NewReader(text)), nil
		}
		return io.NopCloser(io.MultiReader(strings.NewReader(text), untilDone{ctx})), nil
	}
}

type untilDone struct{ ctx context.Context }

func (u untilDone) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}

// follow reads a source whose container ends after a while.
func follow(t *testing.T, s *logSource, deleted bool, ends time.Duration) ([]string, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	f := newLogFollower(nil, &status.WorkflowStatus{}, nil, cancel)
	live, end := context.WithCancel(ctx)
	stream := &logStream{source: s, cancel: end}
	began := time.Now()
	time.AfterFunc(ends, func() {
		stream.deleted.Store(deleted)
		stream.end()
	})
	go f.stream(ctx, live, stream, false)
	var got []string
	for {
		select {
		case line := <-f.lines:
			got = append(got, line.line.Text)
		case <-f.done:
			if ctx.Err() != nil {
				t.Error(context.Cause(ctx))
			}
			return got, time.Since(began)
		}
	}
}

func TestLogStream(t *testing.T) {
	const a, b, c = "2026-11-23T10:00:00.000000001Z a\n", "2026-11-23T10:00:05Z b\n", "2026-11-23T10:00:06Z c"
	refused := func(context.Context, logQuery) (io.ReadCloser, error) { return nil, io.ErrUnexpectedEOF }
	for _, tc := range []struct {
		name    string
		answers []logAnswer
		deleted bool
		want    string
		most    time.Duration // beyond the container's end
	}{
		{"whose stream ends with its container", []logAnswer{says(t, true, false, a), says(t, false, true, a)}, false, "a", endGrace},
		{"that writes on in its last moments", []logAnswer{says(t, true, false, a), says(t, false, true, a+b)}, false, "a b", endGrace},
		{"whose last line has no line feed", []logAnswer{
			says(t, true, false, a+b+c), says(t, false, true, b+c), says(t, false, true, b+c), // since 4 s
		}, false, "a b c", endGrace},
		// The new instance's log is another one.
		{"that is restarted", []logAnswer{says(t, true, true, a), says(t, true, false, b), says(t, false, true, b)}, false, "a b", endGrace},
		{"that cannot be reached for a while", []logAnswer{refused, refused, says(t, true, false, a), refused, says(t, false, true, a)}, false, "a", endGrace + time.Second},
		{"whose connection seemed to end within a line before its pod is deleted", []logAnswer{
			says(t, true, true, a+b[:len(b)-1]), says(t, true, false, a+strings.TrimSuffix(b, "\n")+"2\n"),
		}, true, "a b2", goneGrace},
		{"whose pod is deleted", []logAnswer{says(t, true, false, a)}, true, "a", endGrace},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const ends = time.Minute
				got, took := follow(t, followedSource(t, tc.answers...), tc.deleted, ends)
				if !slices.Equal(got, strings.Fields(tc.want)) {
					t.Errorf("%q, want %q", got, tc.want)
				}
				if took < ends || took > ends+tc.most {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestLogRequest(t *testing.T) {
	var sent *url.URL
	client, err := NewForConfig(&rest.Config{Host: "https://example", Transport: transport(func(r *http.Request) (*http.Response, error) {
		sent = r.URL
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
	})}, Options{Namespace: "ns"})
	if err != nil {
		t.Fatal(err)
	}
	since := time.Date(2026, 11, 23, 12, 0, 0, 999, time.FixedZone("", 7200))
	for query, want := range map[logQuery]string{
		{}:                           "",
		{follow: true}:               "&follow=true",
		{previous: true}:             "&previous=true",
		{since: since}:               "&sinceTime=2026-11-23T10%3A00%3A00Z",
		{tail: new(int64(7))}:        "&tailLines=7",
		{since: time.Unix(0, 0)}:     "&sinceTime=1970-01-01T00%3A00%3A00Z",
		{follow: true, since: since}: "&follow=true&sinceTime=2026-11-23T10%3A00%3A00Z",
	} {
		body, err := client.logOpener("p", "main")(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
		values, err := url.ParseQuery("container=main&timestamps=true" + want)
		if err != nil {
			t.Fatal(err)
		}
		if sent.Path != "/api/v1/namespaces/ns/pods/p/log" || sent.Query().Encode() != values.Encode() {
			t.Errorf("%+v: %s, want %s", query, sent, values.Encode())
		}
	}
}

func TestListLogPods(t *testing.T) {
	pod := func(name, created, owner string) string {
		return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `","creationTimestamp":"2026-11-23T10:00:0` + created +
			`Z","ownerReferences":[{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","name":"w","uid":"` + owner + `"}]}}`
	}
	list := func(token string, pods ...string) string {
		return `{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"7","continue":"` + token + `"},"items":[` + strings.Join(pods, ",") + `]}`
	}
	const expired = `{"kind":"Status","apiVersion":"v1","status":"Failure","code":410,"reason":"Expired","message":"too old"}`
	answers := []struct{ query, body string }{
		{"&limit=500", list("next", pod("c", "3", "u-1"))},
		{"&limit=500&continue=next", expired},
		{"", list("", pod("c", "3", "u-1"), pod("old", "1", "u-0"), pod("b", "2", "u-1"))},
	}
	client, err := NewForConfig(&rest.Config{Host: "https://example", Transport: transport(func(r *http.Request) (*http.Response, error) {
		next := answers[0]
		answers = answers[1:]
		want, err := url.ParseQuery("labelSelector=workflows.argoproj.io/workflow%3Dw" + next.query)
		if r.URL.Query().Encode() != want.Encode() {
			t.Errorf("%s, want %s", r.URL.RawQuery, want.Encode())
		}
		code := http.StatusOK
		if next.body == expired {
			code = http.StatusGone
		}
		return &http.Response{
			StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(next.body)), Request: r,
		}, err
	})}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	pods, version, err := client.listLogPods(t.Context(), &status.WorkflowStatus{Name: "w", UID: "u-1"})
	if err != nil || version != "7" || len(pods) != 2 || pods[0].name != "b" || pods[1].name != "c" || len(answers) != 0 {
		t.Errorf("%+v, %q, %v; %d requests were not made", pods, version, err, len(answers))
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
