package envtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
)

// Part names a part of a cluster that can be ended, halted and started again while the cluster
// runs: a process of its own.
type Part string

const (
	// PartEtcd holds the data. Without it the API server answers from its caches, or not.
	PartEtcd Part = etcd
	// PartAPIServer is kube-apiserver. It keeps its port and certificates when it is restarted,
	// so configurations of clients stay good, and its data is etcd's.
	PartAPIServer Part = apiServer
	// PartWorkflowController is Argo's, in a cluster that has [Everything].
	PartWorkflowController Part = workflowController
)

var (
	// ErrNoPart: the cluster has no such part. Start it with more [Parts].
	ErrNoPart = errors.New("the cluster has no such part")
	// ErrNotRunning: the part was killed before, or is paused. Restart or Continue it first.
	ErrNotRunning = errors.New("the part is not running")
)

type partState int

const (
	partRunning partState = iota
	partPaused
	partKilled
)

// part is a process of the cluster and what has been done to it.
type part struct {
	name   Part
	signal func(syscall.Signal) error  // to the process itself
	gone   func(context.Context) error // waits until it has ended, after SIGKILL
	launch func(context.Context) error // starts it again
	ready  func(context.Context) error // waits until it does its work
	end    func() error                // stops it in order

	mu    sync.Mutex // held while something is done to it
	state partState
}

// addPart makes a part of the cluster one that can be killed, and has it stopped with the
// cluster.
func (c *Cluster) addPart(p *part) {
	p.signal = func(sig syscall.Signal) error { return c.leash.Signal(string(p.name), sig) }
	c.parts = append(c.parts, p)
	c.started(string(p.name), p.stop)
}

func (c *Cluster) part(name Part) (*part, error) {
	for _, p := range c.parts {
		if p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", name, ErrNoPart)
}

// stop stops the part in order, whatever was done to it.
func (p *part) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.state {
	case partKilled:
		return nil
	case partPaused:
		if err := p.resume(); err != nil {
			return err
		}
	case partRunning:
	}
	return p.end()
}

func (p *part) kill(ctx context.Context) error {
	if p.state == partKilled {
		return fmt.Errorf("kill %s: %w", p.name, ErrNotRunning)
	}
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	p.state = partKilled
	if err := p.gone(ctx); err != nil {
		return fmt.Errorf("wait for the end of %s: %w", p.name, err)
	}
	return nil
}

// resume lets a halted part go on.
func (p *part) resume() error {
	if err := p.signal(syscall.SIGCONT); err != nil {
		return err
	}
	p.state = partRunning
	return nil
}
