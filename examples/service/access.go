package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/examples/service/internal/api"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// believed is how long a positive answer is valid, and doubted how long a negative one. Probes
	// ask more often.
	believed = 30 * time.Second
	doubted  = 3 * time.Second
	// checkWithin limits the time of all checks together. It exceeds retryFor, so that an
	// unavailable API server is reported as that.
	checkWithin = 20 * time.Second
	// checksAtOnce is the number of concurrent checks.
	checksAtOnce = 8
)

// access checks whether the API server answers and grants the service its permissions. Concurrent
// callers share one check, which runs in the background and continues when one of them leaves.
type access struct {
	checks []check
	log    *slog.Logger

	mu     sync.Mutex
	latest *round            // nil before the first
	told   map[string]string // the last log message, by check
}

// check finds out what one part of the service lacks.
type check struct {
	of  string
	ask func(context.Context) error
}

// checksOf returns the checks for everything that the service does. A backfill knows the needs of
// its own methods; reading logs is not one of them.
func checksOf(backfills []api.Backfill, clients map[string]*workflow.WorkflowClient) []check {
	var all []check
	for _, b := range backfills {
		all = append(all, check{"backfill " + b.Session, b.Create})
	}
	for _, namespace := range slices.Sorted(maps.Keys(clients)) {
		all = append(all, check{"logs in namespace " + namespace, func(ctx context.Context) error {
			return clients[namespace].CheckPermissions(ctx, workflow.OpLogs.With(workflow.PartFollow))
		}})
	}
	return all
}

func newAccess(checks []check, log *slog.Logger) *access {
	return &access{checks: checks, log: log, told: map[string]string{}}
}

// check reports what is missing. It blocks until that is known or ctx ends; the error then names
// the unfinished checks.
func (a *access) check(ctx context.Context) error {
	r := a.begin(ctx)
	select {
	case <-r.through:
		return r.err
	case <-ctx.Done():
	}
	slow := strings.Join(r.unanswered(), ", ")
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		r.slow.Do(func() { a.log.Warn("checks are slow", "of", slow) })
	}
	return fmt.Errorf("no answer yet for %s: %w", slow, ctx.Err())
}

// begin returns the current checks, or the last ones if their answer is still valid, and starts new
// ones otherwise. These have the values of ctx, but not its end. It doesn't block.
func (a *access) begin(ctx context.Context) *round {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.latest != nil && !a.latest.over(time.Now()) {
		return a.latest
	}
	within, stop := context.WithTimeout(context.WithoutCancel(ctx), checkWithin)
	r := newRound(a.checks, stop)
	a.latest = r
	go func() {
		defer stop()
		r.end(a.find(within, r))
	}()
	return r
}

// end cancels the current checks, and waits for them. access must not be used afterwards.
func (a *access) end() {
	a.mu.Lock()
	r := a.latest
	a.mu.Unlock()
	if r != nil {
		r.stop()
		<-r.through
	}
}

// find runs all checks. A missing permission, or a cluster that is missing or doesn't answer, makes
// the service not ready. A problem of one backfill, such as a template that doesn't exist yet,
// concerns those who start it, and is only logged.
func (a *access) find(ctx context.Context, r *round) error {
	missing := make([]error, len(a.checks))
	slots := make(chan struct{}, checksAtOnce)
	var asking sync.WaitGroup
	for i, c := range a.checks {
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			err := c.ask(ctx)
			if err != nil && ctx.Err() != nil {
				err = fmt.Errorf("no answer for %s within %s: %w", c.of, checkWithin, err)
			}
			a.tell(ctx, c.of, err)
			if ctx.Err() != nil || grave(err) {
				missing[i] = err
			}
			r.answered(c.of)
		})
	}
	asking.Wait()
	return errors.Join(missing...)
}

func grave(err error) bool {
	return slices.ContainsFunc([]error{workflow.ErrForbidden, workflow.ErrUnauthorized, workflow.ErrUnavailable, workflow.ErrNotInstalled},
		func(target error) bool { return errors.Is(err, target) })
}

// tell logs what has changed since the last check, unless end has cancelled it.
func (a *access) tell(ctx context.Context, of string, err error) {
	now := "nothing is missing"
	if err != nil {
		now = err.Error()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.told[of] == now || errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	a.told[of] = now
	if err == nil {
		a.log.Info("checked", "of", of)
		return
	}
	a.log.Warn("something is missing", "of", of, "reason", workflow.Reason(err), "err", now)
}
