package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// reporter tells the user what goes on, a line at a time. It may be used concurrently.
type reporter struct {
	mu sync.Mutex
	w  io.Writer
}

func (r *reporter) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprintf(r.w, "tools: "+format+"\n", args...)
}

// beat says text every interval until stop is called.
func (r *reporter) beat(every time.Duration, text func(running time.Duration) string) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	start := time.Now()
	go func() {
		defer close(ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				r.say("%s", text(since(start)))
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// since is the time from start on, as precise as a reader wants it.
func since(start time.Time) time.Duration {
	d := time.Since(start)
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
