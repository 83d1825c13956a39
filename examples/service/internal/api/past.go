package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// maxPast limits the ended runs in an answer, maxDecisions the decisions about each, and maxDecided the
	// gates of each decision.
	maxPast      = 50
	maxDecisions = 10
	maxDecided   = 5
)

// DecisionReader knows who decided about the gates of a workflow, such as a [journal.Journal].
type DecisionReader interface {
	Decisions(ctx context.Context, namespace string, uid types.UID) ([]journal.Decision, error)
}

// pastList has the runs that have ended, of all sessions in the namespaces of the service, the ones that
// started last first.
type pastList struct {
	Past []pastRun `json:"past"`
	// More reports whether there are older ones.
	More bool `json:"more,omitempty"`
	// Unreadable is the number of workflows in the cluster that cannot be read, any of which may be a run.
	Unreadable int `json:"unreadable,omitempty"`
}

type pastRun struct {
	Session   string         `json:"session"`
	Run       int            `json:"run"`
	State     backfill.State `json:"state"`
	Source    status.Source  `json:"source"` // history: its workflow is no longer in the cluster
	Namespace string         `json:"namespace"`
	Workflow  string         `json:"workflow"`
	UID       string         `json:"uid"`
	Message   string         `json:"message,omitempty"`
	Started   time.Time      `json:"started,omitzero"`
	Finished  time.Time      `json:"finished,omitzero"`
	// Decisions are those that the journal has, which without one are none.
	Decisions workflow.Result[decisionList] `json:"decisions"`
}

type decisionList struct {
	Made []pastDecision `json:"made"`
	// More is the number of decisions that are left out.
	More int `json:"more,omitempty"`
}

type pastDecision struct {
	Verb    workflow.Op `json:"verb"`
	At      time.Time   `json:"at"`
	By      string      `json:"by,omitempty"`
	Message string      `json:"message,omitempty"`
	Gates   []string    `json:"gates"`
	// More is the number of gates that are left out.
	More int `json:"more,omitempty"`
}

// past returns the runs that have ended.
func (s *Server) past(ctx context.Context, _ *http.Request) (answer, error) {
	list, err := s.pastRuns.get(ctx)
	if err != nil {
		return answer{}, err
	}
	return ok(list), nil
}

// readPast reads what past returns. Of each run it keeps a summary, and no more of them than are shown.
func (s *Server) readPast(ctx context.Context) (pastList, error) {
	list := pastList{Past: []pastRun{}}
	for _, workflows := range s.opts.Past {
		read := 0 // of the history, which has the latest first
		for run, err := range backfill.Runs(ctx, workflows, "") {
			switch {
			case errors.Is(err, workflow.ErrUnreadable): // doesn't hide the others
				list.Unreadable++
				continue
			case err != nil:
				return list, err
			case !run.State.Completed():
				continue
			}
			list.add(run)
			if run.Workflow.Source == status.SourceHistory {
				read++
			}
			if read > maxPast {
				break
			}
		}
	}
	list.cutTo(maxPast)
	for i := range list.Past {
		list.Past[i].Decisions = s.decisionsOf(ctx, &list.Past[i])
	}
	return list, nil
}

func (l *pastList) add(run backfill.Run) {
	w := run.Workflow
	l.Past = append(l.Past, pastRun{
		Session: cut(run.Session, maxName), Run: run.Number, State: run.State, Source: w.Source,
		Namespace: w.Namespace, Workflow: w.Name, UID: string(w.UID), Message: cut(w.Message, maxMessage),
		Started: w.StartTime, Finished: w.EndTime,
	})
	if len(l.Past) > 2*maxPast {
		l.cutTo(maxPast)
	}
}

// cutTo sorts the runs, and keeps the latest.
func (l *pastList) cutTo(most int) {
	slices.SortStableFunc(l.Past, func(a, b pastRun) int { return b.Started.Compare(a.Started) })
	if len(l.Past) > most {
		clear(l.Past[most:])
		l.Past, l.More = l.Past[:most], true
	}
}

// decisionsOf returns who decided about the gates of a run. That they cannot be read hides nothing else.
func (s *Server) decisionsOf(ctx context.Context, of *pastRun) workflow.Result[decisionList] {
	r := workflow.Result[decisionList]{Data: decisionList{Made: []pastDecision{}}}
	if s.opts.Decisions == nil {
		return r
	}
	made, err := s.opts.Decisions.Decisions(ctx, of.Namespace, types.UID(of.UID))
	if err != nil {
		return workflow.Result[decisionList]{Err: shortError(err)}
	}
	shown := made[:min(len(made), maxDecisions)]
	r.Data.More = len(made) - len(shown)
	for _, d := range shown {
		names := d.Gates[:min(len(d.Gates), maxDecided)]
		p := pastDecision{Verb: d.Op, At: d.At, By: cut(d.By, maxName), Message: cut(d.Message, maxMessage), Gates: []string{}, More: len(d.Gates) - len(names)}
		for _, name := range names {
			p.Gates = append(p.Gates, cut(name, maxName))
		}
		r.Data.Made = append(r.Data.Made, p)
	}
	return r
}
