package opensearchtest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// allocation is the setting that keeps the shards of new indices from being assigned: none. Of
// those that there are, it changes nothing.
const allocation = "cluster.routing.allocation.enable"

func isAllocation(value json.RawMessage) bool {
	var text string
	return json.Unmarshal(value, &text) == nil && slices.Contains([]string{"all", "none"}, text)
}

func (c *Cluster) allocates() bool { return string(c.settings[allocation]) != `"none"` }

// allocate assigns all shards, if that is allowed.
func (c *Cluster) allocate() {
	if c.allocates() {
		for _, ix := range c.indices {
			ix.assigned = true
		}
	}
}

// unassignedProblem is the answer to a search on an index without an assigned shard.
func (c *Cluster) unassignedProblem() *problem {
	if c.isElasticsearch() && c.pitAPI() != nil {
		return noShardProblem()
	}
	return &problem{Status: http.StatusServiceUnavailable, Type: "search_phase_execution_exception", Reason: "all shards failed",
		Shards: &shardProblems{list: []any{}, causes: []any{}}}
}

// awaitShard waits with a write or a refresh until the shard is assigned; false: the client has given up.
// A real cluster waits for a minute at most.
func (c *Cluster) awaitShard(ctx context.Context, in *request) bool {
	if !in.path("", "_refresh") && !in.path("", "_bulk") {
		return true
	}
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for {
		c.mu.Lock()
		ix := c.indices[in.parts[0]]
		ready := ix == nil || ix.assigned
		c.mu.Unlock()
		if ready {
			return true
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
}
