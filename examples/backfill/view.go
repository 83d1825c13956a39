package main

import (
	"os"
	"time"

	"golang.org/x/term"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// view shows a backfill's progress. Its errors are those of the output.
type view interface {
	show(*backfill.Status) error
	// close clears what should not stay, and stops background work.
	close()
	// conclude shows the end. It is called after close.
	conclude(*backfill.Status) error
}

func (c *command) newView() view {
	if c.format == formatJSON {
		return &jsonView{out: c.out}
	}
	file, ok := c.out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return &lineView{out: c.out, hints: c.hints(), now: time.Now}
	}
	size := func() (int, int, error) { return term.GetSize(int(file.Fd())) }
	return newLiveView(&screen{out: file, size: size}, c.hints())
}
