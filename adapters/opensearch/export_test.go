package opensearch

import "time"

// SetPauses changes the pauses before a write that a busy cluster refused is sent again.
func SetPauses(w *WorkingState, first, longest time.Duration) {
	w.cluster.firstPause, w.cluster.longestPause = first, longest
}
