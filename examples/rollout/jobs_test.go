package main

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A job's workflow has the same name in every process, whatever the rest of the request.
func TestTheJobIsTheName(t *testing.T) {
	j := job{run: "demo", number: 7, phase: 2}
	later := job{run: "demo", number: 7, phase: 5, atGate: true}
	if j.name() == "" || j.name() != later.name() {
		t.Errorf("%q and %q", j.name(), later.name())
	}
	seen := map[string]bool{}
	for _, other := range []job{j, {run: "demo", number: 8}, {run: "demo2", number: 7}} {
		seen[other.name()] = true
	}
	if len(seen) != 3 {
		t.Errorf("%v", seen)
	}
	if req := later.request(); req.Entrypoint != gate || req.Labels[labelJob] != "7" || req.Labels[labelPhase] != "5" || req.Labels[labelRun] != "demo" {
		t.Errorf("%+v", req)
	}
}

func TestShareIsThatOfTheRollout(t *testing.T) {
	for _, r := range []legacy.Rollout{{}, {Percent: 10}, {Percent: 50, Salt: "other lots"}, {Percent: 100}, {Percent: 100, Force: workflow.BackendKubectl}} {
		if got := share(r, "ma", "demo", 3000); math.Abs(got-wanted(r)) > 4.5 { // five standard deviations
			t.Errorf("%+v: %.1f %%", r, got)
		}
	}
}

func TestEach(t *testing.T) {
	items := make([]int, 50)
	for i := range items {
		items[i] = i
	}
	synctest.Test(t, func(t *testing.T) {
		var now, most, sum atomic.Int64
		err := each(t.Context(), items, func(_ context.Context, i int) error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			sum.Add(int64(i))
			now.Add(-1)
			return nil
		})
		if err != nil || sum.Load() != 49*50/2 || most.Load() != atOnce {
			t.Errorf("%v, sum %d, %d at once", err, sum.Load(), most.Load())
		}
	})
	broken := errors.New("broken")
	var called atomic.Int64
	err := each(t.Context(), items, func(ctx context.Context, i int) error {
		called.Add(1)
		if i == 3 {
			return broken
		}
		<-ctx.Done() // caused by the failure
		return nil
	})
	if !errors.Is(err, broken) || called.Load() != atOnce {
		t.Errorf("%v after %d calls", err, called.Load())
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	if err := each(ended, items, func(context.Context, int) error { t.Error("called"); return nil }); !errors.Is(err, broken) {
		t.Error(err)
	}
}
