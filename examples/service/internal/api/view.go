package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// maxSteps limits the steps of a workflow in an answer. A page can't usefully show more.
const maxSteps = 500

// view is the state of a backfill, with its steps.
type view struct {
	Status *backfill.Status `json:"status"`
	// Suspended: it was paused, whether or not it also waits at a gate.
	Suspended bool `json:"suspended"`
	// Stale: the cluster can't be reached, so the workflow is in the state that was last seen.
	Stale bool                   `json:"stale"`
	Steps workflow.Result[steps] `json:"steps"`
	// More counts what the lists of the status leave out.
	More leftOut `json:"more,omitzero"`
}

// steps are a workflow's steps, as a tree.
type steps struct {
	Nodes []step `json:"nodes"`
	// More is the number of steps that are left out.
	More int `json:"more,omitempty"`
}

type step struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Phase    string    `json:"phase"`
	Gate     bool      `json:"gate,omitempty"` // it waits for a decision
	Until    time.Time `json:"until,omitzero"` // when it continues by itself, as a delay does
	Message  string    `json:"message,omitempty"`
	Attempts int       `json:"attempts,omitempty"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Steps    []step    `json:"steps,omitempty"`
}

func viewOf(st *backfill.Status) view {
	v := view{Suspended: st.Workflow.SpecSuspended, Stale: workflow.Reason(st.Pods.Err) == "Unavailable"}
	v.Status, v.More = bounded(st)
	if st.Workflow.NodesErr != nil {
		v.Steps.Err = shortError(st.Workflow.NodesErr)
		return v
	}
	v.Steps.Data.Nodes, _ = v.Steps.Data.take(st.Workflow.Tree(status.TreeOptions{Groups: true}), maxSteps)
	return v
}

// viewed reads a status and makes its view once for all callers, since a tree of many nodes takes
// as much memory as they do.
func viewed(read func(context.Context) (*backfill.Status, error)) func(context.Context) (view, error) {
	return func(ctx context.Context) (view, error) {
		st, err := read(ctx)
		if err != nil {
			return view{}, err
		}
		return viewOf(st), nil
	}
}

// take turns the first nodes, up to room, into steps, and returns how many it took. It counts those
// that it leaves out.
func (s *steps) take(nodes []*status.TreeNode, room int) (taken []step, sum int) {
	taken = []step{}
	for _, n := range nodes {
		if sum == room {
			s.More += count(n)
			continue
		}
		inner, below := s.take(n.Children, room-sum-1)
		taken = append(taken, step{
			ID: cut(n.ID, maxName), Name: cut(n.Title, maxName), Phase: cut(string(n.Phase), maxName), Gate: n.Waiting(), Until: n.Until(),
			Message: cut(n.Message, maxMessage), Attempts: n.Attempts, Started: n.StartTime, Finished: n.EndTime, Steps: inner,
		})
		sum += 1 + below
	}
	return taken, sum
}

func count(n *status.TreeNode) int {
	all := 1
	for _, inner := range n.Children {
		all += count(inner)
	}
	return all
}

// listItem is a backfill as lists and streams show it: its view, or why that is unknown.
type listItem struct {
	Session string
	workflow.Result[view]
}

// MarshalJSON implements [json.Marshaler].
func (s listItem) MarshalJSON() ([]byte, error) {
	form := struct {
		Session string `json:"session"`
		Success bool   `json:"success"`
		Data    *view  `json:"data,omitempty"`
		Error   string `json:"error,omitempty"`
		Reason  string `json:"reason,omitempty"`
	}{Session: s.Session, Success: s.Success()}
	if s.Err != nil {
		form.Error, form.Reason = cut(s.Err.Error(), maxDetail), reasonOf(s.Err)
	} else {
		form.Data = &s.Data
	}
	return json.Marshal(form)
}

func listItemOf(session string, st *backfill.Status, err error) listItem {
	s := listItem{Session: session}
	if err != nil {
		s.Err = err
	} else {
		s.Data = viewOf(st)
	}
	return s
}
