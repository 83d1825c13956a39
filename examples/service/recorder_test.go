package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// waited is a client of runs whose ends the test decides.
type waited struct {
	workflow.Interface // nil: all methods in use are below

	mu     sync.Mutex
	runs   []*status.WorkflowStatus
	err    error                                  // of List, after the runs
	waits  []string                               // that have begun
	ending map[string]chan *status.WorkflowStatus // by name; nil: the wait fails
}

func (w *waited) List(context.Context, workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		w.mu.Lock()
		runs, err := slices.Clone(w.runs), w.err
		w.mu.Unlock()
		if !yield(nil, fmt.Errorf("%w: no nodes", workflow.ErrUnreadable)) {
			return
		}
		for _, s := range runs {
			if !yield(s, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func (w *waited) Wait(ctx context.Context, name string, _ workflow.Condition, opts ...workflow.WaitOption) (*status.WorkflowStatus, error) {
	w.mu.Lock()
	w.waits = append(w.waits, name+" "+string(workflow.WaitOptionsFor(name, opts...).UID))
	ending := w.ending[name]
	w.mu.Unlock()
	select {
	case s := <-ending:
		if s == nil {
			return nil, workflow.ErrUnavailable
		}
		return s, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// begun returns the waits since the last call.
func (w *waited) begun() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.waits)
	all := strings.Join(w.waits, ", ")
	w.waits = nil
	return all
}

func (w *waited) set(err error, runs ...*status.WorkflowStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs, w.err = runs, err
}

func runIn(source status.Source, session, version string, phase status.Phase) *status.WorkflowStatus {
	return &status.WorkflowStatus{
		Namespace: "ma", Name: "backfill-" + session, UID: types.UID("of-" + session), ResourceVersion: version, Phase: phase, Source: source,
		Labels: map[string]string{"argoservice.opensearch.org/session": session},
	}
}

// Each run in the cluster is waited for once, and again if it runs again or the wait has failed, until end.
func TestEndsAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const live, running, succeeded = status.SourceLive, status.PhaseRunning, status.PhaseSucceeded
		w := &waited{ending: map[string]chan *status.WorkflowStatus{}}
		for _, session := range []string{"a", "b"} {
			w.ending["backfill-"+session] = make(chan *status.WorkflowStatus)
		}
		w.set(nil, runIn(live, "a", "1", running), runIn(live, "b", "1", running), runIn(status.SourceHistory, "c", "1", running))
		ctx, cancel := context.WithCancel(t.Context())
		end := recordEnds(ctx, []workflow.Interface{w})
		cancel() // requests are still served after that
		expect := func(want string) {
			t.Helper()
			if got := w.begun(); got != want {
				t.Errorf("%q is waited for instead of %q", got, want)
			}
		}
		expect("backfill-a of-a, backfill-b of-b")
		w.set(nil, runIn(live, "a", "2", running), runIn(live, "b", "2", running))
		time.Sleep(lookForRuns)
		expect("")

		w.ending["backfill-a"] <- runIn(live, "a", "5", succeeded)
		w.ending["backfill-b"] <- nil
		w.set(nil, runIn(live, "a", "5", succeeded), runIn(live, "b", "2", running))
		time.Sleep(lookForRuns)
		expect("backfill-b of-b")

		w.set(nil, runIn(live, "a", "6", running))
		time.Sleep(lookForRuns)
		expect("backfill-a of-a")

		w.set(errors.New("away"))
		time.Sleep(lookForRuns)
		expect("")
		end()
	})
}
