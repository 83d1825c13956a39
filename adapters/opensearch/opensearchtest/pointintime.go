package opensearchtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pointInTime is what searches saw of an index when the point in time was made.
type pointInTime struct {
	index     string
	documents []*document // by their places
	until     time.Time
	deleted   bool // the index is, of which Elasticsearch then finds no shard
}

// pitAPI is how a cluster names what belongs to a point in time.
type pitAPI struct {
	open   []string // the path behind the index
	id     string   // in the answer to the request that makes one
	remove string   // the member of the request that removes some
	params []string
}

// versionNumbers returns the major and the minor number of the version.
func (c *Cluster) versionNumbers() (major, minor int) {
	parts := append(strings.Split(c.options.Version, "."), "", "")
	major, _ = strconv.Atoi(parts[0])
	minor, _ = strconv.Atoi(parts[1])
	return major, minor
}

// isElasticsearch reports whether the version is one of Elasticsearch.
func (c *Cluster) isElasticsearch() bool {
	major, _ := c.versionNumbers()
	return major >= firstElasticsearch
}

const firstElasticsearch = 7 // of the major numbers

// pitAPI returns nil for a version without points in time.
func (c *Cluster) pitAPI() *pitAPI {
	major, minor := c.versionNumbers()
	switch {
	case c.isElasticsearch() && (major > firstElasticsearch || minor > 10): // 7.10 has it in the default distribution only
		return &pitAPI{open: []string{"_pit"}, id: "id", remove: "id", params: []string{"keep_alive"}}
	case !c.isElasticsearch() && (major > 2 || major == 2 && minor >= 4):
		return &pitAPI{open: []string{"_search", "point_in_time"}, id: "pit_id", remove: "pit_id",
			params: []string{"keep_alive", "allow_partial_pit_creation"}}
	}
	return nil
}

// OpenPointsInTime returns how many points in time there are, without those whose time has run out.
func (c *Cluster) OpenPointsInTime() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := 0
	for _, p := range c.pits {
		if time.Now().Before(p.until) {
			open++
		}
	}
	return open
}

// pitRoute answers the requests that make and remove points in time. known is false for others.
func (c *Cluster) pitRoute(in *request) (out *answer, p *problem, known bool) {
	api := c.pitAPI()
	isOpening := in.method == http.MethodPost && (in.path("", "_pit") || in.path("", "_search", "point_in_time"))
	switch major, _ := c.versionNumbers(); {
	case api != nil && isOpening && in.path(append([]string{""}, api.open...)...):
		out, p = c.openPit(in, api)
	case api != nil && in.method == http.MethodDelete && in.path(api.open...):
		out, p = c.closePits(in, api)
	case isOpening && major > 1 && !c.isElasticsearch():
		out = answerJSON(http.StatusBadRequest, map[string]any{
			"error": fmt.Sprintf("no handler found for uri [/%s] and method [POST]", strings.Join(in.parts, "/")),
		})
	case isOpening: // it looks like a document with a type
		p = &problem{Status: http.StatusBadRequest, Type: "parse_exception", Reason: "request body is required"}
	}
	return out, p, out != nil || p != nil
}

func (c *Cluster) openPit(in *request, api *pitAPI) (*answer, *problem) {
	if p := in.allow(api.params...); p != nil {
		return nil, p
	}
	ix, p := c.indexToRead(in.parts[0])
	if p != nil {
		return nil, p
	}
	until, p := c.keepPit(in.params.Get("keep_alive"), ix.name)
	if p != nil {
		return nil, p
	}
	if most := c.limit(maxPits, defaultMaxPits); !c.isElasticsearch() && len(c.pits) >= most {
		return nil, failedShard(&problem{Status: http.StatusTooManyRequests, Type: "rejected_execution_exception",
			Reason: fmt.Sprintf("Trying to create too many Point In Time contexts. Must be less than or equal to: [%d]. "+
				"This limit can be set by changing the [%s] setting.", most, maxPits)}, ix.name)
	}
	id := fmt.Sprintf("pit-%d", c.number())
	documents := slices.SortedFunc(maps.Values(ix.seen), func(a, b *document) int { return cmp.Compare(a.number, b.number) })
	c.pits[id] = &pointInTime{index: ix.name, documents: documents, until: until}
	body := map[string]any{api.id: id}
	if !c.isElasticsearch() {
		body["_shards"], body["creation_time"] = oneShard(), time.Now().UnixMilli()
	}
	return answerJSON(http.StatusOK, body), nil
}

