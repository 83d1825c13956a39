package opensearchtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
)

// values are those of a field, which may be one of an object in the document. null is none.
func (d *document) values(field string) []any {
	if field == "_id" {
		return []any{d.id}
	}
	if value, ok := d.fields[field]; ok {
		return flatten(value)
	}
	return inside(d.fields, field)
}

func inside(fields map[string]any, field string) []any {
	head, rest, nested := strings.Cut(field, ".")
	var found []any
	for _, value := range flatten(fields[head]) {
		object, isObject := value.(map[string]any)
		switch {
		case nested && isObject:
			found = append(found, inside(object, rest)...)
		case !nested:
			found = append(found, value)
		}
	}
	return found
}

func flatten(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		var found []any
		for _, one := range v {
			found = append(found, flatten(one)...)
		}
		return found
	}
	return []any{value}
}

// scalar reads a text, a number, true or false.
func scalar(text json.RawMessage) (any, *problem) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, malformed("a value is missing")
	}
	switch value.(type) {
	case string, json.Number, bool:
		return value, nil
	}
	return nil, unknown("the value %s in a query", text)
}

// compare orders a document's value and one of a query. As on a real cluster a text can stand for a
// number or a truth value.
func compare(have, want any) (order int, comparable bool) {
	switch h := have.(type) {
	case json.Number:
		w, err := strconv.ParseFloat(asText(want), 64)
		n, _ := h.Float64()
		return cmp.Compare(n, w), err == nil
	case bool:
		return cmp.Compare(strconv.FormatBool(h), asText(want)), asText(want) == "true" || asText(want) == "false"
	case string:
		return cmp.Compare(h, asText(want)), true
	}
	return 0, false
}

func asText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
