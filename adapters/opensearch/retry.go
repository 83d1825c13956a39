package opensearch

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	mostAttempts = 4
	firstPause   = 200 * time.Millisecond
)

// pause waits before the next attempt, with exponential backoff and jitter, so that many clients
// don't retry at the same moment. It returns false if ctx has ended meanwhile.
func pause(ctx context.Context, attempt int) bool {
	longest := firstPause << (attempt - 1)
	timer := time.NewTimer(longest/2 + rand.N(longest/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
