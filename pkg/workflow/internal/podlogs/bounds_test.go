package podlogs

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// longLog returns a log of two lines of MaxLine bytes, generated while it is read.
func longLog(container string) io.Reader {
	xs := strings.Repeat("x", 16<<10)
	var parts []io.Reader
	for i := range 2 {
		parts = append(parts, strings.NewReader(fmt.Sprintf("2026-11-23T10:00:0%d.%09dZ ", i, len(container))),
			io.LimitReader(letters(xs), MaxLine), strings.NewReader("\n"))
	}
	return io.MultiReader(parts...)
}

// letters is a reader that repeats a string forever.
type letters string

func (l letters) Read(p []byte) (int, error) { return copy(p, l), nil }

// Memory is bounded, whatever the number of containers and the length of their lines.
func TestMemoryIsBounded(t *testing.T) {
	const containers, limit = 200, 40 << 20
	for _, following := range []bool{false, true} {
		t.Run(fmt.Sprintf("follow %v", following), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // in a bubble, time slices take no real time
				kind, phase := "terminated", status.PhaseSucceeded
				if following {
					kind, phase = "running", status.PhaseRunning
				}
				c := &cluster{pods: podList(1, containers, kind)}
				c.log = func(r *http.Request) (io.ReadCloser, error) {
					text := longLog(r.URL.Query().Get("container"))
					switch {
					case !following:
						return io.NopCloser(text), nil
					case isFollowed(r):
						return io.NopCloser(io.MultiReader(text, untilDone{r.Context()})), nil
					}
					return io.NopCloser(strings.NewReader("")), nil
				}
				var before, now runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				lines, held := 0, uint64(0)
				emit := func(Line) error {
					if lines++; lines%100 == 50 {
						synctest.Wait() // what others allocate during a collection is not collected
						runtime.GC()
						runtime.ReadMemStats(&now)
						held = max(held, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
					}
					if lines == 2*containers {
						return errStop
					}
					return nil
				}
				logs := c.find(t, state(phase))
				var err error
				if following {
					err = logs.Follow(t.Context(), unchanged, emit)
				} else {
					err = logs.Read(t.Context(), emit)
				}
				if held > limit || lines != 2*containers || c.maxOpen.Load() > maxOpen || err != errStop { //nolint:errorlint // returned as it is
					t.Errorf("%d lines, %d MiB were held, %d logs open, %v", lines, held>>20, c.maxOpen.Load(), err)
				}
			})
		})
	}
}

// The first line of thousands of logs does not wait for their requests one after the other.
func TestFirstLineOfManyLogsComesSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pods, latency = 2000, 10 * time.Millisecond
		c := &cluster{pods: podList(pods, 1, "terminated")}
		c.log = func(*http.Request) (io.ReadCloser, error) {
			time.Sleep(latency)
			return io.NopCloser(strings.NewReader("2026-11-23T10:00:00.5Z line\n")), nil
		}
		began, lines := time.Now(), 0
		err := c.find(t, state(status.PhaseSucceeded)).Read(t.Context(), func(Line) error {
			if lines++; lines == 1 && time.Since(began) > 5*latency {
				t.Errorf("the first line came after %v", time.Since(began))
			}
			return nil
		})
		if took := time.Since(began); err != nil || lines != pods || took > pods*latency/10 || c.maxOpen.Load() > maxOpen {
			t.Errorf("%d lines of %d after %v, %d logs were open, %v", lines, pods, took, c.maxOpen.Load(), err)
		}
	})
}

// If there are more containers than logs that may be open, all are followed nevertheless.
func TestStreamsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const containers = 2*maxOpen + 50
		c := &cluster{pods: podList(1, containers, "running")}
		began := time.Now()
		c.log = func(r *http.Request) (io.ReadCloser, error) {
			if !isFollowed(r) {
				return io.NopCloser(strings.NewReader("")), nil
			}
			text := "2026-11-23T10:00:01Z early\n"
			if time.Since(began) > time.Minute {
				text += "2026-11-23T10:01:00Z late\n"
			}
			return io.NopCloser(io.MultiReader(strings.NewReader(text), untilDone{r.Context()})), nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		got := map[string][]string{}
		lines := 0
		err := c.find(t, state(status.PhaseRunning)).Follow(ctx, unchanged, func(line Line) error {
			got[line.Container] = append(got[line.Container], line.Text)
			if lines++; lines == 2*containers {
				return errStop
			}
			return nil
		})
		for container, texts := range got {
			if !slices.Equal(texts, []string{"early", "late"}) {
				t.Errorf("%s: %q", container, texts)
			}
		}
		if err != errStop || c.maxOpen.Load() > maxOpen || len(got) != containers { //nolint:errorlint // returned as it is
			t.Errorf("%d logs were open, lines of %d containers came, %v", c.maxOpen.Load(), len(got), err)
		}
	})
}

