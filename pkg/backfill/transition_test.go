package backfill

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestEveryVerbInEveryState(t *testing.T) {
	verbs := []Verb{VerbStart, VerbRestart, VerbPause, VerbScale, VerbApprove, VerbReject, VerbStop, VerbArchive}
	for _, state := range States() {
		for _, verb := range verbs {
			found := 0
			for _, tr := range Transitions() {
				if tr.From == state && tr.Verb == verb {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%s in state %s: %d rules", verb, state, found)
			}
		}
	}
}

// The diagram and the table of docs/backfill.md match the code.
func TestTheGuideDrawsTheTransitions(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "backfill.md"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, tr := range Transitions() {
		for _, to := range tr.To {
			if to != tr.From {
				want = append(want, strings.TrimRight(fmt.Sprintf("%s --> %s: %s", tr.From, to, tr.Verb), ": "))
			}
		}
	}
	diagram := regexp.MustCompile("(?s)```mermaid\nstateDiagram-v2\n(.*?)```").FindSubmatch(text)
	if diagram == nil {
		t.Fatal("docs/backfill.md has no state diagram")
	}
	var drawn []string
	for line := range strings.Lines(string(diagram[1])) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "[*]") {
			drawn = append(drawn, line)
		}
	}
	for _, edge := range want {
		if !slices.Contains(drawn, edge) {
			t.Errorf("not drawn: %s", edge)
		}
	}
	for _, edge := range drawn {
		if !slices.Contains(want, edge) {
			t.Errorf("drawn, but not in the code: %s", edge)
		}
	}
	for _, state := range States() {
		row := fmt.Sprintf("| %s |", state)
		for _, verb := range []Verb{VerbStart, VerbRestart, VerbPause, VerbScale, VerbApprove, VerbReject, VerbStop, VerbArchive} {
			row += " " + cell(state, verb) + " |"
		}
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/backfill.md has no row\n%s", row)
		}
	}
}

// cell returns the cell of the table for a verb in a state.
func cell(state State, verb Verb) string {
	for _, tr := range Transitions() {
		if tr.From != state || tr.Verb != verb {
			continue
		}
		if tr.Err != nil {
			return "`" + map[error]string{
				ErrNotStarted: "ErrNotStarted", ErrEnded: "ErrEnded", ErrRunning: "ErrRunning", ErrNoWorkers: "ErrNoWorkers",
				workflow.ErrNotSuspended: "ErrNotSuspended", workflow.ErrCompleted: "ErrCompleted",
			}[tr.Err] + "`"
		}
		if slices.Equal(tr.To, []State{state}) {
			return "–"
		}
		to := make([]string, len(tr.To))
		for i, s := range tr.To {
			to[i] = string(s)
		}
		return "→ " + strings.Join(to, " or ")
	}
	return "?"
}
