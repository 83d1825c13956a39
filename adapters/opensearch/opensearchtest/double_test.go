package opensearchtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// ask sends a request to the handler itself.
func ask(t *testing.T, c *Cluster, method, target, body string) (status int, answer map[string]any) {
	t.Helper()
	recorder := httptest.NewRecorder()
	c.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body)))
	if recorder.Body.Len() > 0 {
		if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%s %s: %s", method, target, recorder.Body)
		}
	}
	return recorder.Code, answer
}

func put(t *testing.T, c *Cluster, id, source string) {
	t.Helper()
	if err := c.Put("i", id, json.RawMessage(source)); err != nil {
		t.Fatal(err)
	}
}

func TestQueries(t *testing.T) {
	c := New(Options{})
	put(t, c, "a", `{"n": 1, "word": "one", "list": [1, 5], "inner": {"n": 7}}`)
	put(t, c, "b", `{"n": 2, "word": "two", "none": null, "empty": []}`)
	put(t, c, "c", `{"n": 3, "yes": true}`)
	for query, want := range map[string]string{
		`{"match_all": {}}`:                                  "abc",
		`{"exists": {"field": "word"}}`:                      "ab",
		`{"exists": {"field": "none"}}`:                      "",
		`{"exists": {"field": "empty"}}`:                     "",
		`{"exists": {"field": "inner.n"}}`:                   "a",
		`{"term": {"word": "two"}}`:                          "b",
		`{"term": {"word": {"value": "one"}}}`:               "a",
		`{"term": {"n": "2"}}`:                               "b",
		`{"term": {"yes": true}}`:                            "c",
		`{"term": {"_id": "c"}}`:                             "c",
		`{"terms": {"n": [1, 3, 9]}}`:                        "ac",
		`{"ids": {"values": ["b", "x"]}}`:                    "b",
		`{"range": {"n": {"gte": 2}}}`:                       "bc",
		`{"range": {"n": {"gt": 2}}}`:                        "c",
		`{"range": {"n": {"lte": 2}}}`:                       "ab",
		`{"range": {"n": {"lt": 2}}}`:                        "a",
		`{"range": {"n": {"gt": 1, "lt": 3}}}`:               "b",
		`{"range": {"list": {"gt": 1, "lt": 5}}}`:            "", // no value by itself is within
		`{"range": {"word": {"gte": "p"}}}`:                  "b",
		`{"constant_score": {"filter": {"term": {"n": 1}}}}`: "a",
		`{"bool": {}}`:                                       "abc",
		`{"bool": {"must": {"term": {"n": 1}}}}`:             "a",
		`{"bool": {"filter": [{"exists": {"field": "n"}}], "must_not": [{"ids": {"values": ["a"]}}]}}`:       "bc",
		`{"bool": {"should": [{"term": {"n": 1}}, {"term": {"n": 2}}]}}`:                                     "ab",
		`{"bool": {"must": [{"match_all": {}}], "should": [{"term": {"n": 1}}]}}`:                            "abc",
		`{"bool": {"must": [{"match_all": {}}], "should": [{"term": {"n": 1}}], "minimum_should_match": 1}}`: "a",
	} {
		status, answer := ask(t, c, "POST", "/i/_search", `{"sort": ["n"], "query": `+query+`}`)
		if status != 200 {
			t.Errorf("%s: %v", query, answer)
			continue
		}
		got := ""
		for _, hit := range answer["hits"].(map[string]any)["hits"].([]any) {
			got += hit.(map[string]any)["_id"].(string)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	c := New(Options{})
	put(t, c, "a", `{"n": 1}`)
	for _, body := range []string{
		`{"query": {"fuzzy": {"n": 1}}}`, `{"query": {}}`, `{"query": {"term": {}, "ids": {}}}`, `{"quarry": {}}`,
		`{"query": {"bool": {"mustnot": []}}}`, `{"query": {"range": {"n": {"from": 1}}}}`, `{"query": {"range": {"n": {"gte": "now"}}}}`,
		`{"query": {"exists": {"fields": "n"}}}`, `{"query": {"term": {"n": null}}}`, `{"query": {"terms": {"n": 1}}}`,
		`{"query": {"ids": {"values": "a"}}}`, `{"query": {"constant_score": {}}}`, `{"query": {"bool": {"should": [], "minimum_should_match": "1"}}}`,
		`{"sort": [{"n": "up"}]}`, `{"_source": {"includes": ["n"]}}`, `{"_source": "n*"}`, `{"track_total_hits": "yes"}`,
		`{"aggs": {"x": {"avg": {"field": "n"}}}}`, `{"aggs": {"x": {"max": {"script": "1"}}}}`, `{"size": -1}`, `{"size": 10001}`, `[]`,
	} {
		if status, answer := ask(t, c, "POST", "/i/_search", body); status != 400 {
			t.Errorf("%s: %d %v", body, status, answer)
		}
	}
	for _, target := range []string{
		"POST /i/_search?routing=1", "GET /i/_settings", "DELETE /i*", "DELETE /i,j", "PUT /_all", "GET /i/_count?q=x", "PATCH /i",
		"POST /i/_refresh?force=true", "POST /_search/scroll?scroll=1m", "PUT /i/_doc/x?routing=1", "POST /i/_doc/x",
	} {
		method, path, _ := strings.Cut(target, " ")
		if status, answer := ask(t, c, method, path, "{}"); status != 400 {
			t.Errorf("%s: %d %v", target, status, answer)
		}
	}
	for _, lines := range []string{
		`{"delete": {"_id": "a"}}` + "\n{}\n", `{"create": {"_id": "a", "routing": "x"}}` + "\n{}\n", `{"create": {"_id": "a"}}` + "\n", `{"create": {}}` + "\n{}",
	} {
		if status, answer := ask(t, c, "POST", "/i/_bulk", lines); status != 400 {
			t.Errorf("%s: %d %v", lines, status, answer)
		}
	}
	if got := len(c.Documents("i")); got != 1 {
		t.Errorf("%d documents", got)
	}
}

func TestTotalsAreCappedAsOnARealCluster(t *testing.T) {
	c := New(Options{})
	for i := range 10_001 {
		put(t, c, fmt.Sprint(i), `{"n": 1}`)
	}
	for body, want := range map[string]string{
		`{}`:                            "map[relation:gte value:10000]",
		`{"track_total_hits": true}`:    "map[relation:eq value:10001]",
		`{"track_total_hits": 20000}`:   "map[relation:eq value:10001]",
		`{"track_total_hits": 5}`:       "map[relation:gte value:5]",
		`{"track_total_hits": false}`:   "<nil>",
		`{"size": 0, "from": 3}`:        "map[relation:gte value:10000]",
		`{"query": {"term": {"n": 2}}}`: "map[relation:eq value:0]",
	} {
		_, answer := ask(t, c, "POST", "/i/_search", body)
		if got := fmt.Sprint(answer["hits"].(map[string]any)["total"]); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	if _, answer := ask(t, c, "GET", "/i/_count", ""); answer["count"] != 10_001.0 {
		t.Errorf("count %v", answer["count"])
	}
}

func TestSearchesSeeWhatIsRefreshed(t *testing.T) {
	c := New(Options{})
	count := func() any {
		_, answer := ask(t, c, "GET", "/i/_count", "")
		return answer["count"]
	}
	ask(t, c, "PUT", "/i/_doc/a", `{"n": 1}`)
	if _, answer := ask(t, c, "GET", "/i/_doc/a", ""); answer["found"] != true || count() != 0.0 {
		t.Errorf("found %v, count %v", answer["found"], count())
	}
	ask(t, c, "POST", "/i/_refresh", "")
	if count() != 1.0 {
		t.Errorf("count %v after the refresh", count())
	}
	ask(t, c, "POST", "/_bulk?refresh=true", `{"index": {"_index": "i", "_id": "a"}}`+"\n"+`{"n": 2}`+"\n"+`{"create": {"_index": "i"}}`+"\n"+`{"n": 3}`+"\n")
	if _, answer := ask(t, c, "POST", "/i/_search", `{"size": 0, "aggs": {"x": {"min": {"field": "n"}}, "y": {"max": {"field": "n"}}, "z": {"value_count": {"field": "n"}}, "none": {"max": {"field": "m"}}}}`); fmt.Sprint(answer["aggregations"]) != "map[none:map[value:<nil>] x:map[value:2] y:map[value:3] z:map[value:2]]" {
		t.Errorf("%v", answer["aggregations"])
	}
	if err := c.Update("i", "a", func(fields map[string]any) { fields["n"] = 9 }); err != nil || string(c.Get("i", "a")) != `{"n":9}` {
		t.Errorf("%v, %s", err, c.Get("i", "a"))
	}
}

func TestWritesAreCheckedByTheMapping(t *testing.T) {
	c := New(Options{})
	if status, answer := ask(t, c, "PUT", "/i", `{"mappings": {"properties": {"n": {"type": "long"}, "w": {"type": "keyword", "norms": false}}}}`); status != 200 {
		t.Fatal(answer)
	}
	_, answer := ask(t, c, "POST", "/i/_bulk", `{"create": {"_id": "a"}}`+"\n"+`{"n": "soon"}`+"\n"+`{"create": {"_id": "b"}}`+"\n"+`{"n": "5"}`+"\n"+`{"create": {"_id": "b"}}`+"\n{}\n")
	var statuses []string
	for _, item := range answer["items"].([]any) {
		statuses = append(statuses, fmt.Sprint(item.(map[string]any)["create"].(map[string]any)["status"]))
	}
	if got := strings.Join(statuses, " "); got != "400 201 409" || answer["errors"] != true {
		t.Errorf("%s: %v", got, answer)
	}
	if err := c.Put("i", "x", json.RawMessage(`{"n": {}}`)); err == nil {
		t.Error("an object for a number")
	}
	if status, answer := ask(t, c, "PUT", "/i", ""); status != 400 || !strings.Contains(fmt.Sprint(answer), "resource_already_exists_exception") {
		t.Errorf("%d %v", status, answer)
	}
}

func TestScrollIsAsItWasAtTheStart(t *testing.T) {
	c := New(Options{})
	for i := range 5 {
		put(t, c, fmt.Sprint(i), `{}`)
	}
	_, page := ask(t, c, "POST", "/i/_search?scroll=1m", `{"size": 2, "sort": ["_doc"]}`)
	put(t, c, "later", `{}`)
	id, pages := page["_scroll_id"].(string), 0
	for ; len(page["hits"].(map[string]any)["hits"].([]any)) > 0; pages++ {
		_, page = ask(t, c, "POST", "/_search/scroll", `{"scroll": "1m", "scroll_id": "`+id+`"}`)
	}
	if pages != 3 || c.OpenScrolls() != 1 {
		t.Errorf("%d pages, %d open", pages, c.OpenScrolls())
	}
	if status, _ := ask(t, c, "DELETE", "/_search/scroll", `{"scroll_id": ["`+id+`"]}`); status != 200 || c.OpenScrolls() != 0 {
		t.Errorf("status %d, %d open", status, c.OpenScrolls())
	}
	if status, _ := ask(t, c, "POST", "/_search/scroll", `{"scroll": "1m", "scroll_id": "`+id+`"}`); status != 404 {
		t.Errorf("status %d of a closed scroll", status)
	}
}

func TestAbsentIndex(t *testing.T) {
	c := New(Options{})
	status, answer := ask(t, c, "GET", "/i/_count", "")
	if e := answer["error"].(map[string]any); status != 404 || e["type"] != "index_not_found_exception" || e["reason"] != "no such index [i]" || e["index"] != "i" {
		t.Errorf("%d %v", status, answer)
	}
	_, answer = ask(t, c, "POST", "/i/_msearch", "{}\n{}\n")
	if one := answer["responses"].([]any)[0].(map[string]any); one["status"] != 404.0 || one["error"] == nil {
		t.Errorf("%v", one)
	}
	if status, _ := ask(t, c, "HEAD", "/i", ""); status != 404 {
		t.Errorf("HEAD: %d", status)
	}
}

func TestFaults(t *testing.T) {
	c := New(Options{})
	put(t, c, "a", `{}`)
	remove := c.Inject(Fault{Path: "/*/_count", Skip: 1, Times: 1, Status: 503})
	for i, want := range []int{200, 503, 200} {
		if status, _ := ask(t, c, "GET", "/i/_count", ""); status != want {
			t.Errorf("request %d: %d, want %d", i, status, want)
		}
	}
	remove()
	remove = c.Inject(Fault{Method: "GET", Rewrite: func([]byte) []byte { return []byte(`{"other": 1}`) }})
	if _, answer := ask(t, c, "GET", "/i/_count", ""); answer["other"] != 1.0 {
		t.Errorf("%v", answer)
	}
	remove()
	server, err := c.Serve(false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	defer c.Inject(Fault{Method: "GET", Cut: true})()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/i/_count", nil)
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
		t.Error("an answer in spite of the cut")
	}
	defer c.Inject(Fault{Method: "HEAD", Delay: time.Hour})()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	request, _ = http.NewRequestWithContext(ctx, http.MethodHead, server.URL+"/i", nil)
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
		t.Error("an answer in spite of the delay")
	}
	// The one that is delayed may not have been noted yet.
	isCut := func(r Request) bool { return r.Method == http.MethodGet && r.Path == "/i/_count" && r.Status == 0 }
	if requests := c.Requests(); !slices.ContainsFunc(requests, isCut) {
		t.Errorf("%+v", requests)
	}
}

func TestConcurrentUse(t *testing.T) {
	c := New(Options{})
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 50 {
				id := fmt.Sprint(w, "-", i)
				if err := c.Put("i", id, map[string]int{"n": i}); err != nil {
					t.Error(err)
				}
				ask(t, c, "POST", "/i/_search", `{"query": {"range": {"n": {"gte": 3}}}}`)
				_ = c.Update("i", id, func(fields map[string]any) { fields["m"] = 1 })
				c.Inject(Fault{Path: "/x"})()
			}
		})
	}
	all.Wait()
	if got := len(c.Documents("i")); got != 200 {
		t.Errorf("%d documents", got)
	}
}

