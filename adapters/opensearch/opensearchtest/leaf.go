package opensearchtest

import (
	"encoding/json"
	"slices"
)

func parseExists(body json.RawMessage) (query, *problem) {
	fields, p := members(body, "exists", "field")
	if p != nil {
		return nil, p
	}
	var field string
	if json.Unmarshal(fields["field"], &field) != nil || field == "" {
		return nil, malformed("exists must have a field")
	}
	return func(d *document) (bool, *problem) { return len(d.values(field)) > 0, nil }, nil
}

func parseIDs(body json.RawMessage) (query, *problem) {
	fields, p := members(body, "ids", "values")
	if p != nil {
		return nil, p
	}
	var ids []string
	if json.Unmarshal(fields["values"], &ids) != nil {
		return nil, malformed("ids must have a list of texts as values")
	}
	return func(d *document) (bool, *problem) { return slices.Contains(ids, d.id), nil }, nil
}

func parseTerm(body json.RawMessage) (query, *problem) {
	field, value, p := only(body, "term")
	if p != nil {
		return nil, p
	}
	if inner, p := members(value, "term", "value", "boost"); p == nil {
		value = inner["value"]
	}
	return oneOf(field, []json.RawMessage{value})
}

func parseTerms(body json.RawMessage) (query, *problem) {
	field, value, p := only(body, "terms")
	if p != nil {
		return nil, p
	}
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		return nil, malformed("terms must have a list for [%s]", field)
	}
	return oneOf(field, list)
}

// oneOf matches a document that has one of the values.
func oneOf(field string, list []json.RawMessage) (query, *problem) {
	wanted := make([]any, len(list))
	for i, text := range list {
		var p *problem
		if wanted[i], p = scalar(text); p != nil {
			return nil, p
		}
	}
	return func(d *document) (bool, *problem) {
		for _, have := range d.values(field) {
			for _, want := range wanted {
				if order, comparable := compare(have, want); comparable && order == 0 {
					return true, nil
				}
			}
		}
		return false, nil
	}, nil
}

func parseRange(body json.RawMessage) (query, *problem) {
	field, limits, p := only(body, "range")
	if p != nil {
		return nil, p
	}
	given, p := members(limits, "range", "gt", "gte", "lt", "lte", "boost")
	if p != nil {
		return nil, p
	}
	allowed := map[string]func(order int) bool{
		"gt": func(order int) bool { return order > 0 }, "gte": func(order int) bool { return order >= 0 },
		"lt": func(order int) bool { return order < 0 }, "lte": func(order int) bool { return order <= 0 },
	}
	bounds := map[string]any{}
	for name := range allowed {
		if given[name] == nil {
			continue
		}
		if bounds[name], p = scalar(given[name]); p != nil {
			return nil, p
		}
	}
	return func(d *document) (bool, *problem) {
		for _, have := range d.values(field) {
			within := true
			for name, bound := range bounds {
				order, comparable := compare(have, bound)
				if !comparable {
					return false, malformed("failed to create query: [%v] can't be compared to values of [%s]", bound, field)
				}
				within = within && allowed[name](order)
			}
			if within {
				return true, nil
			}
		}
		return false, nil
	}, nil
}
