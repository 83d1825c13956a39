package backfill

import (
	"context"
	"encoding/json"
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
		"being created": {Counts{Total: 5, Completed: 5}, Shards{State: ShardsInitializing}},
		"in progress": {
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
		"created in the future": {
			Counts{LaidOutAt: now.Add(time.Hour), Total: 2, Completed: 1, InProgress: 1},
			Shards{State: ShardsRunning, Total: 2, Completed: 1, InProgress: 1, Percentage: 50, Started: now.Add(time.Hour)},
		},
	} {
		if got := shardsOf(tc.counts, now); got != tc.want {
			t.Errorf("%s: %+v\nwant %+v", name, got, tc.want)
		}
	}
}

func TestShardsAsJSON(t *testing.T) {
	want := Shards{State: ShardsRunning, Total: 2, Completed: 1, Percentage: 50, ETA: 90 * time.Second, Started: time.Unix(1_700_000_000, 0).UTC()}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"state":"Running","total":2,"completed":1,"inProgress":0,"waiting":0,"percentage":50,"started":"2023-11-14T22:13:20Z","etaMs":90000}` {
		t.Errorf("%s, %v", text, err)
	}
	var got Shards
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

// countsOnly answers Counts. Other methods panic.
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
	// A target that does not answer must never look like a completed backfill.
	state.err = errors.New("the target is unavailable")
	if s, err := readShards(t.Context(), state, ""); !errors.Is(err, state.err) || s != (Shards{}) || state.index != ".migrations_working_state" {
		t.Errorf("%+v, %v, %s", s, err, state.index)
	}
}

// Every method of an unreachable working state returns the reason.
func TestUnreachable(t *testing.T) {
	why := errors.New("no secret")
	state := Unreachable(why)
	_, counted := state.Counts(t.Context(), "i", time.Now())
	_, sized := state.Size(t.Context(), "i")
	_, restored := state.Restore(t.Context(), "i", nil)
	all := []error{counted, sized, restored, state.Delete(t.Context(), "i")}
	for _, err := range state.Documents(t.Context(), "i") {
		all = append(all, err)
	}
	if len(all) != 5 {
		t.Errorf("%d answers", len(all))
	}
	for i, err := range all {
		if !errors.Is(err, why) {
			t.Errorf("answer %d: %v", i, err)
		}
	}
}
