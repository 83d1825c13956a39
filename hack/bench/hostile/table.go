package main

import (
	"fmt"
	"io"
	"time"
)

// The limits.
const (
	mostTimes = 3        // as much heap as what the input unpacks to,
	mostMore  = 16 << 20 // and so much more
	mostEnd   = 100 * time.Millisecond
	mostText  = 16 << 10 // of an error
	mostShown = 96 << 10 // of what is shown of 60 nodes
)

// row is a case with what it took.
type row struct {
	hostileCase
	measured
}

func (r row) mostPeak() int { return mostTimes*r.Plain + mostMore }

func (r row) missed() bool {
	most := mostShown
	if r.Refused {
		most = mostText
	}
	return r.Peak > r.mostPeak() || r.End > mostEnd || r.Text > most
}

func writeTable(w io.Writer, rows []row) {
	fmt.Fprintf(w, "| input | sent as | unpacks to | operation | result | peak heap | limit | time | end of the context | |\n"+
		"|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		verdict := "ok"
		if r.missed() {
			verdict = "**missed**"
		}
		end := milliseconds(r.End)
		if r.contextless {
			end = "–"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", r.input, size(r.Sent), size(r.Plain), r.operation, r.result(),
			size(r.Peak), size(r.mostPeak()), milliseconds(r.Time), end, verdict)
	}
}

// result says how it ended.
func (r row) result() string {
	switch {
	case r.Refused:
		return "refused, in " + size(r.Text)
	case r.Text > 0:
		return "done, in " + size(r.Text)
	}
	return "done"
}

func size(bytes int) string {
	switch {
	case bytes < 10<<10:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 10<<20:
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}

func milliseconds(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}
