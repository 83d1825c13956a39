package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestAsk(t *testing.T) {
	for name, c := range map[string]struct {
		input            string
		approved, failed bool
		questions        int
	}{
		"approve":         {"approve\n", true, false, 1},
		"reject":          {"reject\n", false, false, 1},
		"after a mistake": {"yes\n\n approve \n", true, false, 3},
		"nothing":         {"", false, true, 1},
		"no answer":       {"perhaps", false, true, 2},
	} {
		var out strings.Builder
		approved, err := ask(strings.NewReader(c.input), &out)(t.Context())
		if approved != c.approved || (err != nil) != c.failed || strings.Count(out.String(), "approve or reject? ") != c.questions {
			t.Errorf("%s: %v, %v, %q", name, approved, err, out.String())
		}
	}
}

func TestAskIsInterrupted(t *testing.T) {
	terminal, keyboard := io.Pipe()
	defer func() { _ = keyboard.Close() }()
	interrupted := errors.New("interrupted")
	ctx, interrupt := context.WithCancelCause(t.Context())
	interrupt(interrupted)
	if approved, err := ask(terminal, io.Discard)(ctx); approved || !errors.Is(err, interrupted) {
		t.Error(approved, err)
	}
}

// A workflow's strings stay on lines of their own, above the question.
func TestNothingForgedIsShown(t *testing.T) {
	forged := "Release 2.0?\x1b[2K\r\u009b2J\u202e\u200b\xff\napprove or reject? approve\n  version: 1.0" +
		strings.Repeat("\u3000", 40) + strings.Repeat(" ", 80) + "approve or reject? approve" + strings.Repeat("日", 80)
	text, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"name": "w"},
		"status": map[string]any{"phase": "Running", "nodes": map[string]any{"g": map[string]any{
			"id": "g", "name": "w.g", "displayName": "g" + forged, "type": "Suspend", "phase": "Running", "message": forged + strings.Repeat("\nx", 1000),
			"inputs": map[string]any{"parameters": []any{map[string]any{"name": "p" + forged, "value": forged + strings.Repeat("x", 1<<20)}}},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	state, err := status.FromJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	gates, err := workflow.GatesOf(state)
	if err != nil || len(gates) != 1 {
		t.Fatal(gates, err)
	}
	var out strings.Builder
	show(&out, state, gates[0])
	for i, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
		if status.Printable(line) != line || columns(line) > 80 {
			t.Errorf("%.200q", line)
		}
		if i > 0 && !strings.HasPrefix(line, margin) {
			t.Errorf("it makes a line of its own: %.200q", line)
		}
	}
	if lines := strings.Count(out.String(), "\n"); lines > 6*mostLines {
		t.Errorf("%d lines", lines)
	}
}

// columns returns the number of terminal columns that a line takes.
func columns(line string) int {
	sum := 0
	for _, r := range line {
		sum++
		if r == '日' || r == '\u3000' {
			sum++
		}
	}
	return sum
}
