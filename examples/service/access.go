package main

import (
	"context"
	"errors"
	"log/slog"
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

// access knows whether the API server answers, and gives the service what its backfills need.
type access struct {
	backfills []api.Backfill
	log       *slog.Logger

	mu    sync.Mutex // held while it is found out: others wait for the same answer
	until time.Time  // the answer is good
	err   error
	told  map[string]string // what was logged last, by session
}

func newAccess(backfills []api.Backfill, log *slog.Logger) *access {
	return &access{backfills: backfills, log: log, told: map[string]string{}}
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

// find asks about each backfill. A permission or a cluster that is missing keeps the service from its
// work; what is wrong with one backfill, such as a template that isn't there yet, is for those who
// start it, and is only logged.
//
// This is the place for further checks of permissions: a backfill checks what its own methods need,
// and not what reading logs does.
func (a *access) find(ctx context.Context) error {
	var missing []error
	for _, b := range a.backfills {
		err := b.Create(ctx)
		a.tell(ctx, b.Session, err)
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
func (a *access) tell(ctx context.Context, session string, err error) {
	now := "it can be started, or was"
	if err != nil {
		now = err.Error()
	}
	if a.told[session] == now || ctx.Err() != nil {
		return
	}
	a.told[session] = now
	if err == nil {
		a.log.Info("checked", "session", session)
		return
	}
	a.log.Warn("something is missing", "session", session, "reason", workflow.Reason(err), "err", now)
}
