package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// tally is the result of a phase.
type tally struct {
	accounts

	title          string
	wanted         float64 // percent for the native client
	started, calls split   // of the workflows, and of all calls
	shadow         legacy.ShadowCounts
}

// wanted returns the percentage that a rollout gives to the native client.
func wanted(r legacy.Rollout) float64 {
	switch r.Force {
	case workflow.BackendNative:
		return 100
	case workflow.BackendKubectl:
		return 0
	default:
		return r.Percent
	}
}

// got returns the percentage that it got.
func (t tally) got() float64 {
	all := t.started.kubectl + t.started.native
	if all == 0 {
		return 0
	}
	return 100 * float64(t.started.native) / float64(all)
}

// text formats one tally.
func (t tally) text() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "   workflows\tkubectl %d\tnative %d\t%g %% wanted, %.0f %% got\n", t.started.kubectl, t.started.native, t.wanted, t.got())
	fmt.Fprintf(w, "   calls\tkubectl %d\tnative %d\n", t.calls.kubectl, t.calls.native)
	_ = w.Flush() // to a builder, which never fails
	c := t.shadow
	fmt.Fprintf(&text, "   compared   %d agreed, %d differed, %d changed meanwhile, %d failed, %d dropped\n",
		c.Agreed, c.Differed, c.Changed, c.Failed, c.Dropped)
	fmt.Fprintf(&text, "   accounts   %d started, %d ended, %d running, %d duplicated, %d lost",
		t.started.kubectl+t.started.native, t.ended, t.running, t.duplicated, t.lost)
	return text.String()
}

// table formats all tallies as a table.
func table(all []tally) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\t\t\tworkflows\t\tcalls\t\tcompared\t\t\t\t\t")
	fmt.Fprintln(w, "phase\twanted\tgot\tkubectl\tnative\tkubectl\tnative\tagreed\tdiffered\tended\tduplicated\tlost\t")
	for _, t := range all {
		fmt.Fprintf(w, "%s\t%g %%\t%.0f %%\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", t.title, t.wanted, t.got(),
			t.started.kubectl, t.started.native, t.calls.kubectl, t.calls.native, t.shadow.Agreed, t.shadow.Differed, t.ended, t.duplicated, t.lost)
	}
	_ = w.Flush() // as above
	lines := strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// total returns the number of completed comparisons.
func total(c legacy.ShadowCounts) int64 {
	return c.Agreed + c.Differed + c.Changed + c.Failed + c.Dropped
}

func minus(a, b legacy.ShadowCounts) legacy.ShadowCounts {
	return legacy.ShadowCounts{
		Agreed: a.Agreed - b.Agreed, Differed: a.Differed - b.Differed, Changed: a.Changed - b.Changed,
		Failed: a.Failed - b.Failed, Dropped: a.Dropped - b.Dropped,
	}
}
