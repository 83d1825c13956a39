package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"
)

const (
	scrollKept   = "5m"             // set again by each page
	closeTimeout = 10 * time.Second // for releasing a scroll, since the context may have ended
)

// scroll reads an index as it was at the first page.
type scroll struct {
	cluster *cluster
	index   string
	id      string // "": there is none
}

// next reads the next page; the one after the last is empty.
func (s *scroll) next(ctx context.Context) (*searchAnswer, error) {
	opening := s.id == ""
	page := call{method: http.MethodPost, path: "/" + s.index + "/_search", params: url.Values{"scroll": {scrollKept}}, read: true, most: mostOfPage}
	body := object{"size": pageSize, "sort": []string{"_doc"}, "query": object{"match_all": object{}}, "track_total_hits": true}
	if !opening {
		// A page must not be requested again: its answer may have been lost, and the next page
		// would follow.
		page = call{method: http.MethodPost, path: "/_search/scroll", most: mostOfPage}
		body = object{"scroll": scrollKept, "scroll_id": s.id}
	}
	var err error
	if page.body, err = json.Marshal(body); err != nil {
		return nil, err
	}
	answer := new(searchAnswer)
	if err := s.cluster.send(ctx, page, answer); err != nil {
		return nil, err
	}
	if answer.ScrollID != "" {
		s.id = answer.ScrollID // also of a page that is refused, so that it is released
	}
	if err := answer.check(); err != nil {
		return nil, err
	}
	if s.id == "" {
		return nil, errors.New("the answer has no scroll ID")
	}
	return answer, nil
}

// close releases the scroll. If that fails, the server does so after a while.
func (s *scroll) close(ctx context.Context) {
	if s.id == "" {
		return
	}
	body, err := json.Marshal(object{"scroll_id": []string{s.id}})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	_ = s.cluster.send(ctx, call{method: http.MethodDelete, path: "/_search/scroll", body: body}, nil)
}
