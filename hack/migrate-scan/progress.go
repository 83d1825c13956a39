package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress tells on a terminal how far a run is. On anything else it says nothing.
type progress struct {
	out   io.Writer // nil: says nothing
	last  time.Time
	shown bool
}

const progressInterval = 100 * time.Millisecond

func newProgress(out io.Writer) *progress {
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return &progress{out: out, last: time.Now()}
	}
	return &progress{}
}

// done says how many files were read. It is for one goroutine.
func (p *progress) done(files, of int) {
	if p.out == nil || time.Since(p.last) < progressInterval {
		return
	}
	p.last, p.shown = time.Now(), true
	fmt.Fprintf(p.out, "\r%d of %d files", files, of)
}

// end takes the line away again.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
