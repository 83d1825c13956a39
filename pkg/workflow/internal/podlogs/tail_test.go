package podlogs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// What Argo 3.7 and 4.0 write around the lines of a program, as text and as JSON.
const (
	begins   = `time="2026-11-30T08:00:00.000Z" level=info msg="capturing logs" argo=true`
	exited   = `time="2026-11-30T08:00:00.000Z" level=info msg="sub-process exited" argo=true error="<nil>"`
	saved    = `time=2026-11-30T08:00:00.000Z level=INFO msg="saving parameter" argo=true src=/tmp/out`
	asJSON   = `{"time":"2026-11-30T08:00:00.000Z","level":"INFO","msg":"sub-process exited","argo":true,"error":null}`
	asJSON37 = `{"argo":true,"error":null,"level":"info","msg":"sub-process exited","time":"2026-11-30T08:00:00.000Z"}`
	failed   = "Error: exit status 7"
	killed   = "Error: signal: killed"
)

// A tail counts the lines of the program. Those of Argo's executor are served nevertheless.
func TestTailCountsLinesOfTheProgram(t *testing.T) {
	many := strings.Repeat(saved+"\n", tailWindow+3)
	for _, tc := range []struct {
		container, log string
		tail           int64
		from           int // the first line that is read
	}{
		{"main", "a\nb\n" + exited + "\n" + failed, 1, 1},
		{"main", "a\nb\n" + asJSON + "\n" + killed, 2, 0},
		{"main", "a\n" + exited + "\nb", 1, 2},
		{"main", "a\n" + asJSON37 + "\nb", 2, 0},
		{"main", begins + "\na\nb\n" + exited, 1, 2},
		{"main", begins + "\na\nb\n" + exited, 3, 0},
		{"main", begins + "\n" + exited, 1, 0},
		{"main", "a\nb\n" + exited, 100, 0},
		{"sidecar", "a\nb\n" + exited, 1, 1},
		{"wait", begins + "\n" + exited, 1, 1},
		{"init", begins + "\n" + exited, 1, 1},
		{"main", "time=1 level=info msg=own\nError: no\n{\"level\":\"info\"}", 1, 2},
		{"main", "time=1 level=info msg=own\nError: no\n{\"level\":\"info\"}", 3, 0},
		{"main", "a\nb\n" + many + exited, 1, 2 + 3}, // more than are looked at
	} {
		k := &keptLog{end: "\n"}
		for i, text := range strings.Split(tc.log, "\n") {
			k.lines = append(k.lines, rawLine{time: time.Date(2026, 11, 23, 10, 0, i, 0, time.UTC), text: text})
		}
		t.Run(fmt.Sprintf("%d of %s: %.60q", tc.tail, tc.container, tc.log), func(t *testing.T) {
			l := k.log()
			l.line.Container, l.tail = tc.container, &tc.tail
			if got, err := readAll(l); err != nil || !slices.Equal(got, k.texts()[tc.from:]) {
				t.Errorf("%q, %v, want from line %d", got, err, tc.from)
			}
		})
	}
}

// Long lines do not count more than once, and are not kept.
func TestTailAfterLongLines(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	long := strings.Repeat("x", 3*shortLine)
	k := &keptLog{end: "\n", lines: []rawLine{{at, "a"}, {at.Add(1), long}, {at.Add(2), long}, {at.Add(3), exited}}}
	l := k.log()
	l.tail = new(int64(2))
	if got, err := readAll(l); err != nil || !slices.Equal(got, []string{long, long, exited}) {
		t.Errorf("%d lines, %v", len(got), err)
	}
}
