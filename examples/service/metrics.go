package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
)

// serveMetrics serves /metrics on a separate address, so that the scraper needs no access to the
// API that controls backfills; "" disables it. end stops serving, cancels active scrapes, and waits
// for them up to lastWords: their dependencies are closed afterwards.
func serveMetrics(ctx context.Context, address string, metrics http.Handler, log *slog.Logger) (end func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--metrics %s: %w", address, err)
	}
	requests, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	web := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are no longer served", "err", err)
		}
	}()
	log.Info("serving metrics", "address", listener.Addr().String())
	return func() {
		cutOff()
		within, done := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer done()
		if web.Shutdown(within) != nil {
			_ = web.Close() // whose error is that of closing the listener
		}
		<-served
	}, nil
}
