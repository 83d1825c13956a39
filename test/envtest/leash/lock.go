package leash

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// openLock opens a lock file, which it creates if need be.
func openLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	return f, nil
}

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