// What a search fails of is in its shards, in the words of OpenSearch 2.19.6.
func TestFailedShards(t *testing.T) {
	const search = `{"size": 1}`
	limited := New(Options{})
	if status, answer := ask(t, limited, "PUT", "/_cluster/settings", `{"transient": {"search.max_open_scroll_context": 0, "search.max_keep_alive": "2m"}}`); status != 200 {
		t.Fatal(answer)
	}
	if err := limited.Put("i", "a", map[string]int{}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		target, body string
		status       int
		kind, reason string
		shard        float64
	}{
		"no scroll left": {"/i/_search?scroll=1m", search, 429, "rejected_execution_exception", "Trying to create too many scroll contexts. Must be less than or equal to: [0]. " +
			"This limit can be set by changing the [search.max_open_scroll_context] setting.", 0},
		"kept too long": {"/i/_search?scroll=5m", search, 400, "illegal_argument_exception", "Keep alive for request (5m) is too large. It must be less than (2m). " +
			"This limit can be set by changing the [search.max_keep_alive] cluster level setting.", 0},
		"no context": {"/_search/scroll", `{"scroll": "1m", "scroll_id": "scroll-7"}`, 404, "search_context_missing_exception", "No search context found for id [7]", -1},
	} {
		status, answer := ask(t, limited, "POST", c.target, c.body)
		whole, _ := answer["error"].(map[string]any)
		want := map[string]any{"type": c.kind, "reason": c.reason}
		if status != c.status || whole["type"] != "search_phase_execution_exception" || whole["reason"] != "all shards failed" || !reflect.DeepEqual(whole["root_cause"], []any{want}) {
			t.Errorf("%s: %d, %v", name, status, answer)
			continue
		}
		shards, _ := whole["failed_shards"].([]any)
		shard, _ := shards[0].(map[string]any)
		if len(shards) != 1 || shard["shard"] != c.shard || !reflect.DeepEqual(shard["reason"], want) {
			t.Errorf("%s: %v", name, shards)
		}
	}
}

