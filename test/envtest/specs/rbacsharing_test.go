package specs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"
	"sync/atomic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// sharing tries an operation that follows a workflow concurrently with waits, one fewer than are
// needed for a shared watch. Then either there is one watch, or in the end each has its own.
type sharing struct {
	op    workflow.Op
	parts []string // in addition to partShared
	name  string   // of the followed workflow; "": a new one, with hold as its metadata
	hold  string
	reads int // number of reads of the workflow before the operation follows it
	// own is the operation, on s.own. It ends when seen has all that it wants.
	own   func(ctx context.Context, s *stage, c *workflow.WorkflowClient, seen *tally) error
	wants []string
}

func (sh sharing) probe() probe {
	return probe{sh.op, append([]string{partShared}, sh.parts...), sh.run}
}

func (sh sharing) run(ctx context.Context, s *stage) error {
	ctx, stop := context.WithCancelCause(ctx)
	var waits sync.WaitGroup
	defer waits.Wait()
	defer stop(nil)

	own := *s
	if own.own = sh.name; sh.name == "" {
		own.own = s.newWorkflow(ctx, sh.hold, runningStatus)
	}
	names := []string{own.own}
	for i := range followedCount - 1 {
		names = append(names, fmt.Sprintf(followed, i))
	}
	var one atomic.Bool // whether there is a watch for all names
	seen := newTally(func() {
		if one.Load() {
			stop(errShared)
		} else {
			stop(errWithout)
		}
	}, append([]string{"watches"}, sh.wants...)...)
	each := newTally(func() { seen.add("watches") }, names...)
	cfg := s.watched(func(resource, name string) {
		switch {
		case resource != "workflows":
			seen.add(resource)
		case name == "":
			one.Store(true)
			seen.add("watches")
		default:
			each.add(name)
		}
	})
	cfg.Wrap(together(names, sh.reads))
	client := s.clientWith(cfg, workflow.Options{})
	for _, name := range names[1:] {
		waits.Go(func() { _, _ = client.Wait(ctx, name, workflow.Completed) }) // own checks the result
	}
	return allowing(sh.own(ctx, &own, client, seen), errShared)
}

var errShared = errors.New("they share a watch")

// together delays the first read of each workflow, and of the first workflow the read with the
// given number, until all have been sent. A caller that reads has subscribed and hasn't begun to
// follow.
func together(names []string, reads int) func(http.RoundTripper) http.RoundTripper {
	all := make(chan struct{})
	under := newTally(sync.OnceFunc(func() { close(all) }), names...)
	var own atomic.Int64 // reads of the first workflow
	early := func(name string) bool { return name == names[0] && own.Add(1) < int64(reads) }
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			name := path.Base(r.URL.Path)
			if r.Method == http.MethodGet && path.Base(path.Dir(r.URL.Path)) == "workflows" && !early(name) {
				under.add(name)
				select {
				case <-all:
				case <-r.Context().Done():
				}
			}
			return next.RoundTrip(r)
		})
	}
}
