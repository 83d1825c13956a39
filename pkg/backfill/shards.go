package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// ShardState is the state of the shards.
type ShardState string

const (
	// ShardsPending means that there is no working state: the workers have not created it, or it
	// was archived.
	ShardsPending ShardState = "Pending"
	// ShardsInitializing means that the work items are being created, so their number is unknown.
	ShardsInitializing ShardState = "Initializing"
	ShardsRunning      ShardState = "Running"
	// ShardsPaused means that some shards are not completed, and that workers do not process any.
	ShardsPaused ShardState = "Paused"
	// ShardsCompleted means that no work is left. Status.FailedDocuments says whether it is known that
	// no documents failed.
	ShardsCompleted ShardState = "Completed"
	// ShardsCompletedWithErrors means that no work is left, and that documents failed for good.
	ShardsCompletedWithErrors ShardState = "CompletedWithErrors"
)

// Shards is the progress of the shards, or of the parts into which they were split.
type Shards struct {
	State ShardState `json:"state"`
	// Total and the numbers below are not known, and 0, while the state is Pending or Initializing.
	Total      int64 `json:"total"`
	Completed  int64 `json:"completed"`
	InProgress int64 `json:"inProgress"`
	Waiting    int64 `json:"waiting"` // for a worker, since their lease has expired
	// Percentage is the completed part of Total, from 0 to 100.
	Percentage float64 `json:"percentage"`
	// ETA is the remaining time at the average speed so far; 0 means that it cannot be estimated.
	ETA time.Duration `json:"-"` // etaMs in JSON
	// Started is when all work items had been created, Finished when the last one was completed.
	// Both are zero until then.
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}

type shardsJSON struct {
	shards
	ETA int64 `json:"etaMs,omitempty"`
}

type shards Shards // without its methods

// MarshalJSON implements [json.Marshaler]. ETA is in milliseconds, as in the console's own status.
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

// shardsOf computes the progress by the rules of the migration console's deep status.
func shardsOf(c Counts, now time.Time) Shards {
	if c.LaidOutAt.IsZero() {
		return Shards{State: ShardsInitializing}
	}
	s := Shards{
		State: ShardsRunning, Total: c.Total, Completed: c.Completed, InProgress: c.InProgress, Waiting: c.Unclaimed,
		Started: c.LaidOutAt,
	}
	if s.Completed >= s.Total { // also if there is nothing to do
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

// readShards counts the work items of a session. state may be nil.
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
