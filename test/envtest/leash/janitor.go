package leash

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// sweep waits until the parent and all wrappers are gone, then removes dir.
func sweep(dir string) error {
	// Only the parent's end ends the janitor.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	parent, err := os.OpenFile(filepath.Join(dir, parentLock), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open lock: %w", err)
	}
	defer func() { _ = parent.Close() }()
	alive, err := os.OpenFile(filepath.Join(dir, aliveLock), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open lock: %w", err)
	}
	defer func() { _ = alive.Close() }()
	// Shared, as the wrappers take it: an exclusive lock would keep them
	// waiting for the parent's end for ever.
	if err := lock(parent, syscall.LOCK_SH); err != nil {
		return err
	}
	// Held to the end: a wrapper that has only just been started waits here, and
	// then finds its parent gone.
	if err := lock(alive, syscall.LOCK_EX); err != nil {
		return err
	}
	// A grandchild that outlived its parent for a moment may still write.
	for range 50 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("remove work folder: %w", err)
}
