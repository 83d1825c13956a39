package opensearch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// set changes transient settings of the cluster.
func (p *place) set(t *testing.T, settings document) (undo func()) {
	t.Helper()
	change := func() {
		body, err := json.Marshal(document{"transient": settings})
		if err != nil {
			t.Fatal(err)
		}
		p.ask(t, http.MethodPut, "/_cluster/settings", bytes.NewReader(body))
	}
	change()
	return func() {
		for name := range settings {
			settings[name] = nil
		}
		change()
	}
}

// firstError reads until an error.
func (p *place) firstError(t *testing.T, each func()) error {
	t.Helper()
	for _, err := range p.state.Documents(t.Context(), p.index) {
		if err != nil {
			return err
		}
		each()
	}
	return nil
}

// hasCause checks that an error has one cause, which its message contains. Versions of the server
// differ in its type, and in the status code.
func hasCause(t *testing.T, err error, reason string) {
	t.Helper()
	var e *opensearch.Error
	if !errors.As(err, &e) || len(e.Causes) != 1 || !strings.Contains(e.Causes[0].Reason, reason) || !strings.Contains(err.Error(), e.Causes[0].String()) {
		t.Errorf("%+v: %v", e, err)
	}
}

func noReaderIsLeft(t *testing.T, p *place) {
	p.write(t, map[string]document{"a": {"completedAt": 1}}, true)
	limit := "search.max_open_scroll_context"
	switch api := p.pointInTime(t); {
	case strings.Contains(api, "_pit"):
		return // there is no limit
	case api != "":
		limit = "search.max_open_pit_context"
	}
	defer p.set(t, document{limit: 0})()
	err := p.firstError(t, func() { t.Error("yielded") })
	hasCause(t, err, limit)
	if !errors.Is(err, workflow.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

func readerKeptTooLong(t *testing.T, p *place) {
	p.write(t, map[string]document{"a": {"completedAt": 1}}, true)
	limits := document{"search.default_keep_alive": "1m"}
	if strings.Contains(p.pointInTime(t), "_search") {
		limits["point_in_time.max_keep_alive"] = "1m"
		p.set(t, maps.Clone(limits))
		if got := p.read(t); len(got) != 1 { // a scroll is still possible
			t.Errorf("%v", got)
		}
	}
	limits["search.max_keep_alive"] = "1m"
	defer p.set(t, limits)()
	hasCause(t, p.firstError(t, func() { t.Error("yielded") }), "search.max_keep_alive")
}

func deletedWhileReading(t *testing.T, p *place) {
	p.writeMany(t, 3500)
	read := 0
	err := p.firstError(t, func() {
		if read++; read == 1 {
			p.ask(t, http.MethodDelete, "/"+p.index, nil)
		}
	})
	var e *opensearch.Error
	switch {
	case errors.Is(err, backfill.ErrNoWorkingState): // as OpenSearch sometimes finds it
	case p.pointInTime(t) != "/_pit":
		hasCause(t, err, "No search context found for id")
	case !errors.As(err, &e) || len(e.Causes) != 1 || e.Causes[0].Type != "no_shard_available_action_exception":
		t.Errorf("%v", err)
	}
	if err == nil || read%1000 != 0 || read > 2000 {
		t.Errorf("%d documents, %v", read, err)
	}
}

// Each place in which a server can name a cause. Some answers are those of real servers, others only
// follow the documented form.
func TestCauses(t *testing.T) {
	const shard = `{"shard":0,"index":"i","status":"FORBIDDEN","reason":{"type":"security_exception","reason":"no permissions for [indices:admin/refresh[s]]"}}`
	security := []opensearch.Cause{{Type: "security_exception", Reason: "no permissions for [indices:admin/refresh[s]]"}}
	size := func(p *place) error { _, err := p.state.Size(t.Context(), p.index); return err }
	counts := func(p *place) error { _, err := p.state.Counts(t.Context(), p.index, now); return err }
	restore := func(p *place) error {
		_, err := p.state.Restore(t.Context(), p.index, yields(nil, doc("b", "{}")))
		return err
	}
	refused := func(status int, body string) double.Fault { return double.Fault{Status: status, Body: body} }
	rewritten := func(path string, rewrite func([]byte) []byte) double.Fault {
		return double.Fault{Path: path, Rewrite: rewrite}
	}
	for name, c := range map[string]struct {
		fault double.Fault
		call  func(*place) error
		want  []opensearch.Cause
	}{
		"a refusal by each shard": {refused(403, `{"_shards":{"total":2,"successful":0,"failed":2,"failures":[`+shard+`,`+shard+`]}}`), size, security},
		"a part of a refresh":     {rewritten("/*/_refresh", replace(1, `"failed":0`, `"failed":1,"failures":[`+shard+`]`)), size, security},
		"a part of a count":       {rewritten("/*/_count", replace(1, `"failed":0`, `"failed":1,"failures":[`+shard+`]`)), size, security},
		"a part of a search":      {rewritten("/*/_msearch", replace(5, `"failed":0`, `"failed":1,"failures":[`+shard+`]`)), counts, security},
		"one of several searches": {rewritten("/*/_msearch", replace(2, `"status":200`,
			`"status":400,"error":{"root_cause":[{"type":"a","reason":"b"}],"type":"search_phase_execution_exception","reason":"all shards failed","failed_shards":[`+shard+`]}`)),
			counts, append([]opensearch.Cause{{Type: "a", Reason: "b"}}, security...)},
		"one of several documents": {rewritten("/*/_bulk", replace(1, `"status":201`,
			`"status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse","caused_by":{"type":"illegal_argument_exception","reason":"For input string"}}`)),
			restore, []opensearch.Cause{{Type: "illegal_argument_exception", Reason: "For input string"}}},
		"each once, and not what is said already": {refused(400, `{"error":{"root_cause":[{"type":"x","reason":"y"},{"type":"a","reason":"b"},{"type":"a","reason":"b"}],"type":"x","reason":"y","caused_by":{"type":"a","reason":"b"}}}`),
			size, []opensearch.Cause{{Type: "a", Reason: "b"}}},
		"at most three": {refused(400, `{"error":{"root_cause":[{"type":"first"},{"type":"second"},{"type":"third"},{"type":"fourth"}],"type":"x","failed_shards":[`+shard+`]}}`),
			size, []opensearch.Cause{{Type: "first"}, {Type: "second"}, {Type: "third"}}},
		"of other forms": {refused(400, `{"error":{"root_cause":{"type":"a"},"type":"x","reason":"y","failed_shards":[1,{"reason":"a text"},null,{"reason":{"type":7}}],"caused_by":[]}}`),
			size, []opensearch.Cause{{Reason: "a text"}}},
	} {
		p, cluster := onDouble(t)
		p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
		cluster.Inject(c.fault)
		err := c.call(p)
		var e *opensearch.Error
		if !errors.As(err, &e) || !reflect.DeepEqual(e.Causes, c.want) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, cause := range c.want {
			if strings.Count(err.Error(), cause.String()) != 1 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Causes are bounded and printable, and show nothing that was sent.
func TestCausesAreBounded(t *testing.T) {
	p, cluster := onDouble(t, func(_ *double.Options, target *backfill.Cluster, _ *opensearch.Options) {
		target.Basic = &backfill.BasicAuth{Username: operator, Password: backfill.NewSecret("s3cret")}
	})
	p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
	cause := `{"type":"a\u001b[2K%d s3cret","reason":"User [name=` + operator + `] s3cret ` + strings.Repeat("x", 600) + `"}`
	list := make([]string, 200)
	for i := range list {
		list[i] = fmt.Sprintf(`{"shard":%d,"reason":`+cause+`}`, i, i)
	}
	long := strings.Join(list, ",")
	for name, fault := range map[string]double.Fault{
		"refused": {Status: 400, Body: `{"error":{"type":"x","reason":"y","failed_shards":[` + strings.Join(list[:50], ",") + `]}}`},
		"partial": {Path: "/*/_count", Rewrite: replace(1, `"failed":0`, `"failed":1,"failures":[`+long+`]`)},
	} {
		undo := cluster.Inject(fault)
		_, err := p.state.Size(t.Context(), p.index)
		undo()
		var e *opensearch.Error
		if !errors.As(err, &e) || len(e.Causes) != 3 || len(err.Error()) > 2500 || status.Printable(err.Error()) != err.Error() {
			t.Errorf("%s: %d bytes: %q", name, len(err.Error()), err)
			continue
		}
		for _, secret := range []string{"s3cret", operator} {
			if strings.Contains(fmt.Sprintf("%+v %+v", err, e.Causes), secret) {
				t.Errorf("%s shows %s: %v", name, secret, err)
			}
		}
	}
}

// A list of failed shards takes no more memory than its JSON, however long it is.
func TestManyCauses(t *testing.T) {
	p, cluster := onDouble(t)
	p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
	list := strings.TrimSuffix(strings.Repeat(`{},`, 4<<20), ",")
	body := []byte(`{"_shards":{"total":1,"successful":0,"failed":1,"failures":[` + list + `]}}`)
	cluster.Inject(double.Fault{Path: "/_search", Rewrite: func([]byte) []byte { return body }})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := p.firstError(t, func() { t.Error("yielded") })
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "only 0 of 1 shards") {
		t.Errorf("%v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 4*80<<20 { // in four attempts
		t.Errorf("%d MiB were allocated", took>>20)
	}
}
