package opensearch

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// pointInTimeAPI is how a server names what belongs to a point in time.
type pointInTimeAPI struct {
	open   string // behind the name of the index
	params url.Values
	remove string
	body   func(id string) object // of the request that removes it
}

// pointInTimeAPIs returns that of OpenSearch from 2.4, and that of Elasticsearch from 7.10 in its
// default distribution. The requests that make a point in time have no body: other versions take them
// for a document of a type, which requires one.
func pointInTimeAPIs() []pointInTimeAPI {
	return []pointInTimeAPI{{
		open: "/_search/point_in_time", remove: "/_search/point_in_time",
		params: url.Values{"keep_alive": {readerKept}, "allow_partial_pit_creation": {"false"}},
		body:   func(id string) object { return object{"pit_id": []string{id}} },
	}, {
		open: "/_pit", remove: "/_pit",
		params: url.Values{"keep_alive": {readerKept}},
		body:   func(id string) object { return object{"id": id} },
	}}
}

// pointInTime reads an index as it was when the point in time was made. A page says where it ends,
// and the next one begins there, so a page whose answer was lost is read again.
type pointInTime struct {
	cluster *cluster
	index   string
	api     pointInTimeAPI
	id      string          // "": there is none
	after   json.RawMessage // the place of the last document, as the server has named it
	ended   bool            // the last page was not full
}

func (p *pointInTime) next(ctx context.Context) (*searchAnswer, error) {
	if p.ended {
		return new(searchAnswer), nil
	}
	if p.id == "" {
		if err := p.create(ctx); err != nil {
			return nil, err
		}
	}
	body := object{
		"size": pageSize, "sort": []string{"_doc"}, "query": object{"match_all": object{}}, "track_total_hits": true,
		"pit": object{"id": p.id, "keep_alive": readerKept},
	}
	if p.after != nil {
		body["search_after"] = p.after
	}
	answer := new(searchAnswer)
	err := p.cluster.send(ctx, call{method: http.MethodPost, path: "/_search", body: bodyOf(body), read: true, most: mostOfPage}, answer)
	p.id = cmp.Or(answer.PitID, p.id) // each page can name it anew
	if err != nil {
		return nil, err
	}
	hits := answer.Hits.Hits
	if p.ended = len(hits) < pageSize; !p.ended {
		if p.after = hits[len(hits)-1].Sort; p.after == nil {
			return nil, errors.New("the answer doesn't say where the page ends")
		}
	}
	return answer, nil
}

// create makes the point in time. If the answer is lost and it is made once more, the server removes the
// other one after a while.
func (p *pointInTime) create(ctx context.Context) error {
	var answer struct {
		PitID string `json:"pit_id"` // OpenSearch
		ID    string `json:"id"`     // Elasticsearch
	}
	err := p.cluster.send(ctx, call{method: http.MethodPost, path: "/" + p.index + p.api.open, params: p.api.params, read: true}, &answer)
	if err != nil {
		return err
	}
	if p.id = cmp.Or(answer.PitID, answer.ID); p.id == "" {
		return errors.New("the answer has no ID of a point in time")
	}
	return nil
}

func (p *pointInTime) close(ctx context.Context) {
	if p.id != "" {
		p.cluster.release(ctx, p.api.remove, p.api.body(p.id))
	}
}
