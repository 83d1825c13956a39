package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
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

func TestPrintable(t *testing.T) {
	const text = "Release 2.0?\x1b[2K\rDrop é\x9b tables?\n\tyes\u202e"
	if got, want := printable(text), "Release 2.0?[2KDrop é\ufffd tables?\n\tyes"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
