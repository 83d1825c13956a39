package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/examples/service/internal/api"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// believed is how long the answer that all is there is good for, and doubted that something is
	// missing. Probes ask more often.
	believed = 30 * time.Second
	doubted  = 3 * time.Second
)

// access knows whether the API server answers, and lets the service do what it is asked for.
type access struct {
	checks []check
	log    *slog.Logger

	mu    sync.Mutex // held while it is found out: others wait for the same answer
	until time.Time  // the answer is good
	err   error
	told  map[string]string // what was logged last, by check
}

// check finds out what one part of the service lacks.
type check struct {
	of  string
	ask func(context.Context) error
}

// checksOf are those of everything that the service does. A backfill knows what its own methods need;
// reading logs is none of them.
func checksOf(backfills []api.Backfill, clients map[string]*workflow.WorkflowClient) []check {
	var all []check
	for _, b := range backfills {
		all = append(all, check{"backfill " + b.Session, b.Create})
	}
	for _, namespace := range slices.Sorted(maps.Keys(clients)) {
		all = append(all, check{"logs in namespace " + namespace, func(ctx context.Context) error {
			return clients[namespace].CheckAccess(ctx, workflow.OpLogs)
		}})
	}
	return all
}

func newAccess(checks []check, log *slog.Logger) *access {
	return &access{checks: checks, log: log, told: map[string]string{}}
}

// check says what is missing. An answer that was cut off by the end of ctx isn't kept.
func (a *access) check(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.until) {
		return a.err
	}
	err := a.find(ctx)
	if ctx.Err() != nil {
		return err
	}
	a.err, a.until = err, time.Now().Add(believed)
	if err != nil {
		a.until = time.Now().Add(doubted)
	}
	return err
}

// find asks about everything. A permission or a cluster that is missing keeps the service from its
// work; what is wrong with one backfill, such as a template that isn't there yet, is for those who
// start it, and is only logged.
func (a *access) find(ctx context.Context) error {
	var missing []error
	for _, c := range a.checks {
		err := c.ask(ctx)
		a.tell(ctx, c.of, err)
		for _, grave := range []error{workflow.ErrForbidden, workflow.ErrUnauthorized, workflow.ErrUnavailable, workflow.ErrNotInstalled} {
			if errors.Is(err, grave) {
				missing = append(missing, err)
				break
			}
		}
	}
	if err := ctx.Err(); err != nil {
		missing = append(missing, err)
	}
	return errors.Join(missing...)
}

// tell logs what has changed since the last look.
func (a *access) tell(ctx context.Context, of string, err error) {
	now := "all is there"
	if err != nil {
		now = err.Error()
	}
	if a.told[of] == now || ctx.Err() != nil {
		return
	}
	a.told[of] = now
	if err == nil {
		a.log.Info("checked", "of", of)
		return
	}
	a.log.Warn("something is missing", "of", of, "reason", workflow.Reason(err), "err", now)
}