// A long line that never ends does not keep others from being read.
func TestUnfinishedLongLinesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{pods: podList(1, maxLongLines+2, "running")}
		c.log = func(r *http.Request) (io.ReadCloser, error) {
			if !isFollowed(r) {
				return io.NopCloser(strings.NewReader("")), nil
			}
			text := "2026-11-23T10:00:01Z " + strings.Repeat("x", 4*shortLine)
			if r.URL.Query().Get("container") == "c0" {
				time.Sleep(time.Second) // after the others
				text += "\n"
			}
			return io.NopCloser(io.MultiReader(strings.NewReader(text), untilDone{r.Context()})), nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := c.find(t, state(status.PhaseRunning)).Follow(ctx, unchanged, func(line Line) error {
			if line.Container != "c0" || len(line.Text) != 4*shortLine {
				t.Errorf("%d bytes of %s", len(line.Text), line.Container)
			}
			return errStop
		})
		if err != errStop { //nolint:errorlint // returned as it is
			t.Error(err)
		}
	})
}

// Long lines of new containers do not block those of the backlog, which their streams wait for.
func TestLongLinesOfNewPodsWaitForBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const added = maxLongLines + 1
		c := &cluster{pods: podList(1, 1, "running")}
		c.added = podList(added+1, 1, "running")["items"].([]any)[1:]
		long := "2026-11-23T10:00:01Z " + strings.Repeat("x", 4*shortLine) + "\n"
		c.log = func(r *http.Request) (io.ReadCloser, error) {
			switch {
			case strings.Contains(r.URL.Path, "/p0/") && !isFollowed(r):
				time.Sleep(time.Second) // after the others
				return io.NopCloser(strings.NewReader(long)), nil
			case strings.Contains(r.URL.Path, "/p0/") || !isFollowed(r):
				return io.NopCloser(untilDone{r.Context()}), nil
			}
			return io.NopCloser(io.MultiReader(strings.NewReader(long), untilDone{r.Context()})), nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		lines := 0
		err := c.find(t, state(status.PhaseRunning)).Follow(ctx, unchanged, func(Line) error {
			if lines++; lines == added+1 {
				return errStop
			}
			return nil
		})
		if err != errStop { //nolint:errorlint // returned as it is
			t.Errorf("after %d lines: %v", lines, err)
		}
	})
}

// A long unfinished line is not kept in memory until it ends.
func TestUnfinishedLongLinesAreNotKept(t *testing.T) {
	k := &keptLog{lines: []rawLine{{time: time.Now(), text: strings.Repeat("x", MaxLine/2)}}}
	l := k.log()
	l.followed = true
	if got, err := readPart(t, l); err != nil || len(got) > 0 {
		t.Fatalf("%d lines, %v", len(got), err)
	}
	if n := len(l.rest.line.text); n > shortLine {
		t.Errorf("%d bytes are kept", n)
	}
	// It counts as a line once the log is known to end with it, and as a part of a loss otherwise.
	if got, err := readAll(l); err != nil || !slices.Equal(got, k.texts()) {
		t.Errorf("%d lines, %v", len(got), err)
	}
	l = k.log()
	if _, err := readPart(t, l); err != nil {
		t.Fatal(err)
	}
	l.complete = true
	if err := l.podDeleted(func(Line) error { return nil }); err != nil || !l.missing {
		t.Errorf("missing %v, %v", l.missing, err)
	}
}

// Nothing is kept of a log that was read to its end: the logs of a long workflow stay until all of
// them have been read.
func TestFinishedLogKeepsNothing(t *testing.T) {
	for _, end := range []string{"\n", ""} {
		l := (&keptLog{lines: difficult(), end: end}).log()
		if _, err := readAll(l); err != nil || len(l.position.recent) > 0 || l.rest != (partialLine{}) {
			t.Errorf("%v, %d lines and %v are kept", err, len(l.position.recent), l.rest)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		const one = "2026-11-23T10:00:00Z one\n"
		l := answeredLog(t, says(t, true, false, one))
		if got, _ := follow(t, l, podDeleted, time.Minute); len(got) != 1 || len(l.position.recent) > 0 {
			t.Errorf("%q, %d lines are kept", got, len(l.position.recent))
		}
	})
}
