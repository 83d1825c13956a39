package opensearch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// document is the source of a document.
type document map[string]any

// place is where specs run: a server, and the client under test.
type place struct {
	target backfill.Cluster
	opts   opensearch.Options
	state  *opensearch.WorkingState
	index  string
}

// onDouble makes a place of its own on a double.
func onDouble(t testing.TB, configure ...func(*double.Options, *backfill.Cluster, *opensearch.Options)) (*place, *double.Cluster) {
	t.Helper()
	var demand double.Options
	var target backfill.Cluster
	var opts opensearch.Options
	for _, c := range configure {
		c(&demand, &target, &opts)
	}
	cluster := double.New(demand)
	server, err := cluster.Serve(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	target.Endpoint = server.URL
	state := connect(t, target, opts)
	opensearch.SetPauses(state, time.Millisecond, 4*time.Millisecond)
	return &place{target: target, state: state, index: ".migrations_working_state_s-1"}, cluster
}

func ofVersion(version string) func(*double.Options, *backfill.Cluster, *opensearch.Options) {
	return func(o *double.Options, _ *backfill.Cluster, _ *opensearch.Options) { o.Version = version }
}

// readers counts the scrolls and points in time that are open.
func readers(cluster *double.Cluster) int { return cluster.OpenScrolls() + cluster.OpenPointsInTime() }

// onReal makes one on the real server.
func onReal(t testing.TB) *place {
	t.Helper()
	u, err := url.Parse(os.Getenv(realServer))
	if err != nil {
		t.Fatalf("%s is not a URL", realServer)
	}
	target, opts := backfill.Cluster{AllowInsecure: true}, opensearch.Options{}
	if file := os.Getenv("OPENSEARCH_CA"); file != "" {
		target.AllowInsecure = false
		if opts.CA, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		target.Basic = &backfill.BasicAuth{Username: u.User.Username(), Password: backfill.NewSecret(password)}
		u.User = nil
	}
	target.Endpoint = u.String()
	p := &place{target: target, opts: opts, state: connect(t, target, opts), index: fmt.Sprintf(".migrations_working_state_spec-%d", time.Now().UnixNano())}
	t.Cleanup(func() { _ = p.state.Delete(context.Background(), p.index) })
	return p
}

func connect(t testing.TB, target backfill.Cluster, opts opensearch.Options) *opensearch.WorkingState {
	t.Helper()
	state, err := opensearch.New(target, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := state.Close(); err != nil {
			t.Error(err)
		}
	})
	return state
}

// write writes documents as the workers do, without the client under test; refresh: searches see
// them at once.
func (p *place) write(t testing.TB, documents map[string]document, refresh bool) {
	t.Helper()
	var lines bytes.Buffer
	send := func() {
		if lines.Len() == 0 {
			return
		}
		p.ask(t, http.MethodPost, fmt.Sprintf("/%s/_bulk?refresh=%v", p.index, refresh), &lines)
		lines.Reset()
	}
	for id, source := range documents {
		for _, line := range []any{document{"index": document{"_id": id}}, source} {
			text, err := json.Marshal(line)
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(text, '\n'))
		}
		if lines.Len() > 1<<20 {
			send()
		}
	}
	send()
}

// writeMany writes n documents.
func (p *place) writeMany(t testing.TB, n int) {
	t.Helper()
	documents := make(map[string]document, n)
	for i := range n {
		documents[fmt.Sprint(i)] = document{"completedAt": i}
	}
	p.write(t, documents, true)
}

// pointInTime returns the end of the path by which the server makes points in time; "": it makes none.
func (p *place) pointInTime(t testing.TB) string {
	t.Helper()
	var root struct {
		Version struct{ Distribution, Number string }
	}
	if err := json.Unmarshal(p.ask(t, http.MethodGet, "/", nil), &root); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(root.Version.Number, "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	switch elasticsearch := root.Version.Distribution == ""; {
	case elasticsearch && (major > 7 || minor > 10):
		return "/_pit"
	case !elasticsearch && (major > 2 || major == 2 && minor >= 4):
		return "/_search/point_in_time"
	}
	return ""
}

// ask sends a request past the client under test, and returns the answer, which must be a success.
func (p *place) ask(t testing.TB, method, target string, body io.Reader) []byte {
	t.Helper()
	status, text := p.try(t, method, target, body)
	if status/100 != 2 || strings.Contains(string(text), `"errors":true`) {
		t.Fatalf("%s %s: %d %.500s", method, target, status, text)
	}
	return text
}

func (p *place) try(t testing.TB, method, target string, body io.Reader) (status int, answer []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.target.Endpoint+target, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if p.target.Basic != nil {
		request.SetBasicAuth(p.target.Basic.Username, p.target.Basic.Password.Reveal())
	}
	transport := insecure()
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, text
}

// read collects the documents.
func (p *place) read(t testing.TB) map[string]string {
	t.Helper()
	found := map[string]string{}
	for d, err := range p.state.Documents(t.Context(), p.index) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := found[d.ID]; twice {
			t.Errorf("%s came twice", d.ID)
		}
		found[d.ID] = string(d.Source)
	}
	return found
}

// yields makes a sequence of documents, which may end with an error.
func yields(last error, documents ...backfill.Document) func(func(backfill.Document, error) bool) {
	return func(yield func(backfill.Document, error) bool) {
		for _, d := range documents {
			if !yield(d, nil) {
				return
			}
		}
		if last != nil {
			yield(backfill.Document{}, last)
		}
	}
}

func doc(id, source string) backfill.Document {
	return backfill.Document{ID: id, Source: json.RawMessage(source)}
}
