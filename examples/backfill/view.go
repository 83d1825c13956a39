package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/cheggaaa/pb/v3"
	"golang.org/x/term"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// view shows how a backfill goes on.
type view interface {
	started(*backfill.Status)
	show(*status.WorkflowStatus)
	// pause clears the place for a question; show goes on after it.
	pause()
	close()
}

func newView(out *os.File) view {
	if term.IsTerminal(int(out.Fd())) {
		return &barView{out: out}
	}
	return &lineView{out: out}
}

func announce(out io.Writer, b *backfill.Status) {
	fmt.Fprintf(out, "backfill %q: workflow %s/%s is %s\n", b.Session, b.Workflow.Namespace, b.Workflow.Name, b.State)
}

// activity names what runs at the moment, the first few of it.
func activity(s *status.WorkflowStatus, most int) string {
	var names []string
	running := 0
	for _, n := range s.Nodes {
		if n.Type.Group() || n.Phase != status.NodeRunning && n.Phase != status.NodePending {
			continue
		}
		if running++; running <= most {
			names = append(names, n.DisplayName)
		}
	}
	if running > most {
		names = append(names, fmt.Sprintf("and %d more", running-most))
	}
	return strings.Join(names, ", ")
}

// lineView writes a line for each change, for logs and pipes.
type lineView struct {
	out  io.Writer
	last string
}

func (v *lineView) started(b *backfill.Status) { announce(v.out, b) }
func (v *lineView) pause()                     {}
func (v *lineView) close()                     {}

func (v *lineView) show(s *status.WorkflowStatus) {
	line := fmt.Sprintf("%-10s %6s  %s", s.Outcome(), s.Progress, activity(s, 3))
	if line = strings.TrimRight(line, " "); line != v.last {
		fmt.Fprintf(v.out, "%s  %s\n", time.Now().Format(time.TimeOnly), line)
		v.last = line
	}
}

// barView keeps a progress bar with elapsed and estimated time, which redraws itself.
type barView struct {
	out io.Writer
	bar *pb.ProgressBar // nil: none is shown
}

const barTemplate = `{{string . "outcome" | green}} {{counters . }} {{bar . }} {{percent . }}  ` +
	`{{string . "clock"}}  {{string . "activity"}}`

func (v *barView) started(b *backfill.Status) { announce(v.out, b) }

func (v *barView) show(s *status.WorkflowStatus) {
	if v.bar == nil {
		v.bar = pb.ProgressBarTemplate(barTemplate).New(0).SetWriter(v.out).
			Set(pb.Terminal, true).Set(pb.CleanOnFinish, true).SetRefreshRate(250 * time.Millisecond)
		v.bar.Start()
	}
	v.bar.Set("outcome", fmt.Sprintf("%-9s", s.Outcome())).Set("activity", activity(s, 1)).Set("clock", clock{s})
	v.bar.SetTotal(s.Progress.Total).SetCurrent(s.Progress.Done)
}

// clock reads the elapsed and the estimated time whenever the bar is drawn.
type clock struct{ s *status.WorkflowStatus }

func (c clock) String() string {
	if c.s.StartTime.IsZero() {
		return ""
	}
	elapsed := time.Since(c.s.StartTime)
	text := elapsed.Round(time.Second).String()
	whole := c.s.EstimatedDuration // from earlier runs
	if done := c.s.Progress.Fraction(); whole == 0 && done > 0 {
		whole = time.Duration(float64(elapsed) / done)
	}
	if left := (whole - elapsed).Round(time.Second); left > 0 {
		text += ", about " + left.String() + " left"
	}
	return text
}

func (v *barView) pause() {
	if v.bar != nil {
		v.bar.Finish()
		v.bar = nil
	}
}

func (v *barView) close() { v.pause() }
