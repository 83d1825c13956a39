package main

import "fmt"

// notes are what else one has to know of the figures.
func (f *findings) notes(c config) []string {
	var notes []string
	for _, at := range f.sizes {
		for _, way := range []string{ours, informer, polling} {
			for _, text := range at.windows[way].notes(way, c) {
				notes = append(notes, fmt.Sprintf("%s waits, %s: %s", grouped(at.workflows), way, text))
			}
		}
	}
	return notes
}

// notes are those of one way at one size.
func (w windows) notes(way string, c config) []string {
	var notes []string
	for _, n := range []struct {
		value float64
		text  string // with a place for the value
	}{
		{w.of(func(m measured) float64 { return float64(m.unseen) }), "%.0f workflows were not seen in the time there was."},
		{w.of(func(m measured) float64 { return float64(m.started.Failed + m.running.Failed) }), "%.0f requests failed."},
		{w.of(func(m measured) float64 { return float64(m.retried) }), "the API server let %.0f writes fail."},
		{w.of(func(m measured) float64 { return float64(m.delays.untold) }), "%.0f ends were not told in the time there was, and are not in the delays."},
		{w.of(func(m measured) float64 { return float64(m.running.Held) }), "the client was so far behind that arrivals of events were noted late, %.0f times."},
	} {
		if n.value > 0 {
			notes = append(notes, fmt.Sprintf(n.text, n.value))
		}
	}
	if reached := w.of(func(m measured) float64 { return m.rate }); reached < 0.95*float64(c.rate) {
		notes = append(notes, fmt.Sprintf("only %.0f changes a second were made.", reached))
	}
	if missing := w.of(unmatchedShare); way != polling && missing > 0.01 {
		notes = append(notes, fmt.Sprintf("%.0f %% of the ends were not told by an event.", 100*missing))
	}
	return notes
}

// unmatchedShare is how many of the ends were told by something else than an event.
func unmatchedShare(m measured) float64 {
	return float64(m.delays.unmatched) / float64(max(1, len(m.delays.fromAnswer)))
}
