package opensearch_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// replace changes the n-th occurrence of a part of an answer, counted from 1.
func replace(n int, part, by string) func([]byte) []byte {
	return func(body []byte) []byte {
		parts := strings.SplitN(string(body), part, n+1)
		if len(parts) <= n {
			return []byte("the answer has no such part: " + string(body))
		}
		return []byte(strings.Join(parts[:n], part) + by + parts[n])
	}
}

// A missing part of an answer is an error, never zero.
func TestCountsOfIncompleteAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		rewrite func([]byte) []byte
		kind    error
		text    string
	}{
		"first search failed":     {replace(1, `"status":200`, `"status":503,"error":{"root_cause":[],"type":"search_phase_execution_exception","reason":"all shards failed"}`), workflow.ErrUnavailable, "all shards failed"},
		"last search failed":      {replace(7, `"status":200`, `"status":400,"error":{"type":"x_content_parse_exception","reason":"no"}`), nil, "x_content_parse_exception"},
		"search refused":          {replace(3, `"status":200`, `"status":403,"error":{"type":"security_exception","reason":"no permissions"}`), workflow.ErrForbidden, "no permissions"},
		"search without a reason": {replace(3, `"status":200`, `"status":500`), workflow.ErrUnavailable, "500"},
		"error that is a text":    {replace(3, `"status":200`, `"status":429,"error":"busy"`), workflow.ErrUnavailable, "busy"},
		"shard failed":            {replace(5, `"failed":0`, `"failed":1`), workflow.ErrUnavailable, "only 0 of 1 shards"},
		"shard not there":         {replace(2, `"successful":1`, `"successful":0`), workflow.ErrUnavailable, "only 0 of 1 shards"},
		"shards unsaid":           {replace(4, `"_shards"`, `"x"`), nil, "whether all shards"},
		"of no shard":             {replace(5, `"successful":1,"total":1`, `"successful":0,"total":0`), nil, "of no shard"},
		"timed out":               {replace(6, `"timed_out":false`, `"timed_out":true`), workflow.ErrUnavailable, "timed out"},
		"total that is capped":    {replace(4, `"relation":"eq"`, `"relation":"gte"`), nil, "exact total"},
		"no total":                {replace(2, `"total":{"relation"`, `"x":{"relation"`), nil, "exact total"},
		"no time of the last":     {replace(1, `"aggregations"`, `"x"`), nil, "last item"},
		"layout can't be read":    {replace(1, `{"completedAt":`, `{"completedAt":{},"x":`), nil, "shard_setup can't be decoded"},
		"a search not answered":   {func([]byte) []byte { return []byte(`{"responses":[]}`) }, nil, "has 0 searches instead of 7"},
		"no JSON":                 {func([]byte) []byte { return []byte(`<html>`) }, nil, "can't be decoded"},
	} {
		t.Run(name, func(t *testing.T) {
			p, cluster := onDouble(t)
			p.write(t, map[string]document{"shard_setup": {"completedAt": 1}, "a": {"completedAt": 2}}, true)
			cluster.Inject(double.Fault{Path: "/*/_msearch", Rewrite: c.rewrite})
			counts, err := p.state.Counts(t.Context(), p.index, now)
			if err == nil || counts != (backfill.Counts{}) || !strings.Contains(err.Error(), c.text) || c.kind != nil && !errors.Is(err, c.kind) {
				t.Errorf("%+v, %v", counts, err)
			}
		})
	}
}

func TestCountsAreOneRequest(t *testing.T) {
	p, cluster := onDouble(t)
	p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
	before := len(cluster.Requests())
	p.counts(t)
	if sent := cluster.Requests()[before:]; len(sent) != 1 || sent[0].Path != "/"+p.index+"/_msearch" {
		t.Errorf("%+v", sent)
	}
}

func TestSizeAndDeleteOfIncompleteAnswers(t *testing.T) {
	p, cluster := onDouble(t)
	p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
	for _, c := range []struct{ path, part, by string }{
		{"/*/_count", `"failed":0`, `"failed":1`}, {"/*/_count", `"_shards"`, `"x"`}, {"/*/_count", `"successful":1,"total":1`, `"successful":0,"total":0`}, {"/*/_count", `"count"`, `"x"`},
		{"/*/_refresh", `"failed":0`, `"failed":1`}, {"/*/_refresh", `"_shards"`, `"x"`},
	} {
		remove := cluster.Inject(double.Fault{Path: c.path, Rewrite: replace(1, c.part, c.by)})
		if size, err := p.state.Size(t.Context(), p.index); err == nil || size != 0 {
			t.Errorf("%+v: %d, %v", c, size, err)
		}
		remove()
	}
	cluster.Inject(double.Fault{Method: http.MethodDelete, Rewrite: replace(1, "true", "false")})
	if err := p.state.Delete(t.Context(), p.index); err == nil {
		t.Error("deleted, though that was not confirmed")
	}
}

// Every response of the cluster matches its sentinel and no other.
func TestSentinels(t *testing.T) {
	kinds := []error{workflow.ErrUnauthorized, workflow.ErrForbidden, workflow.ErrUnavailable, workflow.ErrInvalid, workflow.ErrUnsupported, backfill.ErrNoWorkingState}
	for status, want := range map[int]error{
		400: nil, 401: workflow.ErrUnauthorized, 403: workflow.ErrForbidden, 404: nil, 409: nil, 413: nil, 302: nil,
		429: workflow.ErrUnavailable, 500: workflow.ErrUnavailable, 502: workflow.ErrUnavailable, 503: workflow.ErrUnavailable, 504: workflow.ErrUnavailable,
	} {
		p, cluster := onDouble(t)
		cluster.Inject(double.Fault{Status: status})
		err := p.state.Delete(t.Context(), p.index)
		for _, kind := range kinds {
			if errors.Is(err, kind) != errors.Is(want, kind) {
				t.Errorf("%d: is %v: %v", status, kind, errors.Is(err, kind))
			}
		}
		var e *opensearch.Error
		if !errors.As(err, &e) || e.StatusCode != status || e.Reason != "injected" {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// A response of the cluster, or of a proxy before it, can't change what the reader of an error
// sees.
func TestErrorsArePrintable(t *testing.T) {
	p, cluster := onDouble(t)
	const forged = "a\x1b[2K\nb\u202e"
	cluster.Inject(double.Fault{Status: 500, Body: forged})
	err := p.state.Delete(t.Context(), p.index)
	var e *opensearch.Error
	if !errors.As(err, &e) || e.Reason != forged || status.Printable(err.Error()) != err.Error() {
		t.Errorf("%q", err)
	}
}
