package main

import (
	"os"
	"time"

	"golang.org/x/term"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// view shows how a backfill goes on. Errors are those of the place where it is shown.
type view interface {
	show(*backfill.Status) error
	// close clears what is not to stay, and ends what goes on by itself.
	close()
	// conclude shows how it has ended. It is called after close.
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
