package argoprom

import "time"

// Buckets are in seconds.

// callBuckets are for short calls: from 1 ms, a read in the same cluster, to the minutes for which
// calls retry while the API server is unavailable.
func callBuckets() []float64 {
	return []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}
}

// followBuckets are for operations that last as long as a workflow: from a second to a week.
func followBuckets() []float64 {
	const hour = float64(time.Hour / time.Second)
	return []float64{1, 10, 60, 300, 900, hour, 4 * hour, 12 * hour, 24 * hour, 72 * hour, 168 * hour}
}

// delayBuckets are for the delay that the client adds to a wait: from 100 µs, which is usual, to 10
// s.
func delayBuckets() []float64 {
	return []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10}
}
