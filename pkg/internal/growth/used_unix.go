//go:build unix

package growth

import (
	"syscall"
	"time"
)

// used is how long this process has had of the processors.
func used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // which only a wrong argument is a reason for
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
