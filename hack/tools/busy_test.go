package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestBusyCountsWhatPassed(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	// The suite "flaky" fails the first time, "steady" never.
	script := `echo "$1" >>"$0"; [ "$1" = steady ] || [ "$(grep -c flaky "$0")" != 1 ]`
	says := &log{}
	in := &installer{report: &reporter{w: says}}
	err := in.busy(t.Context(), busyRun{times: 3, suites: []string{"steady", "flaky"}, argv: []string{"sh", "-c", script, runs}})
	if err == nil || !strings.Contains(err.Error(), "1 of 6 runs failed") {
		t.Errorf("error %v", err)
	}
	wantContains(t, says.String(), "busy: flaky, run 1 of 3: failed (exit status 1)", "busy: flaky, run 3 of 3: passed", "steady 3 of 3, flaky 2 of 3")
	text, err := os.ReadFile(runs)
	if err != nil || string(text) != strings.Repeat("steady\nflaky\n", 3) {
		t.Errorf("it ran %q (%v)", text, err)
	}
}

func TestBusyIsBesideALoadThatEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	stop := loadCores()
	if n := runtime.NumGoroutine() - before; n != runtime.NumCPU() {
		t.Errorf("%d goroutines are the load of %d cores", n, runtime.NumCPU())
	}
	used := cpuTime(t)
	eventually(t, "the load takes time of the processor", func() bool { return cpuTime(t)-used > 50e6 })
	stop()
	eventually(t, "the load has ended", func() bool { return runtime.NumGoroutine() <= before })
}

// cpuTime is how many nanoseconds this process has had of the processor.
func cpuTime(t *testing.T) int64 {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return usage.Utime.Nano()
}

func TestBusyEndsWithItsContext(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	ctx, cancel := context.WithCancelCause(t.Context())
	says := &log{}
	result := make(chan error, 1)
	go func() {
		in := &installer{report: &reporter{w: says}}
		result <- in.busy(ctx, busyRun{times: 5, suites: []string{"s"}, argv: []string{"sh", "-c", `echo $$ >"$0"; exec sleep 300`, started}})
	}()
	eventually(t, "the suite runs", func() bool { text, err := os.ReadFile(started); return err == nil && len(text) > 0 })
	why := errors.New("enough")
	cancel(why)
	if err := <-result; !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	wantContains(t, says.String(), "s 0 of 5")
}

func TestBusyArguments(t *testing.T) {
	b, err := parseBusy([]string{"3", "a", "b", "--", "make", "-s"})
	if err != nil || b.times != 3 || strings.Join(b.suites, " ") != "a b" || strings.Join(b.argv, " ") != "make -s" {
		t.Errorf("%+v, %v", b, err)
	}
	for _, args := range [][]string{nil, {"3"}, {"3", "--", "make"}, {"0", "a", "--", "make"}, {"x", "a", "--", "make"}, {"3", "a", "--"}, {"3", "a"}} {
		if _, err := parseBusy(args); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
