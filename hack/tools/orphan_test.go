package main

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// A suite that a run starts has tests of its own that start this program.
func TestParentIsNotHandedOn(t *testing.T) {
	t.Setenv(envParent, strconv.Itoa(os.Getppid()))
	ctx, stop := untilOrphaned(t.Context(), os.Getppid, time.Hour)
	defer stop()
	if ctx.Err() != nil {
		t.Errorf("it ends while its parent is there: %v", ctx.Err())
	}
	if parent, handedOn := os.LookupEnv(envParent); handedOn {
		t.Errorf("what it starts is told that process %s has started it", parent)
	}
}
