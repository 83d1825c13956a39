package opensearchtest

import (
	"encoding/json"
)

// query tells whether a document matches.
type query func(d *document) (bool, *problem)

// parseQuery reads a query; none matches everything.
func parseQuery(text json.RawMessage) (query, *problem) {
	if text == nil {
		return all, nil
	}
	kind, body, p := only(text, "a query")
	if p != nil {
		return nil, p
	}
	switch kind {
	case "match_all":
		_, p := members(body, kind)
		return all, p
	case "bool":
		return parseBool(body)
	case "constant_score":
		fields, p := members(body, kind, "filter", "boost")
		if p != nil {
			return nil, p
		}
		if fields["filter"] == nil {
			return nil, malformed("constant_score must have a filter")
		}
		return parseQuery(fields["filter"])
	case "exists":
		return parseExists(body)
	case "ids":
		return parseIDs(body)
	case "term":
		return parseTerm(body)
	case "terms":
		return parseTerms(body)
	case "range":
		return parseRange(body)
	}
	return nil, unknown("the query [%s]", kind)
}

func all(*document) (bool, *problem) { return true, nil }

// parseBool reads a combination. Of should at least one must match where nothing else must, and
// none has to where something does, unless minimum_should_match says how many.
func parseBool(body json.RawMessage) (query, *problem) {
	fields, p := members(body, "bool", "must", "filter", "must_not", "should", "minimum_should_match", "boost")
	if p != nil {
		return nil, p
	}
	clauses := map[string][]query{}
	for _, name := range []string{"must", "filter", "must_not", "should"} {
		if clauses[name], p = parseQueries(fields[name]); p != nil {
			return nil, p
		}
	}
	least := 0
	if len(clauses["should"]) > 0 && len(clauses["must"])+len(clauses["filter"]) == 0 {
		least = 1
	}
	if given := fields["minimum_should_match"]; given != nil && json.Unmarshal(given, &least) != nil {
		return nil, unknown("a minimum_should_match that is not a whole number")
	}
	return func(d *document) (bool, *problem) {
		for name, wanted := range map[string]bool{"must": true, "filter": true, "must_not": false} {
			for _, q := range clauses[name] {
				if matches, p := q(d); p != nil || matches != wanted {
					return false, p
				}
			}
		}
		found := 0
		for _, q := range clauses["should"] {
			matches, p := q(d)
			if p != nil {
				return false, p
			}
			if matches {
				found++
			}
		}
		return found >= least, nil
	}, nil
}

// parseQueries reads a list of queries, or one without a list.
func parseQueries(text json.RawMessage) ([]query, *problem) {
	if text == nil || string(text) == "null" {
		return nil, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		list = []json.RawMessage{text}
	}
	queries := make([]query, len(list))
	for i, one := range list {
		var p *problem
		if queries[i], p = parseQuery(one); p != nil {
			return nil, p
		}
	}
	return queries, nil
}
