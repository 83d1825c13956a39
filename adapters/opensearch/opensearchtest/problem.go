package opensearchtest

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// problem is an error in the cluster's own form.
type problem struct {
	Status int
	Type   string
	Reason string
	Index  string
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Type, p.Reason) }

// cause is the form without the status.
func (p *problem) cause() map[string]any {
	cause := map[string]any{"type": p.Type, "reason": p.Reason}
	if p.Index != "" {
		cause["index"] = p.Index
	}
	if p.Type == "index_not_found_exception" {
		cause["resource.type"], cause["resource.id"], cause["index_uuid"] = "index_or_alias", p.Index, "_na_"
	}
	return cause
}

func (p *problem) body() map[string]any {
	whole := p.cause()
	whole["root_cause"] = []any{p.cause()}
	return map[string]any{"error": whole, "status": p.Status}
}

// unknown is the answer to what the double doesn't know.
func unknown(format string, args ...any) *problem {
	return &problem{Status: http.StatusBadRequest, Type: "parsing_exception", Reason: "the double doesn't know " + fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) *problem {
	return &problem{Status: http.StatusBadRequest, Type: "parsing_exception", Reason: fmt.Sprintf(format, args...)}
}

// members reads a JSON object of which only these members are known.
func members(text json.RawMessage, what string, known ...string) (map[string]json.RawMessage, *problem) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil || all == nil {
		return nil, malformed("%s must be an object", what)
	}
next:
	for name := range all {
		for _, k := range known {
			if name == k {
				continue next
			}
		}
		return nil, unknown("[%s] of %s", name, what)
	}
	return all, nil
}

// only reads a JSON object of exactly one member.
func only(text json.RawMessage, what string) (string, json.RawMessage, *problem) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil || len(all) != 1 {
		return "", nil, malformed("%s must be an object of exactly one member", what)
	}
	for name, value := range all {
		return name, value, nil
	}
	return "", nil, nil
}
