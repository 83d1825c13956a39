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
	// Shards are what the shards of a search said, if all of them failed.
	Shards *shardProblems
}

// shardProblems are the failures of the shards of a search.
type shardProblems struct {
	list   []any
	causes []any
	cause  map[string]any // nil: no shard was asked
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
	if p.Shards != nil {
		whole["phase"], whole["grouped"] = "query", true
		whole["root_cause"], whole["failed_shards"] = p.Shards.causes, p.Shards.list
		if p.Shards.cause != nil {
			whole["caused_by"] = p.Shards.cause
		}
	}
	return map[string]any{"error": whole, "status": p.Status}
}

// failedShard is the answer to a search whose only shard has failed; index is nil if the shard is not
// known any more.
func failedShard(cause *problem, index any) *problem {
	shard := 0
	if index == nil {
		shard = -1
	}
	return &problem{Status: cause.Status, Type: "search_phase_execution_exception", Reason: "all shards failed", Shards: &shardProblems{
		causes: []any{cause.cause()}, cause: cause.cause(),
		list: []any{map[string]any{"shard": shard, "index": index, "reason": cause.cause()}},
	}}
}

// noShardProblem is the answer to a search of which no node has a shard, with the cause that
// Elasticsearch 7.17 names.
func noShardProblem() *problem {
	cause := map[string]any{"type": "no_shard_available_action_exception", "reason": nil}
	return &problem{Status: http.StatusServiceUnavailable, Type: "search_phase_execution_exception", Reason: "all shards failed",
		Shards: &shardProblems{causes: []any{cause}, list: []any{map[string]any{"shard": 0, "node": nil, "reason": cause}}}}
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
