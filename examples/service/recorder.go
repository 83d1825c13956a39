package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// lookForRuns is the interval for detecting that a backfill was started.
const lookForRuns = 15 * time.Second

// recordEnds waits for the end of each run of a backfill in the namespaces of the clients, so that their
// journal has it even if no page is open then: a journal records what a wait sees, and of a list nothing.
// end ends the waits.
func recordEnds(ctx context.Context, clients []workflow.Interface) (end func()) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var recording sync.WaitGroup
	for _, client := range clients {
		r := &recorder{client: client, waiting: map[types.UID]bool{}, ended: map[types.UID]string{}}
		recording.Go(func() {
			defer r.waits.Wait()
			ticker := time.NewTicker(lookForRuns)
			defer ticker.Stop()
			for {
				r.look(ctx)
				select {
				case <-ticker.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return func() {
		stop()
		recording.Wait()
	}
}

// recorder records the ends of the runs in a namespace.
type recorder struct {
	client workflow.Interface
	waits  sync.WaitGroup

	mu      sync.Mutex
	waiting map[types.UID]bool
	ended   map[types.UID]string // the version in which a run has ended; a later one may run again
}

// look waits for each run in the cluster whose end is not recorded. What fails is logged by the client's
// observer, and tried again at the next look.
func (r *recorder) look(ctx context.Context) {
	found := map[types.UID]string{}
	for run, err := range backfill.Runs(ctx, r.client, "") {
		switch {
		case errors.Is(err, workflow.ErrUnreadable): // doesn't hide the others
			continue
		case err != nil:
			return
		case run.Workflow.Source == status.SourceHistory: // and so are all that follow
			r.forget(found)
			return
		}
		w := run.Workflow
		found[w.UID] = w.ResourceVersion
		if r.begin(w.UID, w.ResourceVersion) {
			name, uid := w.Name, w.UID // keep only these
			r.waits.Go(func() { r.wait(ctx, name, uid) })
		}
	}
	r.forget(found)
}

// begin reports whether a wait for the end of a run should begin.
func (r *recorder) begin(uid types.UID, version string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting[uid] || r.ended[uid] == version {
		return false
	}
	r.waiting[uid] = true
	return true
}

func (r *recorder) wait(ctx context.Context, name string, uid types.UID) {
	ended, err := r.client.Wait(ctx, name, workflow.Completed, workflow.WithUID(uid), workflow.WithEndOnly())
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, uid)
	if err == nil {
		r.ended[uid] = ended.ResourceVersion
	}
}

// forget removes the runs that are not in the cluster any more.
func (r *recorder) forget(found map[types.UID]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for uid := range r.ended {
		if _, there := found[uid]; !there {
			delete(r.ended, uid)
		}
	}
}
