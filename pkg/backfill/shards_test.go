package backfill

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestShards(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	now := start.Add(100 * time.Second)
	last := start.Add(90 * time.Second)
	for name, tc := range map[string]struct {
		counts Counts
		want   Shards
	}{
		"being laid out": {Counts{Total: 5, Completed: 5}, Shards{State: ShardsInitializing}},
		"under way": {
			Counts{LaidOutAt: start, Total: 20, Completed: 10, InProgress: 7, Unclaimed: 3, LastCompletedAt: last},
			Shards{State: ShardsRunning, Total: 20, Completed: 10, InProgress: 7, Waiting: 3, Percentage: 50, ETA: 100 * time.Second, Started: start},
		},
		"none done": {
			Counts{LaidOutAt: start, Total: 20, InProgress: 1},
			Shards{State: ShardsRunning, Total: 20, InProgress: 1, Started: start},
		},
		"no worker": {
			Counts{LaidOutAt: start, Total: 4, Completed: 1, Unclaimed: 3},
			Shards{State: ShardsPaused, Total: 4, Completed: 1, Waiting: 3, Percentage: 25, Started: start},
		},
		"done": {
			Counts{LaidOutAt: start, Total: 4, Completed: 4, LastCompletedAt: last},
			Shards{State: ShardsCompleted, Total: 4, Completed: 4, Percentage: 100, Started: start, Finished: last},
		},
		"more than all": {
			Counts{LaidOutAt: start, Total: 4, Completed: 5, LastCompletedAt: last},
			Shards{State: ShardsCompleted, Total: 4, Completed: 5, Percentage: 100, Started: start, Finished: last},
		},
		"nothing to do": {Counts{LaidOutAt: start}, Shards{State: ShardsCompleted, Percentage: 100, Started: start}},
		"laid out in the future": {
			Counts{LaidOutAt: now.Add(time.Hour), Total: 2, Completed: 1, InProgress: 1},
			Shards{State: ShardsRunning, Total: 2, Completed: 1, InProgress: 1, Percentage: 50, Started: now.Add(time.Hour)},
		},
	} {
		if got := shardsOf(tc.counts, now); got != tc.want {
			t.Errorf("%s: %+v\nwant %+v", name, got, tc.want)
		}
	}
}

// countsOnly answers Counts; everything else panics.
type countsOnly struct {
	WorkingState
	index  string
	counts Counts
	err    error
}

func (c *countsOnly) Counts(_ context.Context, index string, _ time.Time) (Counts, error) {
	c.index = index
	return c.counts, c.err
}

func TestReadShards(t *testing.T) {
	state := &countsOnly{err: ErrNoWorkingState}
	s, err := readShards(t.Context(), state, "demo")
	if err != nil || s != (Shards{State: ShardsPending}) || state.index != ".migrations_working_state_demo" {
		t.Errorf("no index: %+v, %v, %s", s, err, state.index)
	}
	// A target that doesn't answer must never look like a finished backfill.
	state.err = errors.New("the target is away")
	if s, err := readShards(t.Context(), state, ""); !errors.Is(err, state.err) || s != (Shards{}) || state.index != ".migrations_working_state" {
		t.Errorf("%+v, %v, %s", s, err, state.index)
	}
}
