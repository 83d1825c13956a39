package source

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// StableAfter is how long a watch or a log stream must have lasted for the backoff to start
	// over.
	StableAfter = 5 * time.Second
	// watchTimeout is the least time after which the API server is asked to close a watch. It is
	// jittered up to twice as long, so that many clients don't reconnect at the same moment.
	watchTimeout = 4 * time.Minute
)

// Watch is a watch to run.
type Watch struct {
	Source Watcher
	// Options hold the selectors and the resource version; Run sets the rest.
	Options metav1.ListOptions
	// IdleTimeout ends a watch that brings nothing for that long, not even one of the bookmarks
	// that the API server sends about once a minute.
	IdleTimeout time.Duration
	// Opened, if not nil, is called when the watch is open.
	Opened func()
	// Handle is called for each event, bookmarks included, by the goroutine of Run. Its error ends
	// the watch.
	Handle func(Event) error
}

// Run opens the watch and blocks until it ends. opened reports whether it was open. The error is
// nil if the API server closed the watch, the cause of ctx if that has ended, [ErrIdle], the error
// of Handle, or that of the request.
func (w Watch) Run(ctx context.Context) (opened bool, err error) {
	ctx, idle := WithIdleTimeout(ctx, w.IdleTimeout)
	defer idle.Stop()
	opened, err = w.run(ctx, idle.Reset)
	if cause := context.Cause(ctx); cause != nil {
		err = cause // the request's own error only follows from it
	}
	return opened, err
}

func (w Watch) run(ctx context.Context, progress func()) (opened bool, err error) {
	timeout := int64((watchTimeout + rand.N(watchTimeout)).Seconds())
	opts := w.Options
	opts.AllowWatchBookmarks = true
	opts.TimeoutSeconds = &timeout
	stream, err := w.Source.Watch(ctx, opts, progress)
	if err != nil {
		return false, err
	}
	defer stream.Close()
	if w.Opened != nil {
		w.Opened()
	}
	progress()
	for {
		event, err := stream.Next()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err == nil {
			err = w.Handle(event)
		}
		if err != nil {
			return true, err
		}
	}
}

// IdleTimer ends a context with [ErrIdle] as its cause when it has not been reset for a while.
type IdleTimer struct {
	after  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// WithIdleTimeout returns a context that ends with ctx, or once Reset has not been called for
// after. The timer must be stopped when it is no longer needed.
func WithIdleTimeout(ctx context.Context, after time.Duration) (context.Context, *IdleTimer) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &IdleTimer{after: after, timer: time.AfterFunc(after, func() { cancel(ErrIdle) }), cancel: cancel}
}

// Reset starts the time over. It is safe for concurrent use.
func (t *IdleTimer) Reset() { t.timer.Reset(t.after) }

// Stop ends the context and releases the timer.
func (t *IdleTimer) Stop() {
	t.timer.Stop()
	t.cancel(nil)
}
