package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// peer is a process of its own that waits in one way, so that what it uses is its own.
type peer struct {
	task  task
	meter *meter
	clock clock
	out   *reply
	way   way

	before memory // the start
}

// way is one way to learn of ends.
type way interface {
	// start begins to wait for all workflows and blocks until each has been seen, but for so many.
	start(ctx context.Context) (unseen int, err error)
	// again begins anew to wait for one that had ended.
	again(ctx context.Context, index int)
}

// runPeer does what it is told until in ends.
func runPeer(ctx context.Context, text string, in io.Reader, out io.Writer) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p := peer{clock: newClock(), out: &reply{w: out}}
	if err := json.Unmarshal([]byte(text), &p.task); err != nil {
		return fmt.Errorf("read task: %w", err)
	}
	finish, err := profile(p.task)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish()) }()
	if err := p.prepare(); err != nil {
		return err
	}
	orders := json.NewDecoder(in)
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read order: %w", err)
		}
		if err := p.obey(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", o.Do, err)
		}
	}
}

// prepare takes what memory the measuring needs, before anything is measured.
func (p *peer) prepare() error {
	cfg, err := clientcmd.BuildConfigFromFlags("", p.task.Kubeconfig)
	if err != nil {
		return err
	}
	cfg.QPS = -1 // or client-go would hold back what it is compared by
	p.meter = &meter{stamps: newStamps(p.task.Workflows, p.clock)}
	if p.way, err = p.newWay(p.meter.config(cfg)); err != nil {
		return err
	}
	p.before = settledMemory()
	return nil
}

func (p *peer) newWay(cfg *rest.Config) (way, error) {
	switch p.task.Way {
	case ours:
		return &waits{peer: p, config: cfg}, nil
	case informer:
		return &informerPeer{peer: p, config: cfg}, nil
	case polling:
		return &polls{peer: p, config: cfg}, nil
	case listPaged, listAtOnce:
		return &lists{peer: p, config: cfg}, nil
	}
	return nil, fmt.Errorf("there is no way %q", p.task.Way)
}

func (p *peer) obey(ctx context.Context, o order) error {
	switch o.Do {
	case orderStart:
		return p.start(ctx)
	case orderAgain:
		p.way.again(ctx, o.Index)
		return nil
	case orderUsage:
		now, err := p.meter.usage(p.clock)
		if err != nil {
			return err
		}
		return p.out.send(news{Usage: &now})
	case orderMemory:
		return p.out.send(news{Memory: new(settledMemory().since(p.before))})
	}
	return errors.New("there is no such order")
}

func (p *peer) start(ctx context.Context) error {
	before, err := p.meter.usage(p.clock)
	if err != nil {
		return err
	}
	unseen, err := p.way.start(ctx)
	if err != nil {
		return err
	}
	after, err := p.meter.usage(p.clock)
	if err != nil {
		return err
	}
	return p.out.send(news{Started: new(after.since(before)), Unseen: unseen})
}

// ended reports an end that was told at that time.
func (p *peer) ended(index int, version string, told int64) {
	v, err := parseVersion(version)
	if err != nil {
		p.failed(err)
		return
	}
	// A parent that is gone doesn't need it.
	_ = p.out.send(news{End: &end{Index: index, Version: v, Arrived: p.meter.stamps.of(index, v), Told: told}})
}

// failed reports what must not happen.
func (p *peer) failed(err error) { _ = p.out.send(news{Error: err.Error()}) }
