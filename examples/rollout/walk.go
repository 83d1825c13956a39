package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// mostBroken is the maximum number of violations that an error lists.
const mostBroken = 20

// brokenError lists the guarantees that did not hold.
type brokenError struct{ broken []string }

func (e *brokenError) Error() string {
	said := e.broken[:min(len(e.broken), mostBroken)]
	text := "guarantees that did not hold:\n" + strings.Join(said, "\n")
	if more := len(e.broken) - len(said); more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	return text
}

// walk takes a service through its rollout. Its methods are called from one goroutine.
type walk struct {
	flags  flags
	out    io.Writer
	ledger *ledger
	router *legacy.Router

	jobs    []*job
	phases  int
	tallies []tally

	mu     sync.Mutex
	broken []string
}

func (w *walk) say(format string, args ...any) { printLines(w.out, fmt.Sprintf(format, args...)) }

// printLines writes lines without terminal control characters: some of the text comes from the
// cluster and from kubectl.
func printLines(out io.Writer, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(out, status.Printable(line))
	}
}

// complain writes an error. Its text can contain lines from elsewhere; none of them looks like this
// program's own.
func complain(out io.Writer, err error) {
	printLines(out, "rollout: "+strings.ReplaceAll(err.Error(), "\n", "\n  "))
}

// note records violated guarantees, each once and on one line, since a part of it comes from
// elsewhere. It is safe for concurrent use.
func (w *walk) note(broken ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range broken {
		b = status.Printable(b)
		if !slices.Contains(w.broken, b) {
			w.broken = append(w.broken, b)
		}
	}
}

// lots is the number of jobs over which a share is computed, since a few jobs cannot show it.
const lots = 100_000

// asDecided runs one phase as the environment determines. Such a service follows no file.
func (w *walk) asDecided(ctx context.Context, r legacy.Rollout) error {
	why := fmt.Sprintf("%s says so", legacy.EnvPercent)
	switch r.Force {
	case workflow.BackendKubectl:
		why = fmt.Sprintf("%s=false: every call goes to kubectl, whatever the percentage", legacy.EnvForce)
	case workflow.BackendNative:
		why = fmt.Sprintf("%s=true: every call goes to the native client, whatever the percentage", legacy.EnvForce)
	}
	w.say("the environment determines the rollout (%s), so no rollout file is followed", oneLine(r))
	if err := w.ordinary(ctx, "as decided", why, r, nil); err != nil {
		return err
	}
	return w.conclude(ctx)
}

// allPhases goes from shadow reads to 100 %, throws the kill switch and returns to 100 %. restarted
// makes the router of a service whose environment has the kill switch thrown.
func (w *walk) allPhases(ctx context.Context, restarted func() (*legacy.Router, error)) (err error) {
	file, err := newRolloutFile()
	if err != nil {
		return err
	}
	defer func() {
		if failed := file.remove(); err == nil {
			err = failed
		}
	}()
	salt := w.router.Rollout().Salt
	percent := func(p float64) legacy.Rollout { return legacy.Rollout{Percent: p, Salt: salt} }
	if err := file.write(percent(0)); err != nil {
		return err
	}
	stop := file.follow(ctx, w.router)
	defer func() {
		if wrong := stop(); err == nil {
			err = wrong
		}
	}()
	w.say("the service follows %s, as it would a mounted ConfigMap; all calls go through %T", file.path(), w.router)

	for _, p := range []struct {
		title, why string
		percent    float64
	}{
		{"shadow", "kubectl does everything; the native client's answers are only compared", 0},
		{"10 %", "both agree, so a few workflows go to the native client, each with all calls about it", 10},
		{"50 %", "existing workflows stay, more are added", 50},
		{"100 %", "kubectl's answers are still compared", 100},
	} {
		turn := func(ctx context.Context) error { return w.turn(ctx, file, percent(p.percent)) }
		if err := w.ordinary(ctx, p.title, p.why, percent(p.percent), turn); err != nil {
			return err
		}
	}
	if err := w.killSwitch(ctx, file, percent(100)); err != nil {
		return err
	}
	back := func(ctx context.Context) error { return w.turn(ctx, file, percent(100)) }
	if err := w.ordinary(ctx, "back", "the problem is solved, and the line is removed from the file", percent(100), back); err != nil {
		return err
	}
	if w.router, err = restarted(); err != nil {
		return err
	}
	why := fmt.Sprintf("the same switch for a service at its start: %s=false, and no file is followed", legacy.EnvForce)
	if err := w.ordinary(ctx, "restart", why, w.router.Rollout(), nil); err != nil {
		return err
	}
	return w.conclude(ctx)
}

// conclude compares everything that was started with the workflows in the cluster, and prints the
// result.
func (w *walk) conclude(ctx context.Context) error {
	p := w.begin("", w.router.Rollout())
	all, err := w.list(ctx, ofRun(w.flags.run))
	if err != nil {
		return err
	}
	p.reads = int64(len(all))
	if err := w.compared(ctx, p); err != nil {
		return err
	}
	a, broken := account(w.jobs, all, w.flags.kubectl)
	w.note(broken...)
	w.say("\n%s", table(w.tallies))
	w.say("%d workflows were requested and %d exist: %d succeeded, %d duplicated, %d lost",
		len(w.jobs), len(all), a.ended, a.duplicated, a.lost)
	return nil
}

// kept returns a [*brokenError] with the guarantees that did not hold so far, or nil.
func (w *walk) kept() error {
	_, differences := w.ledger.since(mark{})
	w.note(differences...)
	if len(w.broken) > 0 {
		return &brokenError{w.broken}
	}
	return nil
}
