package opensearchtest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
)

const (
	defaultSize  = 10
	mostCounted  = 10_000 // hits that are counted exactly if a search doesn't ask for more
	resultWindow = 10_000 // hits that one search can reach
)

// search is a search that was understood.
type search struct {
	query      query
	size, from int
	sort       []sortKey
	source     func(d *document) json.RawMessage
	counted    int // hits that are counted exactly; -1: all, 0: none are
	aggregate  map[string]aggregation
	pit        *pitOf
	after      []int64 // a place, as hits name it; nil: the beginning
}

func parseSearch(body json.RawMessage) (*search, *problem) {
	if len(body) == 0 {
		body = json.RawMessage("{}")
	}
	fields, p := members(body, "a search", "query", "size", "from", "sort", "_source", "track_total_hits", "aggs", "aggregations", "pit", "search_after")
	if p != nil {
		return nil, p
	}
	s := &search{size: defaultSize}
	for name, number := range map[string]*int{"size": &s.size, "from": &s.from} {
		if text := fields[name]; text != nil && (json.Unmarshal(text, number) != nil || *number < 0) {
			return nil, malformed("[%s] must be a whole number of at least 0", name)
		}
	}
	if s.size+s.from > resultWindow {
		return nil, &problem{Status: http.StatusBadRequest, Type: "illegal_argument_exception",
			Reason: "Result window is too large, from + size must be less than or equal to: [10000]"}
	}
	if s.query, p = parseQuery(fields["query"]); p != nil {
		return nil, p
	}
	if s.sort, p = parseSort(fields["sort"]); p != nil {
		return nil, p
	}
	if s.source, p = parseSource(fields["_source"]); p != nil {
		return nil, p
	}
	if s.counted, p = parseCounted(fields["track_total_hits"]); p != nil {
		return nil, p
	}
	aggregations := fields["aggs"]
	if aggregations == nil {
		aggregations = fields["aggregations"]
	}
	if s.aggregate, p = parseAggregations(aggregations); p != nil {
		return nil, p
	}
	return s, parsePit(fields, s)
}

func parseCounted(text json.RawMessage) (int, *problem) {
	var exact bool
	var most int
	switch {
	case text == nil:
		return mostCounted, nil
	case json.Unmarshal(text, &exact) == nil:
		if exact {
			return -1, nil
		}
		return 0, nil
	case json.Unmarshal(text, &most) == nil && most > 0:
		return most, nil
	}
	return 0, malformed("[track_total_hits] must be true, false or a number")
}

// run searches an index. The hits are all that match, in order.
func (s *search) run(ix *index) ([]*document, *problem) {
	var hits []*document
	for _, d := range ix.seen {
		matches, p := s.query(d)
		if p != nil {
			return nil, p
		}
		if matches {
			hits = append(hits, d)
		}
	}
	slices.SortFunc(hits, func(a, b *document) int {
		for _, key := range s.sort {
			if order := key.compare(a, b); order != 0 {
				return order
			}
		}
		return cmp.Compare(a.number, b.number)
	})
	return hits, nil
}

// answer is that to a search which matches these.
func (s *search) answer(ix *index, matching []*document) map[string]any {
	page := matching[min(s.from, len(matching)):]
	answer := s.page(ix.name, page[:min(s.size, len(page))], len(matching))
	if len(s.aggregate) > 0 {
		values := map[string]any{}
		for name, aggregation := range s.aggregate {
			values[name] = map[string]any{"value": aggregation(matching)}
		}
		answer["aggregations"] = values
	}
	return answer
}

// page is an answer with these documents, of total that match.
func (s *search) page(name string, documents []*document, total int) map[string]any {
	list := make([]any, len(documents))
	for i, d := range documents {
		hit := map[string]any{"_index": name, "_id": d.id, "_score": 1.0}
		if source := s.source(d); source != nil {
			hit["_source"] = source
		}
		if len(s.sort) > 0 {
			keys := make([]any, len(s.sort))
			for k, key := range s.sort {
				keys[k] = key.value(d)
			}
			hit["sort"], hit["_score"] = keys, nil
		}
		list[i] = hit
	}
	hits := map[string]any{"max_score": nil, "hits": list}
	switch {
	case s.counted < 0 || total <= s.counted && s.counted > 0:
		hits["total"] = map[string]any{"value": total, "relation": "eq"}
	case s.counted > 0:
		hits["total"] = map[string]any{"value": s.counted, "relation": "gte"}
	}
	return map[string]any{"took": 1, "timed_out": false, "_shards": oneShard(), "hits": hits}
}

func oneShard() map[string]any {
	return map[string]any{"total": 1, "successful": 1, "skipped": 0, "failed": 0}
}
