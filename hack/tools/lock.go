package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockPoll is how often a waiting run asks for the lock again: a blocking flock
// could not be interrupted.
const lockPoll = 200 * time.Millisecond

func (in *installer) lockFile(base string) string {
	return filepath.Join(in.cache, base+".lock")
}

// lock waits until no other run holds the lock of the folder called base. The
// kernel drops the lock of a run that dies.
func (in *installer) lock(ctx context.Context, base string) (unlock func(), err error) {
	unlock, ok, err := tryLock(in.lockFile(base))
	if err != nil || ok {
		return unlock, err
	}
	in.report.say("another run is filling %s, waiting for it", filepath.Join(in.cache, base))
	stop := in.report.beat(in.heartbeat, func(running time.Duration) string {
		return fmt.Sprintf("still waiting for the other run after %s", running)
	})
	defer stop()
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-ticker.C:
		}
		if unlock, ok, err := tryLock(in.lockFile(base)); err != nil || ok {
			return unlock, err
		}
	}
}

// tryLock takes the lock if it is free. The file stays: removing it would let two
// runs hold locks on two files of one name.
func tryLock(file string) (unlock func(), ok bool, err error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, false, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, false, nil
		}
		return nil, false, fmt.Errorf("lock %s: %w", file, err)
	}
	return func() { _ = f.Close() }, true, nil
}
