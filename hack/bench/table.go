package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	clientset     = "Argo's typed clientset"
	kubectlGet    = "kubectl get -o json"
	kubectlCreate = "kubectl create -f"
	// kubectlEvery: it takes a hundred times as long, so fewer times have to do.
	kubectlEvery = 20
)

// row is one comparison.
type row struct {
	what, ours   string
	peer, theirs string
	ratio        float64 // ours by theirs
	limit        string  // "": none
	missed       bool
}

// ratioRow compares two medians; limit 0 is none.
func ratioRow(what string, medians map[string]time.Duration, ours, theirs string, limit float64) row {
	r := row{
		what: what, ours: milliseconds(medians[ours]), peer: theirs, theirs: milliseconds(medians[theirs]),
		ratio: float64(medians[ours]) / float64(medians[theirs]),
	}
	r.limitTo(limit)
	return r
}

func (r *row) limitTo(limit float64) {
	if limit > 0 {
		r.limit, r.missed = fmt.Sprintf("at most %g ×", limit), r.ratio > limit
	}
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// writeTable writes the rows in Markdown.
func writeTable(w io.Writer, rows []row) error {
	var text strings.Builder
	text.WriteString("| what | ours | beside | | ours : theirs | limit | |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		verdict := ""
		switch {
		case r.missed:
			verdict = "**missed**"
		case r.limit != "":
			verdict = "ok"
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %s | %s |\n", r.what, r.ours, r.peer, r.theirs, ratioText(r.ratio), r.limit, verdict)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func ratioText(ratio float64) string {
	if ratio < 0.1 {
		return fmt.Sprintf("1 : %.0f", 1/ratio)
	}
	return fmt.Sprintf("%.2f ×", ratio)
}
