package podlogs

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Wherever and however a stream breaks, each line is read once, in order.
func TestLogResumesWhereItBroke(t *testing.T) {
	for _, end := range []string{"\n", ""} {
		whole := &keptLog{lines: difficult(), end: end}
		body, err := whole.open(t.Context(), query{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		for at := range len(text) + 1 {
			synctest.Test(t, func(t *testing.T) {
				k := &keptLog{lines: difficult(), end: end, answers: []answer{brokenAt(at, io.ErrUnexpectedEOF), brokenAt(at/2, errors.New("stream error"))}}
				got, err := readAll(k.log())
				if err != nil || !slices.Equal(got, k.texts()) {
					t.Errorf("broken at byte %d: %q, %v", at, got, err)
				}
				// A stream that seems to end normally within a line is detected as well.
				if at == 0 || at == len(text) || text[at-1] == '\n' {
					return
				}
				k = &keptLog{lines: difficult(), end: end, answers: []answer{brokenAt(at, io.EOF)}}
				if got, err := readAll(k.log()); err != nil || !slices.Equal(got, k.texts()) {
					t.Errorf("ended at byte %d: %q, %v", at, got, err)
				}
			})
		}
	}
}

// Not every server respects the requested time.
func TestLogResumesOnServerThatSendsEverythingAgain(t *testing.T) {
	whole := (&keptLog{lines: difficult()}).texts()
	for at := range 600 {
		synctest.Test(t, func(t *testing.T) {
			k := &keptLog{lines: difficult(), end: "\n", always: true, answers: []answer{brokenAt(at, io.ErrUnexpectedEOF)}}
			if got, err := readAll(k.log()); err != nil || !slices.Equal(got, whole) {
				t.Errorf("broken at byte %d: %q, %v", at, got, err)
			}
		})
	}
}

func TestLogResumesAfterRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := difficult()
		k := &keptLog{lines: lines, end: "\n"}
		k.answers = []answer{func(text string) (io.ReadCloser, error) {
			k.lines = lines[6:] // by the next request, the rest is in a new file
			return brokenAt(strings.Index(text, "from the other"), io.ErrUnexpectedEOF)(text)
		}}
		got, err := readAll(k.log())
		want := slices.Concat((&keptLog{lines: lines[:5]}).texts(), (&keptLog{lines: lines[6:]}).texts())
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v, want %q: all that is left", got, err, want)
		}
	})
}

// A kubelet selects the parts of a split line one by one, so what it serves since a time can begin
// with the end of a line, without a time.
func TestLogDropsEndOfLineThatWasReadBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := difficult()
		k := &keptLog{lines: lines, end: "\n"}
		k.answers = []answer{
			func(text string) (io.ReadCloser, error) {
				return brokenAt(strings.Index(text, "just before"), io.ErrUnexpectedEOF)(text)
			},
			func(text string) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader("end of a long line\n" + text + "a note of the kubelet\n")), nil
			},
		}
		got, err := readAll(k.log())
		if want := append(k.texts(), "a note of the kubelet"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	})
}

// Each line of a very busy container is read once, too, wherever a stream breaks.
func TestBusyLogResumes(t *testing.T) {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	k := &keptLog{end: "\n"}
	size := 0
	for i := range 3 * maxRecent { // in half a second; every third is late
		at := start.Add(time.Duration(i-i%3%2*500) * 40 * time.Microsecond)
		k.lines = append(k.lines, rawLine{time: at, text: fmt.Sprint(i)})
		size += len("2026-11-23T10:00:00.000000000Z \n") + len(fmt.Sprint(i))
	}
	for part := 1; part < 5; part++ {
		k.answers = append(k.answers, brokenAt(size*part/5, io.ErrUnexpectedEOF))
	}
	synctest.Test(t, func(t *testing.T) {
		if got, err := readAll(k.log()); err != nil || !slices.Equal(got, k.texts()) {
			t.Errorf("%d lines of %d, %v", len(got), len(k.lines), err)
		}
	})
}

// The memory needed to recognize repeated lines does not depend on the log's length.
func TestPositionIsBounded(t *testing.T) {
	p := newPosition(time.Time{})
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for i := range 10000 {
		p.advance(rawLine{time: start.Add(time.Duration(i) * 100 * time.Millisecond), text: fmt.Sprint(i)})
	}
	if n := len(p.recent); n > 30 {
		t.Errorf("%d lines are kept", n)
	}
	for i := range 3 * maxRecent {
		p.advance(rawLine{time: start.Add(time.Hour + time.Duration(i)), text: fmt.Sprint(i)})
	}
	if n := len(p.recent); n > maxRecent || cap(p.recent) > 4*maxRecent {
		t.Errorf("%d lines of one second are kept", n)
	}
}

func TestLogTail(t *testing.T) {
	lines := regular()
	for n := range len(lines) + 2 {
		for at := range 34 * len(lines) {
			synctest.Test(t, func(t *testing.T) {
				broken := brokenAt(at, io.ErrUnexpectedEOF)
				k := &keptLog{lines: lines, end: "\n", answers: []answer{broken, whole, broken}}
				l := k.log()
				l.tail = new(int64(n))
				got, err := readAll(l)
				if want := k.texts()[max(0, len(lines)-n):]; err != nil || !slices.Equal(got, want) {
					t.Errorf("tail of %d, broken at %d: %q, %v, want %q", n, at, got, err, want)
				}
			})
		}
	}
}

func TestLogSince(t *testing.T) {
	lines := regular()
	for n, line := range lines {
		for at := range 34 * len(lines) {
			synctest.Test(t, func(t *testing.T) {
				k := &keptLog{lines: lines, end: "\n", answers: []answer{brokenAt(at, io.ErrUnexpectedEOF)}}
				l := k.log()
				l.position = newPosition(line.time)
				if got, err := readAll(l); err != nil || !slices.Equal(got, k.texts()[n:]) {
					t.Errorf("since %v, broken at %d: %q, %v, want %q", line.time, at, got, err, k.texts()[n:])
				}
			})
		}
	}
}

// The times within a tail need not be in order.
func TestLogTailOutOfOrder(t *testing.T) {
	k := &keptLog{lines: difficult(), end: "\n"}
	l := k.log()
	n := len(k.lines) - slices.IndexFunc(k.lines, func(l rawLine) bool { return l.text == "from one stream" })
	l.tail = new(int64(n))
	if got, err := readAll(l); err != nil || !slices.Equal(got, k.texts()[len(k.lines)-n:]) {
		t.Errorf("%q, %v, want the last %d lines", got, err, n)
	}
}
