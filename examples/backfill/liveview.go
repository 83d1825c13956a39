package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/cheggaaa/pb/v3"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// redrawEvery is the interval at which the times on the screen are updated.
const redrawEvery = 500 * time.Millisecond

// liveView keeps a terminal up to date: a progress bar, shards, pods, gates, and every step.
type liveView struct {
	hints  hints
	closed chan struct{}
	ends   sync.WaitGroup

	mu     sync.Mutex // guards the fields below
	screen *screen
	last   *backfill.Status
	at     time.Time // when the shards last changed
}

func newLiveView(s *screen, h hints) *liveView {
	v := &liveView{screen: s, hints: h, closed: make(chan struct{})}
	v.ends.Go(func() {
		ticker := time.NewTicker(redrawEvery)
		defer ticker.Stop()
		for {
			select {
			case <-v.closed:
				return
			case <-ticker.C:
				_ = v.draw() // show returns the error if it persists
			}
		}
	})
	return v
}

func (v *liveView) show(st *backfill.Status) error {
	v.mu.Lock()
	if v.last == nil || v.last.Shards.Data != st.Shards.Data {
		v.at = time.Now()
	}
	v.last = st
	v.mu.Unlock()
	return v.draw()
}

func (v *liveView) draw() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.last == nil {
		return nil
	}
	return v.screen.draw(v.lines(time.Now()))
}

func (v *liveView) lines(now time.Time) []string {
	lines := summary(v.last, v.hints, now.Sub(v.at), now)
	if bar := bar(v.last); bar != "" {
		lines = append(lines[:1:1], append([]string{bar}, lines[1:]...)...)
	}
	return append(lines, treeLines(v.last.Workflow, now)...)
}

func (v *liveView) close() {
	close(v.closed)
	v.ends.Wait()
	v.screen.clear()
}

func (v *liveView) conclude(st *backfill.Status) error {
	return writeText(v.screen.out, statusResult{st, v.hints})
}

const (
	barWidth    = 60
	barTemplate = `  {{bar . "[" "=" ">" " " "]"}} {{percent . "%.0f %%"}} of the `
)

// bar shows the progress: by shards, or by the workflow's steps if these are not known.
func bar(st *backfill.Status) string {
	done, total, what := st.Workflow.Progress.Done, st.Workflow.Progress.Total, "steps so far"
	if counted(st.Shards) {
		done, total, what = st.Shards.Data.Completed, st.Shards.Data.Total, "shards"
	}
	if total == 0 {
		return ""
	}
	return fmt.Sprint(pb.New64(total).SetTemplateString(barTemplate).SetWidth(barWidth).SetCurrent(done), what)
}
