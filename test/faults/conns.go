package faults

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// Conns dials, and counts the connections that were made. Its Dial is for rest.Config.Dial,
// which also gives a client connections of its own: client-go shares them otherwise. The zero
// value dials what it is asked for. It can be used from any goroutine.
type Conns struct {
	// To says where to dial instead; nil: where the client asks.
	To func() string

	open, made atomic.Int64
}

// Dial makes a connection.
func (c *Conns) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c.To != nil {
		address = c.To()
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.open.Add(1)
	c.made.Add(1)
	return &countedConn{Conn: conn, closed: func() { c.open.Add(-1) }}, nil
}

// Open is how many connections the client has not closed.
func (c *Conns) Open() int { return int(c.open.Load()) }

// Made is how many connections there were.
func (c *Conns) Made() int { return int(c.made.Load()) }

type countedConn struct {
	net.Conn

	once   sync.Once
	closed func()
}

func (c *countedConn) Close() error {
	c.once.Do(c.closed)
	return c.Conn.Close()
}
