package opensearch

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// unassignedHint is for a shard that no node can answer for.
const unassignedHint = "a shard of the index is not assigned to a node, still recovers, or was deleted; GET /_cluster/allocation/explain says why"

// isUnassigned reports whether an error is that of a search for which no node has a shard. Most versions
// name no cause then.
func isUnassigned(e *Error) bool {
	return e.StatusCode == http.StatusServiceUnavailable && e.Type == "search_phase_execution_exception" && onlyUnassigned(e.Causes)
}

func onlyUnassigned(causes []Cause) bool {
	return !slices.ContainsFunc(causes, func(c Cause) bool { return c.Type != "no_shard_available_action_exception" })
}

// checkAssigned returns an error if a shard of the index is not assigned. A refresh or a write would wait
// for one until it times out, while a search answers at once, and needs no other permission than
// reading does: the health of the index, or why it is not allocated, are permissions of the cluster.
// Like every read the search is repeated, so that a shard which is recovering has a second or so. Other
// errors are those of the request that follows.
func (c *cluster) checkAssigned(ctx context.Context, index string) error {
	_, err := c.count(ctx, index)
	var failed *Error
	if errors.As(err, &failed) && failed.unassigned {
		return err
	}
	return nil
}
