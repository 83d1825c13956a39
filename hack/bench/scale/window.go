package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// measured is what one window has shown of one way.
type measured struct {
	workflows int
	started   usage // until every workflow has been seen, but for those
	unseen    int
	memory    memory  // with all waiting: the larger of those before and after the changes
	running   usage   // while workflows changed
	rate      float64 // changes a second
	retried   int     // writes that the API server didn't answer in time
	delays    delays
}

// scene is where all that is measured goes on.
type scene struct {
	config     config
	kubeconfig string // of the account that waits
	clock      clock
}

// window starts a process that waits in one way for all of the crowd, has workflows change for a while and
// leaves all of them running.
func (s *scene) window(ctx context.Context, way string, c *crowd, seed uint64) (m measured, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := &driver{crowd: c, picker: newPicker(len(c.stages), seed), ledger: newLedger(), clock: s.clock, rate: s.config.rate}
	peer, err := startChild(ctx, s.task(way, c), listener{
		ended:  func(e end) { d.ledger.tell(e); d.picker.sawEnd(e.Index) },
		failed: func(err error) { cancel(err) },
	})
	if err != nil {
		return measured{}, err
	}
	defer func() { err = errors.Join(err, peer.stop()) }()
	d.again = func(index int) error { return peer.order(order{Do: orderAgain, Index: index}) }

	begun, err := peer.ask(ctx, orderStart)
	if err != nil {
		return measured{}, err
	}
	if begun.Started == nil {
		return measured{}, fmt.Errorf("ordered to start, got %+v", begun)
	}
	m = measured{workflows: len(c.stages), started: *begun.Started, unseen: begun.Unseen}
	if m.memory, err = peer.memory(ctx); err != nil {
		return measured{}, err
	}
	before := c.retried.Load()
	if err := s.drive(ctx, way, peer, d, &m); err != nil {
		return measured{}, err
	}
	m.retried = int(c.retried.Load() - before)
	after, err := peer.memory(ctx)
	if after.total() > m.memory.total() {
		m.memory = after
	}
	return m, err
}

// drive has workflows change, and those that have ended run again. Only polling may leave ends
// untold for longer than there is time.
func (s *scene) drive(ctx context.Context, way string, peer *child, d *driver, m *measured) error {
	if err := d.crowd.writer.collectGarbage(ctx); err != nil {
		return err
	}
	if _, err := d.drive(ctx, s.config.warmUp, false); err != nil {
		return err
	}
	before, err := peer.usage(ctx)
	if err != nil {
		return err
	}
	changes, err := d.drive(ctx, s.config.window, true)
	if err != nil {
		return err
	}
	after, err := peer.usage(ctx)
	if err != nil {
		return err
	}
	m.running = after.since(before)
	m.rate = m.running.perSecond(float64(changes))
	err = d.ledger.settle(ctx, 30*time.Second+2*s.config.interval)
	if mayLose := way == polling && errors.Is(err, errUntold); err != nil && !mayLose {
		return err
	}
	if err := d.reviveAll(ctx); err != nil {
		return err
	}
	m.delays, err = d.ledger.delays()
	return err
}

func (s *scene) task(way string, c *crowd) task {
	return task{
		Way: way, Kubeconfig: s.kubeconfig, Namespace: c.namespace, Workflows: len(c.stages),
		Interval: int64(s.config.interval), Profile: s.config.profile,
	}
}

// list has a process list the crowd in one way.
func (s *scene) list(ctx context.Context, way string, c *crowd) (l listed, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	peer, err := startChild(ctx, s.task(way, c), listener{failed: func(err error) { cancel(err) }})
	if err != nil {
		return listed{}, err
	}
	defer func() { err = errors.Join(err, peer.stop()) }()
	n, err := peer.ask(ctx, orderStart)
	if err != nil {
		return listed{}, err
	}
	if n.Listed == nil || n.Listed.Workflows != len(c.stages) {
		return listed{}, fmt.Errorf("listed %+v, want %d workflows", n.Listed, len(c.stages))
	}
	_, err = peer.answer(ctx) // that it has started
	return *n.Listed, err
}
