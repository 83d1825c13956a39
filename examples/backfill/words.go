package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// headline summarizes a backfill in a line.
func headline(st *backfill.Status, now time.Time) string {
	text := fmt.Sprintf("backfill %q is %s", st.Session, st.State)
	w := st.Workflow
	if st.Run > 0 {
		text += fmt.Sprintf(": workflow %s/%s, run %d", w.Namespace, w.Name, st.Run)
	}
	if !w.StartTime.IsZero() {
		end := w.EndTime
		if end.IsZero() {
			end = now
		}
		text += ", " + max(0, end.Sub(w.StartTime)).Round(time.Second).String()
	}
	if w.Source == status.SourceHistory {
		text += ", deleted from the cluster"
	}
	return text
}

// counted reports whether the numbers of the shards are known.
func counted(shards workflow.Result[backfill.Shards]) bool {
	return shards.Success() && shards.Data.State != backfill.ShardsPending && shards.Data.State != backfill.ShardsInitializing
}

// shardsText describes the progress of the shards; since is the time since they were counted.
func shardsText(shards workflow.Result[backfill.Shards], since time.Duration) string {
	s := shards.Data
	switch {
	case !shards.Success():
		return "unknown: " + cutText(shards.Err.Error())
	case s.State == backfill.ShardsPending:
		return "there is no working state"
	case s.State == backfill.ShardsInitializing:
		return "being laid out"
	}
	text := fmt.Sprintf("%d of %d completed (%.0f %%), %d in progress, %d waiting", s.Completed, s.Total, s.Percentage, s.InProgress, s.Waiting)
	if left := s.ETA - since; s.ETA > 0 {
		text += fmt.Sprintf("; about %s left", max(left, time.Second).Round(time.Second))
	}
	return text
}

// failedText says that documents failed, or that it can't be told; "" otherwise.
func failedText(failed workflow.Result[backfill.FailedDocuments]) string {
	switch {
	case !failed.Success():
		return "unknown: " + cutText(failed.Err.Error())
	case failed.Data.Presence != backfill.PresencePresent:
		return ""
	case failed.Data.Place == "":
		return "documents failed"
	}
	return "documents failed, recorded in " + cutText(failed.Data.Place)
}

func podsText(pods workflow.Result[backfill.Pods]) string {
	if !pods.Success() {
		return "unknown: " + cutText(pods.Err.Error())
	}
	p := pods.Data
	text := fmt.Sprintf("%d running, %d pending, %d desired", p.Running, p.Pending, p.Desired)
	if p.Terminating > 0 {
		text += fmt.Sprintf(", %d terminating", p.Terminating)
	}
	return text
}

// gateLines list the waiting gates and the commands that approve them.
func gateLines(gates workflow.Result[[]workflow.Gate], h hints) []string {
	if !gates.Success() {
		return []string{"unknown: " + cutText(gates.Err.Error())}
	}
	var lines []string
	shown, more := first(gates.Data)
	for _, gate := range shown {
		lines = append(lines, cutText(gate.Name)+" waits: "+h.approve(gate, gates.Data))
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more waiting", more))
	}
	return lines
}

// Limits for strings and lists from the cluster.
const (
	mostText  = 1000 // bytes
	mostItems = 20
	mostSteps = 1000
)

// cutText returns a string from the cluster as one line. Consecutive spaces are collapsed: a
// terminal wraps long lines, and text after many spaces would look like a line of its own.
func cutText(text string) string { return shorten(oneLine(text)) }

func shorten(text string) string {
	if len(text) <= mostText {
		return text
	}
	return strings.ToValidUTF8(text[:mostText], "") + "…"
}

// first returns the first items of a list, and the number of the others.
func first[T any](items []T) (shown []T, more int) {
	shown = items[:min(len(items), mostItems)]
	return shown, len(items) - len(shown)
}
