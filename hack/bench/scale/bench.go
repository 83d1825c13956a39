package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// bench is one run.
type bench struct {
	extent     extent
	cluster    *envtest.Cluster
	kubeconfig string // of the account that waits
	steps      *report.Steps
}

// measured is what one window has shown of one way.
type measured struct {
	workflows int
	started   usage   // until every workflow has been seen
	memory    memory  // with all waiting: the larger of those before and after the changes
	running   usage   // while workflows changed
	rate      float64 // changes a second
	delays    delays
}

// measure measures everything at one size.
func (b *bench) measure(ctx context.Context, size int, f *findings) error {
	namespace, err := b.cluster.NewNamespace(ctx, "scale")
	if err != nil {
		return err
	}
	c, err := newCrowd(b.cluster.Config(), namespace, size)
	if err != nil {
		return err
	}
	b.steps.Step("creating %d workflows", size)
	if err := c.create(ctx); err != nil {
		return err
	}
	at := atSize{workflows: size, windows: map[string]windows{}}
	for number := range b.extent.windows {
		for _, way := range b.extent.ways(size, number) {
			b.steps.Step("%s, %d workflows, window %d", way, size, number+1)
			m, err := b.window(ctx, way, c, uint64(number)) // windows of the same number have the same changes
			if err != nil {
				return fmt.Errorf("%s: %w", way, err)
			}
			at.windows[way] = append(at.windows[way], m)
		}
	}
	f.sizes = append(f.sizes, at)
	if len(f.sizes) < len(b.extent.sizes) {
		return nil
	}
	b.steps.Step("listing %d workflows", size)
	f.objectBytes = c.bytes.Load()
	if f.paged, err = b.list(ctx, listPaged, c); err != nil {
		return err
	}
	f.atOnce, err = b.list(ctx, listAtOnce, c)
	return err
}

func (b *bench) task(way string, c *crowd) task {
	return task{Way: way, Kubeconfig: b.kubeconfig, Namespace: c.namespace, Workflows: len(c.stages)}
}

// window starts a process that waits in one way for all of the crowd, has workflows change for a while and
// leaves all of them running.
func (b *bench) window(ctx context.Context, way string, c *crowd, seed uint64) (m measured, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := &driver{crowd: c, turns: newTurns(len(c.stages), seed), ledger: newLedger()}
	p, err := startProcess(ctx, b.task(way, c), d.ended, cancel)
	if err != nil {
		return measured{}, err
	}
	defer func() {
		stopped := p.stop()
		err = errors.Join(context.Cause(ctx), err, stopped)
	}()
	d.again = func(index int) error { return p.order(order{Do: orderAgain, Index: index}) }

	begun, err := p.ask(ctx, orderStart)
	if err != nil {
		return measured{}, err
	}
	before, err := p.ask(ctx, orderMemory)
	if err != nil {
		return measured{}, err
	}
	m = measured{workflows: len(c.stages), started: begun.Usage, memory: before.Memory}
	if err := b.drive(ctx, p, d, &m); err != nil {
		return measured{}, err
	}
	after, err := p.ask(ctx, orderMemory)
	if after.Memory.total() > m.memory.total() {
		m.memory = after.Memory
	}
	return m, err
}

// drive makes workflows change, and those that have ended run again.
func (b *bench) drive(ctx context.Context, p *process, d *driver, m *measured) error {
	if err := d.crowd.collectGarbage(ctx); err != nil {
		return err
	}
	if _, err := d.drive(ctx, b.extent.warmUp, false); err != nil {
		return err
	}
	before, err := p.ask(ctx, orderUsage)
	if err != nil {
		return err
	}
	changes, err := d.drive(ctx, b.extent.window, true)
	if err != nil {
		return err
	}
	after, err := p.ask(ctx, orderUsage)
	if err != nil {
		return err
	}
	m.running = after.Usage.since(before.Usage)
	m.rate = m.running.perSecond(int64(changes))
	if err := d.ledger.settle(ctx, 30*time.Second+2*pollInterval); err != nil {
		return err
	}
	if err := d.reviveAll(ctx); err != nil {
		return err
	}
	m.delays, err = d.ledger.delays()
	return err
}

// list returns the most memory that a process has in use while it lists the crowd in one way.
func (b *bench) list(ctx context.Context, way string, c *crowd) (most int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p, err := startProcess(ctx, b.task(way, c), nil, cancel)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	a, err := p.ask(ctx, orderStart)
	return a.List, err
}
