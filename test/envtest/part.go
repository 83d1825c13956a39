package envtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
)

// Part names a part of a cluster that runs as its own process, so that it can be killed, paused and
// restarted while the cluster runs.
type Part string

const (
	// PartEtcd is etcd, which stores the data. Without it the API server may still answer some
	// requests from its caches.
	PartEtcd Part = etcd
	// PartAPIServer is kube-apiserver. It keeps its port and certificates when it is restarted, so
	// client configurations stay valid. Its data is in etcd.
	PartAPIServer Part = apiServer
	// PartWorkflowController is Argo's workflow-controller, in a cluster with [Everything].
	PartWorkflowController Part = workflowController
)

var (
	// ErrNoPart means that the cluster does not have the part. Start it with more [Parts].
	ErrNoPart = errors.New("the cluster has no such part")
	// ErrNotRunning means that the part was killed before, or is paused. Restart or Continue it
	// first.
	ErrNotRunning = errors.New("the part is not running")
)

type partState int

const (
	partRunning partState = iota
	partPaused
	partKilled
)

// part is a process of the cluster and its state.
type part struct {
	name   Part
	signal func(syscall.Signal) error  // signals the process itself
	gone   func(context.Context) error // blocks until it has ended, after SIGKILL
	launch func(context.Context) error // starts it again
	ready  func(context.Context) error // blocks until it works
	end    func() error                // stops it in order

	mu    sync.Mutex // held during an operation on the part
	state partState
}

// addPart adds a part that can be killed, and registers it to be stopped with the cluster.
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

// stop stops the part in order, even if it is paused or killed.
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

// resume continues a paused part.
func (p *part) resume() error {
	if err := p.signal(syscall.SIGCONT); err != nil {
		return err
	}
	p.state = partRunning
	return nil
}