// A point in time is what searches saw when it was made, in pages that can be read again.
func TestPointInTime(t *testing.T) {
	for version, place := range map[string]string{"2.19.6": "[2]", "7.17.29": "[2 2]"} {
		c := New(Options{Version: version})
		for i := range 5 {
			put(t, c, fmt.Sprint(i), `{}`)
		}
		open, id, remove, ids := "/i/_search/point_in_time", "pit_id", "/_search/point_in_time", `{"pit_id": [%q]}`
		if version == "7.17.29" {
			open, id, remove, ids = "/i/_pit", "id", "/_pit", `{"id": %q}`
		}
		_, answer := ask(t, c, "POST", open+"?keep_alive=1m", "")
		pit, _ := answer[id].(string)
		put(t, c, "later", `{}`)
		page := func(after string) (int, []any) {
			status, answer := ask(t, c, "POST", "/_search", fmt.Sprintf(`{"size": 2, "sort": ["_doc"], "pit": {"id": %q, "keep_alive": "1m"}%s}`, pit, after))
			hits, _ := answer["hits"].(map[string]any)
			list, _ := hits["hits"].([]any)
			return status, list
		}
		if _, first := page(""); len(first) != 2 || fmt.Sprint(first[1].(map[string]any)["sort"]) != place {
			t.Errorf("%s: %v", version, first)
		}
		for range 2 {
			if _, last := page(`, "search_after": [4]`); len(last) != 1 || last[0].(map[string]any)["_id"] != "4" {
				t.Errorf("%s: %v", version, last)
			}
		}
		if status, answer := ask(t, c, "DELETE", remove, fmt.Sprintf(ids, pit)); status != 200 || c.OpenPointsInTime() != 0 {
			t.Errorf("%s: %d %v, %d open", version, status, answer, c.OpenPointsInTime())
		}
		if status, _ := page(""); status != 404 {
			t.Errorf("%s: %d", version, status)
		}
	}
}

// What a version doesn't have, it answers in its own words.
func TestVersionsWithoutAPointInTime(t *testing.T) {
	for _, c := range []struct{ version, target, words string }{
		{"1.3.20", "/i/_search/point_in_time", "request body is required"}, {"1.3.20", "/i/_pit", "request body is required"},
		{"7.10.2", "/i/_pit", "request body is required"}, {"7.17.29", "/i/_search/point_in_time", "request body is required"},
		{"2.3.0", "/i/_search/point_in_time", "no handler found for uri [/i/_search/point_in_time] and method [POST]"},
		{"3.8.0", "/i/_pit", "no handler found for uri [/i/_pit] and method [POST]"},
	} {
		double := New(Options{Version: c.version})
		if err := double.Put("i", "a", map[string]int{}); err != nil {
			t.Fatal(err)
		}
		if status, answer := ask(t, double, "POST", c.target+"?keep_alive=1m", ""); status != 400 || !strings.Contains(fmt.Sprint(answer["error"]), c.words) {
			t.Errorf("%+v: %d %v", c, status, answer)
		}
	}
}
