package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Direction is a direction of a line.
type Direction string

const (
	Upstream   Direction = "upstream"   // to the server
	Downstream Direction = "downstream" // to the client
)

// Line is a TCP line to a server on which faults can be injected. It is safe for concurrent use.
// Methods that change the line return when the change has taken effect.
type Line struct {
	server string

	mu       sync.Mutex
	proxy    *toxiproxy.Proxy // used by new connections
	stranded []*toxiproxy.Proxy
}

// NewLine opens a line to a server's address. The caller must call Close.
func NewLine(server string) (*Line, error) {
	l := &Line{server: server}
	var err error
	l.proxy, err = openProxy(server)
	return l, err
}

func openProxy(server string) (*toxiproxy.Proxy, error) {
	const anyPort = "127.0.0.1:0"
	quiet := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(quiet, "line", anyPort, server)
	if err := proxy.Start(); err != nil {
		return nil, fmt.Errorf("open line to %s: %w", server, err)
	}
	return proxy, nil
}

// Address returns the address for new connections. Strand changes it.
func (l *Line) Address() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proxy.Listen
}

// Cut closes all connections. New connections are accepted at once.
func (l *Line) Cut() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proxy.Stop()
	return l.proxy.Start()
}

// Down closes all connections and refuses new ones until Up is called.
func (l *Line) Down() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proxy.Stop()
}

// Up ends Down.
func (l *Line) Up() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.proxy.Start(); err != nil && !errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
		return err
	}
	return nil
}

// Strand leaves all connections half-open permanently: data sent on them is dropped, and neither
// side is notified. New connections use a new address, which works.
func (l *Line) Strand() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, err := openProxy(l.server)
	if err != nil {
		return err
	}
	old := l.proxy
	l.proxy, l.stranded = next, append(l.stranded, old)
	never := map[string]int{"timeout": 0}
	return errors.Join(addToxic(old, "timeout", Upstream, never), addToxic(old, "timeout", Downstream, never))
}

// Spoil adds one of toxiproxy's toxics to all connections, existing and new, until Clear is called:
// "latency" with latency and jitter in milliseconds, "bandwidth" with rate in KB/s, "limit_data"
// with the bytes after which a connection is closed, "timeout" and "reset_peer" with timeout in
// milliseconds, "slow_close" with delay in milliseconds, and others.
func (l *Line) Spoil(toxic string, direction Direction, attributes map[string]int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return addToxic(l.proxy, toxic, direction, attributes)
}

// Clear removes all toxics. Connections that "timeout" kept silent are closed.
func (l *Line) Clear(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proxy.Toxics.ResetToxics(ctx)
}

// Close closes the line and all its connections.
func (l *Line) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, proxy := range append(l.stranded, l.proxy) {
		proxy.Stop()
	}
}

// addToxic adds a toxic by JSON, the only form that toxiproxy offers to other packages.
func addToxic(proxy *toxiproxy.Proxy, toxic string, direction Direction, attributes map[string]int) error {
	data, err := json.Marshal(map[string]any{"type": toxic, "stream": direction, "attributes": attributes})
	if err != nil {
		return err
	}
	if _, err := proxy.Toxics.AddToxicJson(bytes.NewReader(data)); err != nil {
		return fmt.Errorf("add toxic %s: %w", toxic, err)
	}
	return nil
}
