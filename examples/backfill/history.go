package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// historyResult lists the runs of a session, the last one first.
type historyResult struct {
	session string
	runs    []pastRun
	more    int // older runs that are left out
}

// pastRun is what is shown of a run.
type pastRun struct {
	Run       int            `json:"run"`
	State     backfill.State `json:"state"`
	Source    status.Source  `json:"source"`
	Namespace string         `json:"namespace"`
	Workflow  string         `json:"workflow"`
	UID       string         `json:"uid"`
	Message   string         `json:"message,omitempty"`
	Started   time.Time      `json:"started,omitzero"`
	Finished  time.Time      `json:"finished,omitzero"`
	// Decisions are those about gates; without a journal there are none.
	Decisions []pastDecision `json:"decisions"`
	// MoreDecisions is how many are left out.
	MoreDecisions int `json:"moreDecisions,omitempty"`
}

type pastDecision struct {
	Op      workflow.Op `json:"op"`
	At      time.Time   `json:"at"`
	By      string      `json:"by,omitempty"`
	Message string      `json:"message,omitempty"`
	Gates   []string    `json:"gates"`
}

// history reads the runs of the session, and who decided about their gates.
func history(ctx context.Context, c *command) (result, error) {
	r := historyResult{session: c.session(), runs: []pastRun{}}
	for run, err := range backfill.Runs(ctx, c.workflows, r.session) {
		if err != nil {
			return nil, err
		}
		w := run.Workflow
		r.runs = append(r.runs, pastRun{
			Run: run.Number, State: run.State, Source: w.Source, Namespace: w.Namespace, Workflow: w.Name, UID: string(w.UID),
			Message: cutText(w.Message), Started: w.StartTime, Finished: w.EndTime, Decisions: []pastDecision{},
		})
	}
	slices.SortStableFunc(r.runs, func(a, b pastRun) int { return cmp.Compare(b.Run, a.Run) })
	r.runs, r.more = first(r.runs)
	if c.journal == nil {
		return r, nil
	}
	for i := range r.runs {
		if err := r.runs[i].decide(ctx, c.journal); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// decide adds the decisions about the run's gates.
func (p *pastRun) decide(ctx context.Context, from *journal.Journal) error {
	made, err := from.Decisions(ctx, p.Namespace, types.UID(p.UID))
	if err != nil {
		return err
	}
	made, p.MoreDecisions = first(made)
	for _, d := range made {
		names, more := first(d.Gates)
		gates := []string{}
		for _, name := range names {
			gates = append(gates, cutText(name))
		}
		if more > 0 {
			gates = append(gates, fmt.Sprintf("and %d more", more))
		}
		p.Decisions = append(p.Decisions, pastDecision{Op: d.Op, At: d.At, By: cutText(d.By), Message: cutText(d.Message), Gates: gates})
	}
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (r historyResult) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"session": r.session, "runs": r.runs, "more": r.more})
}

func (r historyResult) lines() ([]string, error) {
	if len(r.runs) == 0 {
		return []string{fmt.Sprintf("backfill %q has no runs", r.session)}, nil
	}
	var lines []string
	for _, run := range r.runs {
		lines = append(lines, run.lines(r.session)...)
	}
	if r.more > 0 {
		lines = append(lines, fmt.Sprintf("and %d older runs", r.more))
	}
	return lines, nil
}

func (p pastRun) lines(session string) []string {
	text := fmt.Sprintf("run %d of %q is %s: workflow %s/%s", p.Run, session, p.State, p.Namespace, p.Workflow)
	if p.Source == status.SourceHistory {
		text += ", deleted from the cluster"
	}
	lines := []string{text}
	part := func(name, text string) { lines = append(lines, fmt.Sprintf("  %-8s %s", name, text)) }
	if !p.Started.IsZero() {
		part("started", clock(p.Started))
	}
	if !p.Finished.IsZero() {
		part("ended", fmt.Sprintf("%s, after %s", clock(p.Finished), max(0, p.Finished.Sub(p.Started)).Round(time.Second)))
	}
	if p.Message != "" {
		part("message", p.Message)
	}
	for _, d := range p.Decisions {
		text := fmt.Sprintf("%s at %s by %s", strings.Join(d.Gates, ", "), clock(d.At), cmp.Or(d.By, "an unnamed user"))
		if d.Message != "" {
			text += ": " + d.Message
		}
		part(string(d.Op), text)
	}
	if p.MoreDecisions > 0 {
		part("", fmt.Sprintf("and %d more decisions", p.MoreDecisions))
	}
	return lines
}

func clock(t time.Time) string { return t.Local().Format(time.DateTime) }

// deleteWorkflow deletes the workflow of the last run.
func deleteWorkflow(ctx context.Context, c *command) (result, error) {
	st, err := c.backfill.Status(ctx)
	switch {
	case err != nil:
		return nil, err
	case st.Run == 0:
		return nil, fmt.Errorf("backfill %q: %w", st.Session, backfill.ErrNotStarted)
	case st.Workflow.Source == status.SourceHistory:
		return c.done(nil, "has no workflow in the cluster any more")
	case !st.State.Completed():
		return nil, fmt.Errorf("backfill %q is %s, and can be deleted once it has ended: %w", st.Session, st.State, backfill.ErrRunning)
	}
	// The journal keeps the end that a Get has seen. A status is a list, of which it keeps nothing.
	if _, err := c.workflows.Get(ctx, st.Workflow.Name); err != nil {
		return nil, err
	}
	opts := workflow.DeleteOptions{UID: st.Workflow.UID, Wait: true}
	return c.done(c.workflows.Delete(ctx, st.Workflow.Name, opts), "has no workflow in the cluster any more")
}
