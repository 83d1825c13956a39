package opensearchtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// scroll is an open scroll: what matched when it was opened.
type scroll struct {
	index  string
	search *search
	rest   []*document
	total  int
	until  time.Time
}

// OpenScrolls is how many scrolls are open, without those whose time has run out.
func (c *Cluster) OpenScrolls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := 0
	for _, s := range c.scrolls {
		if time.Now().Before(s.until) {
			open++
		}
	}
	return open
}

func kept(text string) (time.Time, *problem) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return time.Time{}, unknown("the time [%s] to keep a scroll", text)
	}
	return time.Now().Add(d), nil
}

func (c *Cluster) openScroll(in *request) (*answer, *problem) {
	until, p := kept(in.params.Get("scroll"))
	if p != nil {
		return nil, p
	}
	s, p := parseSearch(in.body)
	if p != nil {
		return nil, p
	}
	if s.from > 0 || len(s.aggregate) > 0 || s.size == 0 {
		return nil, malformed("a scroll must have a size, and no from or aggregations")
	}
	ix, p := c.index(in.parts[0])
	if p != nil {
		return nil, p
	}
	hits, p := s.run(ix)
	if p != nil {
		return nil, p
	}
	id := fmt.Sprintf("scroll-%d", c.number())
	c.scrolls[id] = &scroll{index: ix.name, search: s, rest: hits, total: len(hits), until: until}
	return answerJSON(http.StatusOK, c.scrolls[id].next(id)), nil
}

// next takes the next page.
func (s *scroll) next(id string) map[string]any {
	page := s.rest[:min(s.search.size, len(s.rest))]
	s.rest = s.rest[len(page):]
	answer := s.search.page(s.index, page, s.total)
	answer["_scroll_id"] = id
	return answer
}

func (c *Cluster) scrollAPI(in *request) (*answer, *problem) {
	if p := in.allow(); p != nil {
		return nil, p
	}
	switch in.method {
	case http.MethodGet, http.MethodPost:
		return c.nextPage(in)
	case http.MethodDelete:
		return c.closeScrolls(in)
	}
	return nil, unknown("%s of a scroll", in.method)
}

func (c *Cluster) nextPage(in *request) (*answer, *problem) {
	fields, p := members(in.body, "a scroll", "scroll", "scroll_id")
	if p != nil {
		return nil, p
	}
	var id, keep string
	if json.Unmarshal(fields["scroll_id"], &id) != nil || json.Unmarshal(fields["scroll"], &keep) != nil {
		return nil, malformed("a scroll must have the texts scroll and scroll_id")
	}
	s, ok := c.scrolls[id]
	if !ok || time.Now().After(s.until) {
		return nil, &problem{Status: http.StatusNotFound, Type: "search_phase_execution_exception",
			Reason: "all shards failed: No search context found for id [" + id + "]"}
	}
	if s.until, p = kept(keep); p != nil {
		return nil, p
	}
	return answerJSON(http.StatusOK, s.next(id)), nil
}

func (c *Cluster) closeScrolls(in *request) (*answer, *problem) {
	fields, p := members(in.body, "the end of a scroll", "scroll_id")
	if p != nil {
		return nil, p
	}
	var ids []string
	if json.Unmarshal(fields["scroll_id"], &ids) != nil {
		return nil, unknown("the scroll_id %s; it must be a list", fields["scroll_id"])
	}
	freed := 0
	for _, id := range ids {
		if c.scrolls[id] != nil {
			freed++
			delete(c.scrolls, id)
		}
	}
	status := http.StatusOK
	if freed == 0 {
		status = http.StatusNotFound
	}
	return answerJSON(status, map[string]any{"succeeded": true, "num_freed": freed}), nil
}
