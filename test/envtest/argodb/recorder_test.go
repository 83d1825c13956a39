package argodb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"sync"
)

// recorder is a driver.Connector that records the statements that are sent over its connections.
type recorder struct {
	driver.Connector

	mu   sync.Mutex
	sent []sent
}

// sent is a statement with its arguments.
type sent struct {
	text string
	args []any
}

// record returns db over connections that are recorded.
func record(connector driver.Connector) (*sql.DB, *recorder) {
	r := &recorder{Connector: connector}
	return sql.OpenDB(r), r
}

// take returns what was sent since the last call.
func (r *recorder) take() []sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := slices.Clone(r.sent)
	r.sent = nil
	return taken
}

func (r *recorder) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := r.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &recordedConn{Conn: conn, recorder: r}, nil
}

// recordedConn has what both drivers' connections have.
type recordedConn struct {
	driver.Conn
	recorder *recorder
}

func (c *recordedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
	if err == nil {
		c.record(text, args)
	}
	return rows, err
}

func (c *recordedConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return &recordedStmt{Stmt: stmt, text: text, conn: c}, nil
}

func (c *recordedConn) CheckNamedValue(value *driver.NamedValue) error {
	return c.Conn.(driver.NamedValueChecker).CheckNamedValue(value)
}

func (c *recordedConn) record(text string, args []driver.NamedValue) {
	c.recorder.mu.Lock()
	defer c.recorder.mu.Unlock()
	next := sent{text: text}
	for _, arg := range args {
		next.args = append(next.args, arg.Value)
	}
	c.recorder.sent = append(c.recorder.sent, next)
}

type recordedStmt struct {
	driver.Stmt
	text string
	conn *recordedConn
}

func (s *recordedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err == nil {
		s.conn.record(s.text, args)
	}
	return rows, err
}
