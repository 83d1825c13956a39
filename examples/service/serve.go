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
	answerTimeout = 30 * time.Second // what takes longer, or is a stream, sets its own
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
	// finishWithin is how long requests that are under way may take to end; they are cut off then. With
	// the time for draining and twice lastWords it has to be less than a pod's terminationGracePeriodSeconds.
	finishWithin = 15 * time.Second
	// lastWords is what they have then to answer that they were cut off, and scrapes of metrics after them.
	lastWords = 2 * time.Second
)

// serve answers requests until ctx ends, and then ends in order: first it reports not to be ready,
// then streams end with the request to connect again, then requests come to their ends. Nothing that
// was started is stopped by that.
func serve(ctx context.Context, s settings, server *api.Server, log *slog.Logger) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", s.listen, err)
	}
	requests, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer server.Close() // before what handlers work with is released
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

	log.Info("ending: not ready any more", "drain", s.drain.String())
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
		log.Warn("requests are cut off", "after", s.finish.String())
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
