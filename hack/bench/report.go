package main

import (
	"fmt"
	"io"
	"time"
)

// reporter tells whoever waits what is going on.
type reporter struct {
	w     io.Writer
	start time.Time
}

func newReporter(w io.Writer) *reporter { return &reporter{w: w, start: time.Now()} }

func (r *reporter) step(format string, args ...any) {
	fmt.Fprintf(r.w, "%5.1fs %s\n", time.Since(r.start).Seconds(), fmt.Sprintf(format, args...))
}

// during runs do and reports twice a minute that it still does.
func (r *reporter) during(what string, do func() error) error {
	r.step("%s", what)
	done := make(chan error, 1)
	go func() { done <- do() }()
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			r.step("still %s", what)
		}
	}
}
