package opensearchtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
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
	return c.openScrolls()
}

func (c *Cluster) openScrolls() int {
	open := 0
	for _, s := range c.scrolls {
		if time.Now().Before(s.until) {
			open++
		}
	}
	return open
}

// keep reads for how long a scroll of an index is to be kept.
func (c *Cluster) keep(text, index string) (time.Time, *problem) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return time.Time{}, unknown("the time [%s] to keep a scroll", text)
	}
	if most := c.longest(maxKeepAlive); d > most {
		return time.Time{}, failedShard(tooLong(text, most, maxKeepAlive), index)
	}
	return time.Now().Add(d), nil
}

// tooLong is the error of a time to keep something that is longer than a setting allows.
func tooLong(text string, most time.Duration, setting string) *problem {
	return &problem{Status: http.StatusBadRequest, Type: "illegal_argument_exception", Reason: fmt.Sprintf("Keep alive for request (%s) is too large. "+
		"It must be less than (%s). This limit can be set by changing the [%s] cluster level setting.", text, serverTime(most), setting)}
}

// serverTime writes a time as the server does, in one unit.
func serverTime(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d >= unit.length && d%unit.length == 0 {
			return fmt.Sprintf("%d%s", d/unit.length, unit.name)
		}
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

func (c *Cluster) openScroll(in *request) (*answer, *problem) {
	s, p := parseSearch(in.body)
	if p != nil {
		return nil, p
	}
	if s.from > 0 || len(s.aggregate) > 0 || s.size == 0 {
		return nil, malformed("a scroll must have a size, and no from or aggregations")
	}
	ix, p := c.indexToRead(in.parts[0])
	if p != nil {
		return nil, p
	}
	until, p := c.keep(in.params.Get("scroll"), ix.name)
	if p != nil {
		return nil, p
	}
	if most := c.limit(maxScrolls, defaultMaxScrolls); c.openScrolls() >= most {
		return nil, failedShard(&problem{Status: http.StatusTooManyRequests, Type: "rejected_execution_exception",
			Reason: fmt.Sprintf("Trying to create too many scroll contexts. Must be less than or equal to: [%d]. "+
				"This limit can be set by changing the [search.max_open_scroll_context] setting.", most)}, ix.name)
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
		return nil, failedShard(&problem{Status: http.StatusNotFound, Type: "search_context_missing_exception",
			Reason: "No search context found for id [" + strings.TrimPrefix(id, "scroll-") + "]"}, nil)
	}
	if s.until, p = c.keep(keep, s.index); p != nil {
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
