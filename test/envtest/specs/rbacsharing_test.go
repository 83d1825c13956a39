package specs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"

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
		own.own = s.fresh()
		if err := s.putWith(ctx, own.own, sh.hold, inlineSpec, runningStatus); err != nil {
			return err
		}
	}
	watches := watchCount{of: map[string]bool{}}
	seen := newTally(func() { stop(watches.outcome()) }, append([]string{"watches"}, sh.wants...)...)
	cfg := s.watched(func(resource, name string) {
		if resource != "workflows" || watches.add(name) {
			seen.add(map[bool]string{true: "watches", false: resource}[resource == "workflows"])
		}
	})
	names := []string{own.own}
	for i := range followedCount - 1 {
		names = append(names, fmt.Sprintf(followed, i))
	}
	cfg.Wrap(together(names, sh.reads))
	client := s.clientWith(cfg, workflow.Options{})
	for _, name := range names[1:] {
		waits.Go(func() { _, _ = client.Wait(ctx, name, workflow.Completed) }) // own checks the result
	}
	err := sh.own(ctx, &own, client, seen)
	if errors.Is(err, errShared) {
		return nil
	}
	return err
}

var errShared = errors.New("they share a watch")

// watchCount counts opened watches by name.
type watchCount struct {
	mu sync.Mutex
	of map[string]bool
}

// add reports whether the result is known now.
func (w *watchCount) add(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of[name] = true
	return w.of[""] || len(w.of) == followedCount
}

func (w *watchCount) outcome() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of[""] {
		return errShared
	}
	return errWithout
}

// together delays the first read of each workflow, and of the first workflow the read with the
// given number, until all have been sent. A caller that reads has subscribed and hasn't begun to
// follow.
func together(names []string, reads int) func(http.RoundTripper) http.RoundTripper {
	all := make(chan struct{})
	under := newTally(sync.OnceFunc(func() { close(all) }), names...)
	var mu sync.Mutex
	own := 0
	early := func(name string) bool {
		mu.Lock()
		defer mu.Unlock()
		if name != names[0] {
			return false
		}
		own++
		return own < reads
	}
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
