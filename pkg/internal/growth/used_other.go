//go:build !unix

package growth

import "time"

// used returns the time, where the processor time of the process is not known.
func used() time.Duration { return time.Duration(time.Now().UnixNano()) }
