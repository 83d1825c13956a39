package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// The ways to find out that workflows have ended, and to list workflows.
const (
	ours       = "ours"
	informer   = "informer"
	polling    = "polling"
	listPaged  = "list"
	listAtOnce = "list-at-once"
)

// way is one of them.
type way interface {
	// start begins to wait for all workflows and blocks until each has been seen.
	start(ctx context.Context) error
	// again begins again to wait for one that had ended.
	again(ctx context.Context, index int)
}

// peer is a process of its own that waits in one way, so that what it uses is its own.
type peer struct {
	task   task
	config *rest.Config // metered
	meter  *meter
	before memory // the start
	list   int64  // see answer

	mu  sync.Mutex // of out
	out *json.Encoder
}

// runPeer obeys until in ends.
func runPeer(ctx context.Context, text string, in io.Reader, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p := &peer{out: json.NewEncoder(out)}
	if err := json.Unmarshal([]byte(text), &p.task); err != nil {
		return fmt.Errorf("read task: %w", err)
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", p.task.Kubeconfig)
	if err != nil {
		return err
	}
	cfg.QPS = -1 // client-go would throttle those that are compared
	p.meter = newMeter(p.task.Workflows)
	p.config = p.meter.config(cfg)
	w, err := p.newWay()
	if err != nil {
		return err
	}
	p.before = settledMemory() // with all that measuring needs
	orders := json.NewDecoder(in)
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read order: %w", err)
		}
		if err := p.obey(ctx, w, o); err != nil {
			return fmt.Errorf("%s: %w", o.Do, err)
		}
	}
}

func (p *peer) newWay() (way, error) {
	switch p.task.Way {
	case ours:
		return &waits{peer: p}, nil
	case informer:
		return &informerPeer{peer: p}, nil
	case polling:
		return &polls{peer: p}, nil
	case listPaged, listAtOnce:
		return &lists{peer: p}, nil
	}
	return nil, fmt.Errorf("unknown way %q", p.task.Way)
}

func (p *peer) obey(ctx context.Context, w way, o order) error {
	switch o.Do {
	case orderAgain:
		w.again(ctx, o.Index)
		return nil
	case orderMemory:
		return p.send(news{Answer: &answer{Memory: settledMemory().since(p.before)}})
	case orderUsage:
		now, err := p.meter.usage()
		if err != nil {
			return err
		}
		return p.send(news{Answer: &answer{Usage: now}})
	case orderStart:
		before, err := p.meter.usage()
		if err != nil {
			return err
		}
		if err := w.start(ctx); err != nil {
			return err
		}
		after, err := p.meter.usage()
		if err != nil {
			return err
		}
		return p.send(news{Answer: &answer{Usage: after.since(before), List: p.list}})
	}
	return errors.New("unknown order")
}

func (p *peer) send(n news) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Encode(n)
}

// ended reports an end that was reported to the waiter or handler at that time. A parent that has
// ended does not need it.
func (p *peer) ended(index int, version string, reported int64) {
	_ = p.send(news{End: &end{Index: index, Version: version, Arrived: p.meter.arrival(index, version), Reported: reported}})
}

// failed reports what must not happen.
func (p *peer) failed(err error) { _ = p.send(news{Error: err.Error()}) }
