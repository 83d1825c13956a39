package status

import (
	"fmt"
	"io"
	"time"
)

// WriteTree writes a line for the workflow and one for each node of its [WorkflowStatus.Tree]: a
// sign for the phase, name, duration, attempts and message, for a gate the names of the outputs
// that it awaits or the object that it is decided in, and for a delay when it ends. The duration of what has not ended is measured up
// to now.
//
// Names and messages are made [Printable], with one space for each run of spaces, and cut to 200
// and 1,000 bytes. WriteTree shows the first 8 outputs of a gate, and the first 20,000 nodes or 8
// MiB of nodes, and says how many it leaves out. The error is that of w.
func (s *WorkflowStatus) WriteTree(w io.Writer, now time.Time, opts TreeOptions) error {
	p := treePrinter{w: w, now: now, glyphs: unicodeGlyphs()}
	if opts.ASCII {
		p.glyphs = asciiGlyphs()
	}
	p.printf("%s %s  %s", p.glyphs.outcome(s.Outcome()), brief(s.Name, maxShownName), s.Outcome())
	if d, ok := elapsed(s.StartTime, s.EndTime, now); ok {
		p.printf("  %s", d)
	}
	if s.Progress.Total > 0 {
		p.printf("  %s", s.Progress)
	}
	p.message(s.Message)
	p.printf("\n")
	p.nodes(s.Tree(opts), "")
	if p.more > 0 {
		p.printf("%sand %d more\n", p.glyphs.last, p.more)
	}
	if s.NodesErr != nil {
		p.printf("%s(%s)\n", p.glyphs.last, brief(s.NodesErr.Error(), maxShownMessage))
	}
	return p.err
}

type treePrinter struct {
	w      io.Writer
	now    time.Time
	glyphs glyphs
	shown  int // nodes, including those that are left out
	more   int // nodes that are left out

	written int   // bytes
	err     error // the first error; nothing is written after it
}

func (p *treePrinter) printf(format string, args ...any) {
	if p.err == nil {
		var n int
		n, p.err = fmt.Fprintf(p.w, format, args...)
		p.written += n
	}
}

// maxIndent is how far lines are indented at most, in bytes.
const maxIndent = 1000

// The limits on what is shown of a tree: nodes, bytes of their lines, and outputs of a gate.
const maxShownNodes, maxShownBytes, maxShownOutputs = 20_000, 8 << 20, 8

func (p *treePrinter) nodes(nodes []*TreeNode, indent string) {
	for i, n := range nodes {
		if p.shown++; p.shown > maxShownNodes || p.written > maxShownBytes {
			p.more++
			p.nodes(n.Children, "")
			continue
		}
		branch, further := p.glyphs.branch, p.glyphs.further
		if i == len(nodes)-1 {
			branch, further = p.glyphs.last, p.glyphs.blank
		}
		p.printf("%s%s%s %s", indent, branch, p.glyphs.node(n.Node), brief(n.Title, maxShownName))
		if d, ok := elapsed(n.StartTime, n.EndTime, p.now); ok && n.Phase != NodeSkipped && n.Phase != NodeOmitted {
			p.printf("  %s", d)
		}
		if n.Attempts > 1 {
			p.printf("  (%d attempts)", n.Attempts)
		}
		p.message(n.Message)
		p.awaited(n.Node)
		if o := n.GateObject(); o != nil && n.Waiting() {
			p.printf("  waits for %s", o)
		}
		if until := n.Until(); !until.IsZero() {
			p.printf("  until %s", until.UTC().Format(time.RFC3339))
		}
		p.printf("\n")
		if len(indent) < maxIndent {
			further = indent + further
		} else {
			further = indent
		}
		p.nodes(n.Children, further)
	}
}

func (p *treePrinter) message(text string) {
	if text != "" {
		p.printf("  %s", brief(text, maxShownMessage))
	}
}

// awaited shows the names of the outputs that a gate awaits, but no values, which may be secret.
func (p *treePrinter) awaited(n *Node) {
	awaited := n.AwaitedOutputs()
	for i, parameter := range awaited {
		if i == maxShownOutputs {
			p.printf(", and %d more", len(awaited)-i)
			return
		}
		separator := ", "
		if i == 0 {
			separator = "  awaits "
		}
		p.printf("%s%s", separator, brief(parameter.Name, maxShownName))
	}
}

func elapsed(start, end, now time.Time) (time.Duration, bool) {
	if start.IsZero() {
		return 0, false
	}
	if end.IsZero() {
		end = now
	}
	return max(0, end.Sub(start)).Round(time.Second), true
}

type glyphs struct {
	branch, last, further, blank                                 string
	succeeded, failed, errored, running, pending, skipped, gates string
}

func unicodeGlyphs() glyphs {
	return glyphs{
		branch: "├─ ", last: "└─ ", further: "│  ", blank: "   ",
		succeeded: "✔", failed: "✖", errored: "⚠", running: "●", pending: "◷", skipped: "○", gates: "⏸",
	}
}

func asciiGlyphs() glyphs {
	return glyphs{
		branch: "|- ", last: "`- ", further: "|  ", blank: "   ",
		succeeded: "+", failed: "x", errored: "!", running: ">", pending: ".", skipped: "-", gates: "=",
	}
}

func (g glyphs) node(n *Node) string {
	if n.Waiting() {
		return g.gates
	}
	switch n.Phase {
	case NodeSucceeded:
		return g.succeeded
	case NodeFailed:
		return g.failed
	case NodeError:
		return g.errored
	case NodeSkipped, NodeOmitted:
		return g.skipped
	case NodeRunning:
		return g.running
	}
	return g.pending
}

func (g glyphs) outcome(o Outcome) string {
	switch o {
	case OutcomeSucceeded:
		return g.succeeded
	case OutcomeFailed, OutcomeStopped, OutcomeTerminated:
		return g.failed
	case OutcomeErrored:
		return g.errored
	case OutcomeSuspended:
		return g.gates
	case OutcomeRunning:
		return g.running
	}
	return g.pending
}
