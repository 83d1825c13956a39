package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/examples/service/internal/api"
)

const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 30 * time.Second
	answerTimeout = 30 * time.Second // streams and longer requests set their own
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
	// finishWithin limits the time of active requests at shutdown; they are cancelled then.
	// Together with the time for draining and twice lastWords it has to be less than a pod's
	// terminationGracePeriodSeconds.
	finishWithin = 15 * time.Second
	// lastWords is the time to answer that a request was cancelled, and for scrapes of metrics
	// after that.
	lastWords = 2 * time.Second
)

// serve answers requests until ctx ends, and then shuts down in order: it reports that it is not
// ready, ends streams with the request to reconnect, and lets requests finish. This stops nothing
// that was started in the cluster.
func serve(ctx context.Context, s settings, server *api.Server, log *slog.Logger) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", s.listen, err)
	}
	requests, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer server.Close() // before the handlers' dependencies are closed
	defer cutOff()
	web := &http.Server{
		Handler:           server.Handler(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	log.Info("serving", "address", listener.Addr().String())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}

	log.Info("shutting down: no longer ready", "drain", s.drain.String())
	server.Drain()
	select {
	case err := <-served:
		return err
	case <-time.After(s.drain):
	}
	server.EndStreams()
	finishing, done := context.WithTimeout(requests, s.finish)
	defer done()
	if err := web.Shutdown(finishing); err != nil {
		log.Warn("cancelling active requests", "after", s.finish.String())
		cutOff()
		answering, done := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer done()
		if web.Shutdown(answering) != nil {
			if err := web.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}
