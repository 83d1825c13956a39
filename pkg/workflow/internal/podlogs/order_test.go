package podlogs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestReorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		lines := make(chan heldLine)
		send := func(after time.Duration, texts ...string) { // "5" was written 5 ms after the start
			time.Sleep(time.Until(start.Add(after)))
			for _, text := range texts {
				ms, err := time.ParseDuration(text + "ms")
				if err != nil {
					t.Error(err)
				}
				lines <- heldLine{order: start.Add(ms), line: Line{Text: text}}
			}
		}
		go func() {
			send(100*time.Millisecond, "90", "50", "50", "80")
			send(400*time.Millisecond, "20", "300")
			send(2*time.Second, "1900")
			send(3*time.Second, "10", "2500") // too late to be sorted in
			close(lines)
		}()
		var got []string
		arrived := map[string]time.Duration{}
		err := reorder(t.Context(), lines, func(line Line) error {
			got = append(got, line.Text)
			arrived[line.Text] = time.Since(start)
			return nil
		})
		if want := []string{"20", "50", "50", "80", "90", "300", "1900", "10", "2500"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
		for text, want := range map[string]time.Duration{
			"20": 100*time.Millisecond + reorderWindow, "300": 400*time.Millisecond + reorderWindow, "1900": 2*time.Second + reorderWindow,
			"2500": 3 * time.Second, // the channel is closed, so no further line can arrive
		} {
			if arrived[text] != want {
				t.Errorf("%s was emitted after %v, want %v", text, arrived[text], want)
			}
		}
	})
}

// A line with a time in the future is held while all others overtake it. The emitted lines must not
// stay in memory because of it.
func TestReorderKeepsNoEmittedLine(t *testing.T) {
	b := reorderBuffer{emit: func(Line) error { return nil }}
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	if err := b.hold(heldLine{order: start.Add(time.Hour), release: start.Add(reorderWindow)}); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("x", 10_000)
	for i := range 10 * maxHeldLines {
		line := heldLine{order: start.Add(time.Duration(i)), release: start.Add(reorderWindow), line: Line{Text: text}}
		if err := b.hold(line); err != nil {
			t.Fatal(err)
		}
		if i%maxHeldLines != 0 {
			continue
		}
		bytes := 0
		for _, held := range b.arrived {
			bytes += len(held.line.Text)
		}
		if bytes > maxHeldBytes || len(b.arrived) > 2*maxHeldLines {
			t.Fatalf("after %d lines, %d bytes of %d lines are kept", i, bytes, len(b.arrived))
		}
	}
	if n := len(b.held); n != maxHeldBytes/len(text)+1 {
		t.Errorf("%d lines are held", n)
	}
}

func TestReorderIsBounded(t *testing.T) {
	for name, text := range map[string]string{"short": "x", "long": strings.Repeat("x", MaxLine)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				lines := make(chan heldLine)
				var emitted atomic.Int64
				go func() {
					for sent := range int64(2 * maxHeldLines) {
						lines <- heldLine{line: Line{Text: text}}
						held := sent - emitted.Load()
						if held > maxHeldLines+1 || held*int64(len(text)) > maxHeldBytes+2*MaxLine {
							t.Errorf("%d lines of %d bytes are held", held, len(text))
						}
					}
					synctest.Wait()
					cancel()
				}()
				err := reorder(ctx, lines, func(Line) error { emitted.Add(1); return nil })
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		})
	}
}
