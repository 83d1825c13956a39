package opensearch

import (
	"bytes"
	"encoding/json"
	"time"
)

// object is a JSON object.
type object map[string]any

// layout is the ID of the document that marks the items as laid out.
const layout = "shard_setup"

// The searches of Counts, in the order in which they are sent.
const (
	layoutSearch = iota
	totalSearch
	completedSearch
	incompleteSearch
	inProgressSearch
	unclaimedSearch
	lastCompletedSearch
	searches
)

// lastCompleted is the name of an aggregation.
const lastCompleted = "last_completed"

func exists(field string) object { return object{"exists": object{"field": field}} }

func either(must, mustNot []object) object {
	return object{"bool": object{"filter": must, "must_not": mustNot}}
}

// countsBody returns the searches. Times are in seconds, as in the documents; the server counts
// exactly only up to 10,000 by default.
func countsBody(now time.Time) ([]byte, error) {
	isLayout := object{"ids": object{"values": []string{layout}}}
	split, completed := exists("successor_items"), exists("completedAt")
	lease := func(comparison string) object {
		return object{"range": object{"expiration": object{comparison: now.Unix()}}}
	}
	done := either([]object{completed}, []object{isLayout, split})
	// Whether an item was split doesn't matter here: the same step completes it.
	open := []object{isLayout, completed}
	bodies := [searches]object{
		layoutSearch:        {"query": isLayout, "size": 1, "_source": []string{"completedAt"}},
		totalSearch:         {"query": either(nil, []object{isLayout, split})},
		completedSearch:     {"query": done},
		incompleteSearch:    {"query": either(nil, open)},
		inProgressSearch:    {"query": either([]object{lease("gte")}, open)},
		unclaimedSearch:     {"query": either([]object{lease("lt")}, open)},
		lastCompletedSearch: {"query": done, "aggs": object{lastCompleted: object{"max": object{"field": "completedAt"}}}},
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines) // writes a newline after each
	for _, body := range bodies {
		body["track_total_hits"] = true
		if _, given := body["size"]; !given {
			body["size"] = 0
		}
		if err := encoder.Encode(object{}); err != nil {
			return nil, err
		}
		if err := encoder.Encode(body); err != nil {
			return nil, err
		}
	}
	return lines.Bytes(), nil
}
