//go:build !unix

package growth

import "time"

// used is how long this process has run, where it is not known what it has had of the processors.
func used() time.Duration { return time.Duration(time.Now().UnixNano()) }
