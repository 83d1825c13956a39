package opensearchtest

import (
	"encoding/json"
	"strings"
)

// parseSource reads which fields an answer shows: true, false, a name or a list of names.
func parseSource(text json.RawMessage) (func(*document) json.RawMessage, *problem) {
	whole := func(d *document) json.RawMessage { return d.source }
	if text == nil {
		return whole, nil
	}
	var shown bool
	if json.Unmarshal(text, &shown) == nil {
		if shown {
			return whole, nil
		}
		return func(*document) json.RawMessage { return nil }, nil
	}
	var one string
	var names []string
	if json.Unmarshal(text, &one) == nil {
		names = []string{one}
	} else if json.Unmarshal(text, &names) != nil {
		return nil, unknown("a _source of %s", text)
	}
	for _, name := range names {
		if strings.ContainsAny(name, "*.") {
			return nil, unknown("[%s] in _source", name)
		}
	}
	return func(d *document) json.RawMessage {
		fields := map[string]any{}
		for _, name := range names {
			if value, ok := d.fields[name]; ok {
				fields[name] = value
			}
		}
		some, err := json.Marshal(fields)
		if err != nil {
			return nil // which what was JSON before can't bring about
		}
		return some
	}, nil
}