// keepPit reads for how long a point in time is to be kept.
func (c *Cluster) keepPit(text, index string) (time.Time, *problem) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return time.Time{}, unknown("the time [%s] to keep a point in time", text)
	}
	name := maxKeepAlive
	if !c.isElasticsearch() {
		name = maxPitKeepAlive
	}
	if most := c.longest(name); d > most {
		return time.Time{}, failedShard(tooLong(text, most, name), index)
	}
	return time.Now().Add(d), nil
}

func (c *Cluster) closePits(in *request, api *pitAPI) (*answer, *problem) {
	fields, p := members(in.body, "the end of a point in time", api.remove)
	if p != nil {
		return nil, p
	}
	var one string
	var ids []string
	if json.Unmarshal(fields[api.remove], &one) == nil {
		ids = []string{one}
	} else if json.Unmarshal(fields[api.remove], &ids) != nil {
		return nil, malformed("[%s] must be a text or a list of texts", api.remove)
	}
	pits := []any{}
	for _, id := range ids {
		delete(c.pits, id)
		pits = append(pits, map[string]any{"successful": true, "pit_id": id})
	}
	if c.isElasticsearch() {
		return answerJSON(http.StatusOK, map[string]any{"succeeded": true, "num_freed": len(ids)}), nil
	}
	return answerJSON(http.StatusOK, map[string]any{"pits": pits}), nil
}

// pitSearchAPI answers a search without an index, which must be one of a point in time.
func (c *Cluster) pitSearchAPI(in *request) (*answer, *problem) {
	if p := in.allow(); p != nil {
		return nil, p
	}
	s, p := parseSearch(in.body)
	if p != nil {
		return nil, p
	}
	if s.pit == nil || c.pitAPI() == nil {
		return nil, unknown("a search without an index")
	}
	pit, ok := c.pits[s.pit.ID]
	if !ok || time.Now().After(pit.until) {
		return nil, failedShard(&problem{Status: http.StatusNotFound, Type: "search_context_missing_exception",
			Reason: "No search context found for id [" + strings.TrimPrefix(s.pit.ID, "pit-") + "]"}, nil)
	}
	if pit.deleted {
		return nil, noShardProblem()
	}
	if pit.until, p = c.keepPit(s.pit.KeepAlive, pit.index); p != nil {
		return nil, p
	}
	if c.isElasticsearch() {
		s.sort = append(s.sort, sortKey{field: shardDoc}) // by itself, so that places are unique
	}
	var page []*document
	total := 0
	for _, d := range pit.documents {
		matches, p := s.query(d)
		if p != nil {
			return nil, p
		}
		if !matches {
			continue
		}
		total++
		if len(page) < s.size && (s.after == nil || d.number > s.after[0]) {
			page = append(page, d)
		}
	}
	body := s.page(pit.index, page, total)
	body["pit_id"] = s.pit.ID
	return answerJSON(http.StatusOK, body), nil
}

// pitOf is the point in time of a search.
type pitOf struct {
	ID        string `json:"id"`
	KeepAlive string `json:"keep_alive"`
}

// parsePit reads the point in time of a search, and the place after which it begins.
func parsePit(fields map[string]json.RawMessage, s *search) *problem {
	if text := fields["pit"]; text != nil {
		if _, p := members(text, "pit", "id", "keep_alive"); p != nil {
			return p
		}
		if json.Unmarshal(text, &s.pit) != nil || s.pit == nil {
			return malformed("pit must have the texts id and keep_alive")
		}
	}
	text := fields["search_after"]
	switch byPlace := len(s.sort) == 1 && s.sort[0].field == "_doc" && len(s.aggregate) == 0 && s.from == 0; {
	case s.pit == nil && text == nil:
		return nil
	case s.pit == nil || !byPlace:
		return unknown("a point in time that is not sorted by _doc, or a search_after without one")
	case text != nil && (json.Unmarshal(text, &s.after) != nil || len(s.after) == 0):
		return malformed("search_after must be a list of numbers")
	}
	return nil
}
