package opensearch

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

const (
	readerKept   = "5m"             // set again by each page
	closeTimeout = 10 * time.Second // for releasing what the server keeps, since the context may have ended
)

// scroll reads an index as it was at the first page.
type scroll struct {
	cluster *cluster
	index   string
	id      string // "": there is none
}

func (s *scroll) next(ctx context.Context) (*searchAnswer, error) {
	opening := s.id == ""
	page := call{method: http.MethodPost, path: "/" + s.index + "/_search", params: url.Values{"scroll": {readerKept}}, read: true, most: mostOfPage}
	body := object{"size": pageSize, "sort": []string{"_doc"}, "query": object{"match_all": object{}}, "track_total_hits": true}
	if !opening {
		// A page must not be requested again: its answer may have been lost, and the next page
		// would follow.
		page = call{method: http.MethodPost, path: "/_search/scroll", most: mostOfPage}
		body = object{"scroll": readerKept, "scroll_id": s.id}
	}
	page.body = bodyOf(body)
	// An incomplete answer is not requested again: each would open a scroll.
	type unchecked searchAnswer
	answer := new(searchAnswer)
	if err := s.cluster.send(ctx, page, (*unchecked)(answer)); err != nil {
		return nil, err
	}
	s.id = cmp.Or(answer.ScrollID, s.id) // also of an incomplete answer, so that it is released
	if err := answer.check(); err != nil {
		return nil, err
	}
	if s.id == "" {
		return nil, errors.New("the answer has no scroll ID")
	}
	return answer, nil
}

func (s *scroll) close(ctx context.Context) {
	if s.id != "" {
		s.cluster.release(ctx, "/_search/scroll", object{"scroll_id": []string{s.id}})
	}
}

// release releases what the server keeps for a reader. If that fails, the server does so after a
// while.
func (c *cluster) release(ctx context.Context, path string, body object) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	_ = c.send(ctx, call{method: http.MethodDelete, path: path, body: bodyOf(body)}, nil)
}
