package opensearch

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	mostAttempts = 4
	firstPause   = 200 * time.Millisecond

	// For a write that the cluster is too busy for. The 11 pauses take 31 to 63 s.
	mostRefusals = 12
	longestPause = 10 * time.Second
)

// pause waits before the next attempt for half of longest to all of it, so that many clients don't
// retry at the same moment. It returns false if ctx has ended meanwhile.
func pause(ctx context.Context, longest time.Duration) bool {
	timer := time.NewTimer(longest/2 + rand.N(longest/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
