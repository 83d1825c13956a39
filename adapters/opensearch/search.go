package opensearch

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// shards counts the shards that have answered.
type shards struct {
	Total      int `json:"total"`
	Successful int `json:"successful"`
	Failed     int `json:"failed"`

	Failures failures `json:"failures"`
}

// check returns an error if not every shard has answered. A missing one is not always counted as
// failed.
func (s *shards) check() error {
	if s == nil {
		return &Error{Err: errors.New("the answer doesn't say whether all shards have answered")}
	}
	if s.Total < 1 {
		// An index has a shard. The security plugin can answer like this for one that may not be read.
		return &Error{
			Err:  errors.New("the answer is of no shard"),
			Hint: "the user may lack the permission to read the index, and do_not_fail_on_forbidden_empty hide that",
		}
	}
	if s.Failed > 0 || s.Successful < s.Total {
		e := &Error{
			Err:    fmt.Errorf("only %d of %d shards have answered", s.Total-max(s.Failed, s.Total-s.Successful), s.Total),
			Causes: s.Failures, kind: workflow.ErrUnavailable, again: true,
		}
		if (s.Failed == 0 || len(s.Failures) > 0) && onlyUnassigned(s.Failures) {
			e.unassigned, e.Hint = true, unassignedHint
		}
		return e
	}
	return nil
}

// searchAnswer is the answer to a search, or to one of several.
type searchAnswer struct {
	Status   int          `json:"status"` // only in one of several
	Error    *serverError `json:"error"`
	TimedOut bool         `json:"timed_out"`
	ScrollID string       `json:"_scroll_id"`
	PitID    string       `json:"pit_id"`
	Shards   *shards      `json:"_shards"`
	Hits     struct {
		Total *struct {
			Value    int64  `json:"value"`
			Relation string `json:"relation"`
		} `json:"total"`
		Hits hits `json:"hits"`
	} `json:"hits"`
	Aggregations struct {
		LastCompleted *struct {
			Value *float64 `json:"value"`
		} `json:"last_completed"` // see lastCompleted
	} `json:"aggregations"`
}

type hit struct {
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
	Sort   json.RawMessage `json:"sort"`
}

// check returns an error if the answer is incomplete.
func (a *searchAnswer) check() error {
	if a.Error != nil || a.Status != 0 && a.Status != http.StatusOK {
		return refused(a.Status, a.Error)
	}
	if a.TimedOut {
		return &Error{Err: errors.New("the search timed out"), kind: workflow.ErrUnavailable, again: true}
	}
	if err := a.Shards.check(); err != nil {
		return err
	}
	if a.Hits.Total == nil || a.Hits.Total.Relation != "eq" {
		return &Error{Err: errors.New("the answer has no exact total")}
	}
	return nil
}
