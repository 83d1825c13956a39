package report

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Row is one comparison.
type Row struct {
	What, Ours   string
	Peer, Theirs string
	Ratio        float64 // ours by theirs
	Limit        string  // "": none
	Missed       bool
}

// RatioRow is a row whose ratio has a limit; 0 is none. A ratio that is no number misses any.
func RatioRow(what, ours, peer, theirs string, ratio, limit float64) Row {
	r := Row{What: what, Ours: ours, Peer: peer, Theirs: theirs, Ratio: ratio}
	if limit > 0 {
		r.Limit, r.Missed = fmt.Sprintf("≤ %g ×", limit), !(ratio <= limit) // so that NaN is none
	}
	return r
}

// Missed reports whether a limit is missed.
func Missed(rows []Row) bool {
	return slices.ContainsFunc(rows, func(r Row) bool { return r.Missed })
}

// WriteHeading writes when, and on what, something was measured.
func WriteHeading(w io.Writer) {
	fmt.Fprintf(w, "%s, %d CPUs, %s/%s, %s\n\n", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// WriteTable writes the rows in Markdown.
func WriteTable(w io.Writer, rows []Row) error {
	var text strings.Builder
	text.WriteString("| what | ours | beside | theirs | ours by theirs | limit | |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		verdict := ""
		switch {
		case r.Missed:
			verdict = "**missed**"
		case r.Limit != "":
			verdict = "ok"
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %s | %s |\n", r.What, r.Ours, r.Peer, r.Theirs, ratioText(r.Ratio), r.Limit, verdict)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// ratioText has small ratios as fractions, which say more there. By nothing, or by a
// time before zero, there is no ratio.
func ratioText(ratio float64) string {
	switch {
	case ratio < 0 || math.IsInf(ratio, 0):
		return ""
	case ratio > 0 && ratio < 0.1:
		return fmt.Sprintf("1/%.0f ×", 1/ratio)
	}
	return fmt.Sprintf("%.2f ×", ratio)
}
