package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// ShardState is how far the shards are.
type ShardState string

const (
	// ShardsPending: the workers haven't made the working state, or it was archived.
	ShardsPending ShardState = "Pending"
	// ShardsInitializing: the work is being laid out; the numbers are not known yet.
	ShardsInitializing ShardState = "Initializing"
	ShardsRunning      ShardState = "Running"
	// ShardsPaused: some are left, and no worker has any.
	ShardsPaused    ShardState = "Paused"
	ShardsCompleted ShardState = "Completed"
)

// Shards is the progress of the shards, or of the parts that they were split into.
type Shards struct {
	State ShardState `json:"state"`
	// Total and the numbers that make it up are 0 while the state is Pending or Initializing:
	// they are not known then.
	Total      int64 `json:"total"`
	Completed  int64 `json:"completed"`
	InProgress int64 `json:"inProgress"`
	Waiting    int64 `json:"waiting"` // for a worker: their lease ran out
	// Percentage of the total that is completed, from 0 to 100.
	Percentage float64 `json:"percentage"`
	// ETA is how long it will take if it goes on as so far; 0: nothing can be said.
	ETA time.Duration `json:"-"` // as JSON it is etaMs
	// Started is when the work had been laid out, Finished when the last shard was completed;
	// the zero time if that is still to come.
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}

type shardsJSON struct {
	shards
	ETA int64 `json:"etaMs,omitempty"`
}

type shards Shards // without its methods

// MarshalJSON implements [json.Marshaler]. The estimated time is in milliseconds, as in the console's
// own status.
func (s Shards) MarshalJSON() ([]byte, error) {
	return json.Marshal(shardsJSON{shards(s), s.ETA.Milliseconds()})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Shards) UnmarshalJSON(text []byte) error {
	var form shardsJSON
	if err := json.Unmarshal(text, &form); err != nil {
		return err
	}
	*s = Shards(form.shards)
	s.ETA = time.Duration(form.ETA) * time.Millisecond
	return nil
}

// shardsOf works out the progress. The rules are those of the migration console's deep status.
func shardsOf(c Counts, now time.Time) Shards {
	if c.LaidOutAt.IsZero() {
		return Shards{State: ShardsInitializing}
	}
	s := Shards{
		State: ShardsRunning, Total: c.Total, Completed: c.Completed, InProgress: c.InProgress, Waiting: c.Unclaimed,
		Started: c.LaidOutAt,
	}
	if s.Completed >= s.Total { // nothing to do is done, too
		s.State, s.Percentage, s.Finished = ShardsCompleted, 100, c.LastCompletedAt
		return s
	}
	done := float64(s.Completed) / float64(s.Total)
	s.Percentage = done * 100
	if s.InProgress == 0 {
		s.State = ShardsPaused
		return s
	}
	if elapsed := now.Sub(s.Started); done > 0 && elapsed > 0 {
		s.ETA = time.Duration(float64(elapsed) * (1 - done) / done)
	}
	return s
}

// readShards reads the progress of a session.
func readShards(ctx context.Context, state WorkingState, session string) (Shards, error) {
	if state == nil {
		return Shards{}, errNoWorkingState
	}
	now := time.Now()
	counts, err := state.Counts(ctx, workingStateIndex(session), now)
	if errors.Is(err, ErrNoWorkingState) {
		return Shards{State: ShardsPending}, nil
	}
	if err != nil {
		return Shards{}, err
	}
	return shardsOf(counts, now), nil
}
