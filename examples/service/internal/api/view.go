package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// maxSteps is how many steps of a workflow are shown. Nobody reads more on a page.
const maxSteps = 500

// view is how a backfill stands, with its steps.
type view struct {
	Status *backfill.Status `json:"status"`
	// Suspended: it was paused, whether or not it waits at a gate besides.
	Suspended bool `json:"suspended"`
	// Stale: the cluster can't be reached, so the workflow is shown as it was seen last.
	Stale bool                   `json:"stale"`
	Steps workflow.Result[steps] `json:"steps"`
	// More is what the lists of the status leave out.
	More leftOut `json:"more,omitzero"`
}

// steps are a workflow's, as a tree.
type steps struct {
	Nodes []step `json:"nodes"`
	// More is how many there are beside these.
	More int `json:"more,omitempty"`
}

type step struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Phase    string    `json:"phase"`
	Gate     bool      `json:"gate,omitempty"` // it waits for a decision
	Until    time.Time `json:"until,omitzero"` // when it passes by itself, as a delay does
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

// viewed reads a status and makes its view once for all that ask, since a tree of many nodes takes as much
// memory as they do.
func viewed(read func(context.Context) (*backfill.Status, error)) func(context.Context) (view, error) {
	return func(ctx context.Context) (view, error) {
		st, err := read(ctx)
		if err != nil {
			return view{}, err
		}
		return viewOf(st), nil
	}
}

// take makes steps of nodes, the first ones of up to room, and says how many they are. It counts those
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
			ID: cut(n.ID, maxName), Name: cut(n.Title, maxName), Phase: cut(string(n.Phase), maxName), Gate: n.Active(), Until: n.Until(),
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

// standing is a backfill as lists and streams show it: its view, or why that is unknown.
type standing struct {
	Session string
	workflow.Result[view]
}

// MarshalJSON implements [json.Marshaler].
func (s standing) MarshalJSON() ([]byte, error) {
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

func standingOf(session string, st *backfill.Status, err error) standing {
	s := standing{Session: session}
	if err != nil {
		s.Err = err
	} else {
		s.Data = viewOf(st)
	}
	return s
}
