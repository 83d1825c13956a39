package report

import (
	"fmt"
	"io"
	"time"
)

// Steps tells whoever waits what is going on. Not for several goroutines at once.
type Steps struct {
	w     io.Writer
	start time.Time
}

// NewSteps returns one that writes to w; its clock starts now.
func NewSteps(w io.Writer) *Steps { return &Steps{w: w, start: time.Now()} }

// Step tells that something begins.
func (s *Steps) Step(format string, args ...any) {
	fmt.Fprintf(s.w, "%5.1fs %s\n", time.Since(s.start).Seconds(), fmt.Sprintf(format, args...))
}

// During runs do and tells twice a minute that it still does. It returns do's error.
func (s *Steps) During(what string, do func() error) error {
	s.Step("%s", what)
	done := make(chan error, 1)
	go func() { done <- do() }()
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			s.Step("still %s", what)
		}
	}
}
