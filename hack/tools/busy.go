package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// suiteGrace is how long a suite has to stop its control plane after SIGTERM.
const suiteGrace = time.Minute

// busyRun is what the command busy is asked to do.
type busyRun struct {
	times  int
	suites []string
	argv   []string // runs a suite: its name is appended
}

func parseBusy(args []string) (busyRun, error) {
	at := slices.Index(args, "--")
	if at < 2 || at == len(args)-1 {
		return busyRun{}, fmt.Errorf("busy: name how often, the suites, and after -- the command: %w", errUsage)
	}
	times, err := strconv.Atoi(args[0])
	if err != nil || times < 1 {
		return busyRun{}, fmt.Errorf("busy: %q is not a number of times: %w", args[0], errUsage)
	}
	return busyRun{times: times, suites: args[1:at], argv: args[at+1:]}, nil
}

// busy runs each suite so many times, the suites in turn, beside a load on every core. It reports
// each run and, also when ctx ends early, how many passed. A suite that fails is an error at the
// end and doesn't stop the others.
func (in *installer) busy(ctx context.Context, b busyRun) error {
	stop := loadCores()
	defer stop()
	passed, failed := make([]int, len(b.suites)), 0
	for run := 0; run < b.times && ctx.Err() == nil; run++ {
		for i, suite := range b.suites {
			start := time.Now()
			err := runSuite(ctx, b.argv, suite)
			if ctx.Err() != nil {
				break
			}
			result := "passed"
			if err == nil {
				passed[i]++
			} else {
				failed++
				result = fmt.Sprintf("failed (%v)", err)
			}
			in.report.say("busy: %s, run %d of %d: %s after %s", suite, run+1, b.times, result, since(start))
		}
	}
	var counts []string
	for i, suite := range b.suites {
		counts = append(counts, fmt.Sprintf("%s %d of %d", suite, passed[i], b.times))
	}
	in.report.say("passed beside a load on %d cores: %s", runtime.NumCPU(), strings.Join(counts, ", "))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d runs failed", failed, b.times*len(b.suites))
	}
	return nil
}

// runSuite runs one suite once, in the terminal of this program.
func runSuite(ctx context.Context, argv []string, suite string) error {
	cmd := exec.CommandContext(ctx, argv[0], append(slices.Clone(argv[1:]), suite)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = suiteGrace
	return cmd.Run()
}

// loadCores keeps every core busy until stop is called. The load is a part of this process, so it
// can't outlive it.
func loadCores() (stop func()) {
	var over atomic.Bool
	var load sync.WaitGroup
	for range runtime.NumCPU() {
		load.Go(func() {
			for !over.Load() {
			}
		})
	}
	return func() {
		over.Store(true)
		load.Wait()
	}
}
