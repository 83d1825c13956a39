package leash

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock takes a lock by flock(2) and blocks until it has it, unless how has
// LOCK_NB. Closing the file, or the death of the last process that has it open,
// gives it back.
func lock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("lock %s: %w", f.Name(), err)
		}
		return nil
	}
}
