package faults

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// Conns is a dialer that counts its connections. Setting rest.Config.Dial to its Dial also gives a
// client its own connections, which client-go would otherwise share. The zero value is ready to
// use. It is safe for concurrent use.
type Conns struct {
	// To returns the address to dial instead of the requested one. Nil means the requested one.
	To func() string

	open, made atomic.Int64
}

// Dial opens a connection.
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

// Open returns the number of connections that the client has not closed.
func (c *Conns) Open() int { return int(c.open.Load()) }

// Made returns the number of connections so far.
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
