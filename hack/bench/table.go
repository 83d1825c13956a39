package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// The peers' names.
const (
	clientset     = "Argo's typed clientset"
	apiclient     = "Argo's apiclient"
	rawGet        = "raw HTTP GET, body read"
	rawDecodedGet = "raw HTTP GET, JSON decoded"
	rawPost       = "raw HTTP POST, body read"
	kubectlGet    = "`kubectl get -o json`"
	kubectlCreate = "`kubectl create -f`"
)

// row is one comparison.
type row struct {
	what, ours   string
	peer, theirs string
	ratio        float64 // ours by theirs
	limit        string  // "": none
	missed       bool
}

// ratioRow is a row whose ratio has a limit; 0 is none.
func ratioRow(what, ours, peer, theirs string, ratio, limit float64) row {
	r := row{what: what, ours: ours, peer: peer, theirs: theirs, ratio: ratio}
	if limit > 0 {
		r.limit, r.missed = fmt.Sprintf("≤ %g ×", limit), !(ratio <= limit) // so that NaN is none
	}
	return r
}

// raceRow compares two peers of a race.
func raceRow(what string, medians map[string]time.Duration, ours, peer string, limit float64) row {
	mine, theirs := medians[ours], medians[peer]
	return ratioRow(what, milliseconds(mine), peer, milliseconds(theirs), float64(mine)/float64(theirs), limit)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// writeTable writes the rows in Markdown.
func writeTable(w io.Writer, rows []row) error {
	var text strings.Builder
	text.WriteString("| what | ours | beside | theirs | ours by theirs | limit | |\n|---|---|---|---|---|---|---|\n")
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

// ratioText has small ratios as fractions, which say more there.
func ratioText(ratio float64) string {
	if ratio < 0.1 {
		return fmt.Sprintf("1/%.0f ×", 1/ratio)
	}
	return fmt.Sprintf("%.2f ×", ratio)
}
