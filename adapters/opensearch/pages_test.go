package opensearch_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// behindALine returns the place as the client sees it over connections on which the answers to some
// requests are lost.
func (p *place) behindALine(t *testing.T, isLost func(path string, body []byte) bool) *place {
	t.Helper()
	target, err := url.Parse(p.target.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	transport := insecure()
	t.Cleanup(transport.CloseIdleConnections)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = transport
	line := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if isLost(r.URL.Path, body) {
			proxy.ServeHTTP(httptest.NewRecorder(), r) // the server has answered
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(line.Close)
	there := *p
	there.target.Endpoint = line.URL
	there.state = connect(t, there.target, opensearch.Options{})
	return &there
}

// Of a point in time a page is read again, of a scroll it is gone.
func pageIsLost(t *testing.T, p *place) {
	p.writeMany(t, 3500)
	var lost atomic.Int32
	line := p.behindALine(t, func(path string, body []byte) bool {
		follows := path == "/_search/scroll" && !bytes.Contains(body, []byte(`"scroll_id":[`)) || bytes.Contains(body, []byte("search_after"))
		return follows && lost.Add(1) == 2
	})
	if p.pointInTime(t) != "" {
		if got := line.read(t); len(got) != 3500 || lost.Load() < 3 {
			t.Errorf("%d documents in %d pages", len(got), lost.Load())
		}
		return
	}
	read := 0
	err := line.firstError(t, func() { read++ })
	if !errors.Is(err, workflow.ErrUnavailable) || read != 2000 {
		t.Errorf("%d documents, %v", read, err)
	}
}

// Not every server tells documents of several shards apart by their places in a point in time.
func manyShardsAreRead(t *testing.T, p *place) {
	p.ask(t, http.MethodPut, "/"+p.index, strings.NewReader(`{"settings":{"number_of_shards":5}}`))
	p.writeMany(t, 4321)
	if got := p.read(t); len(got) != 4321 {
		t.Errorf("%d documents", len(got))
	}
}

// What a cluster refuses of a point in time it can do with a scroll.
func TestScrollInstead(t *testing.T) {
	for name, f := range map[string]double.Fault{
		"no permission to make one":  {Path: "/*/_search/point_in_time", Status: 403},
		"not known":                  {Path: "/*/_search/point_in_time", Status: 405},
		"unknown to a proxy":         {Path: "/*/_search/point_in_time", Status: 404, Body: "<html>"},
		"no permission to search it": {Path: "/_search", Status: 403},
	} {
		p, cluster := onDouble(t)
		fill(t, p, cluster, 2500, 10)
		cluster.Inject(f)
		if got := p.read(t); len(got) != 2500 || readers(cluster) != 0 || sent(cluster, http.MethodPost, "/_search/scroll") != 3 {
			t.Errorf("%s: %d documents, %d readers are left", name, len(got), readers(cluster))
		}
	}
}

// An error that has nothing to do with a point in time isn't the reason for a scroll.
func TestNoScrollInstead(t *testing.T) {
	for name, f := range map[string]double.Fault{
		"busy": {Path: "/*/_search/point_in_time", Status: 429}, "not reached": {Path: "/*/_search/point_in_time", Cut: true},
		"busy with the page": {Path: "/_search", Status: 503},
	} {
		p, cluster := onDouble(t)
		fill(t, p, cluster, 10, 10)
		cluster.Inject(f)
		err := p.firstError(t, func() { t.Error("yielded") })
		if !errors.Is(err, workflow.ErrUnavailable) || readers(cluster) != 0 || sent(cluster, http.MethodPost, p.index+"/_search") != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// On OpenSearch a place in a point in time isn't that of one document if there are several shards.
func TestPointInTimeOfSeveralShards(t *testing.T) {
	for version, scrolls := range map[string]int{double.DefaultVersion: 1, "7.17.29": 0} {
		p, cluster := onDouble(t, ofVersion(version))
		fill(t, p, cluster, 2500, 10)
		cluster.Inject(double.Fault{Path: "/_search", Rewrite: func(body []byte) []byte {
			return bytes.Replace(body, []byte(`"successful":1,"total":1}`), []byte(`"successful":2,"total":2}`), 1)
		}})
		got := p.read(t)
		if opened := sent(cluster, http.MethodPost, p.index+"/_search"); len(got) != 2500 || opened != scrolls || readers(cluster) != 0 {
			t.Errorf("%s: %d documents, %d scrolls", version, len(got), opened)
		}
	}
}
