package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// pages reads the documents of an index as they were at the first page.
type pages interface {
	// next reads the next page. The one after the last is empty.
	next(ctx context.Context) (*searchAnswer, error)
	// close releases what the server keeps for the reader, also if ctx has ended.
	close(ctx context.Context)
}

// open reads the first page: of a point in time, if the cluster has these and the role may make one,
// and otherwise of a scroll. Only a try shows whether it is possible: the version of the cluster
// doesn't say what a role or a proxy permits, and to read it is a permission of its own. Of a try that is
// refused the scroll's error counts, which says what is wrong if not only the point in time is
// refused. The caller must close the pages, also after an error.
func (c *cluster) open(ctx context.Context, index string) (pages, *searchAnswer, error) {
	for _, api := range pointInTimeAPIs() {
		p := &pointInTime{cluster: c, index: index, api: api}
		first, err := p.next(ctx)
		if err == nil && p.continues(first) || err != nil && !isRefused(err) {
			return p, first, err
		}
		p.close(ctx)
	}
	s := &scroll{cluster: c, index: index}
	first, err := s.next(ctx)
	return s, first, err
}

// continues reports whether the place where a page ends is that of one document only. Places are unique
// in a shard, and the workers' index has one. Of several shards they are if the server adds the shard
// to the place, as Elasticsearch does.
func (p *pointInTime) continues(page *searchAnswer) bool {
	var place []json.RawMessage
	return p.ended || page.Shards.Total == 1 || json.Unmarshal(p.after, &place) == nil && len(place) > 1
}

// isRefused reports whether a cluster doesn't know a request, or doesn't allow it.
func isRefused(err error) bool {
	var failed *Error
	if !errors.As(err, &failed) || errors.Is(err, backfill.ErrNoWorkingState) {
		return false
	}
	switch failed.StatusCode {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return true
	}
	return false
}

// bodyOf returns the JSON of a request.
func bodyOf(body object) []byte {
	var text bytes.Buffer
	_ = json.NewEncoder(&text).Encode(body) // strings, numbers, and what the server has sent as JSON
	return text.Bytes()
}
