package main

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"

	"k8s.io/client-go/rest"
)

// meter counts what a client does on the wire, and stamps the events of its watches.
type meter struct {
	stamps *stamps

	in, out           atomic.Int64 // bytes, as the kernel has them: with TLS
	requests, failed  atomic.Int64
	dialled           atomic.Int64
	watches, mostOpen atomic.Int64 // requests for a watch whose answer is open
	held              atomic.Int64 // times a watch had to wait for its reader
}

// config is cfg, metered.
func (m *meter) config(cfg *rest.Config) *rest.Config {
	metered := rest.CopyConfig(cfg)
	dialer := &net.Dialer{}
	metered.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		m.dialled.Add(1)
		return &meteredConn{Conn: conn, meter: m}, nil
	}
	metered.Wrap(func(rt http.RoundTripper) http.RoundTripper { return &meteredTransport{next: rt, meter: m} })
	return metered
}

// watchOpened counts a watch.
func (m *meter) watchOpened() {
	open := m.watches.Add(1)
	for {
		most := m.mostOpen.Load()
		if open <= most || m.mostOpen.CompareAndSwap(most, open) {
			return
		}
	}
}

type meteredConn struct {
	net.Conn
	meter *meter
}

func (c *meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.meter.in.Add(int64(n))
	return n, err
}

func (c *meteredConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.meter.out.Add(int64(n))
	return n, err
}

type meteredTransport struct {
	next  http.RoundTripper
	meter *meter
}

// RoundTrip counts the request, and has the answer to a watch pass through a pump.
func (t *meteredTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.meter.requests.Add(1)
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp.StatusCode >= http.StatusBadRequest {
		t.meter.failed.Add(1)
	}
	if err == nil && resp.StatusCode == http.StatusOK && req.URL.Query().Get("watch") == "true" {
		resp.Body = newPump(resp.Body, t.meter)
	}
	return resp, err
}

// WrappedRoundTripper is how client-go finds what it needs beneath a wrapper.
func (t *meteredTransport) WrappedRoundTripper() http.RoundTripper { return t.next }
