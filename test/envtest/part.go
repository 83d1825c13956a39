package envtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
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
	// PartDatabase is the database server, in a cluster with [Options].Database. It keeps its port and
	// data when it is restarted.
	PartDatabase Part = databaseName
	// PartArgoServer is the Argo server, in a cluster with [Options].Server. It keeps its port when it is
	// restarted.
	PartArgoServer Part = argoServer
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
	gone   func(context.Context) error // blocks until it has ended, after SIGKILL
	launch func() error                // starts it again
	ready  func(context.Context) error // blocks until it works
	end    func() error                // stops it in order

	leash *leash.Leash
	mu    sync.Mutex // held during an operation on the part
	state partState
}

// addPart adds a part that can be killed, and registers it to be stopped with the cluster.
func (c *Cluster) addPart(p *part) {
	p.leash = c.leash
	c.parts = append(c.parts, p)
	c.started(string(p.name), p.stop)
}

// withPart calls an operation on the named part, one at a time.
func (c *Cluster) withPart(name Part, do func(*part) error) error {
	i := slices.IndexFunc(c.parts, func(p *part) bool { return p.name == name })
	if i < 0 {
		return fmt.Errorf("%s: %w", name, ErrNoPart)
	}
	c.parts[i].mu.Lock()
	defer c.parts[i].mu.Unlock()
	return do(c.parts[i])
}

// Kill ends a part by SIGKILL, like a crash, and blocks until its process has ended. Its work is
// interrupted, and connections to it are reset. A paused part can be killed too.
//
// Errors: [ErrNoPart]; [ErrNotRunning] if it was killed before; the context's, after which the part
// counts as killed nevertheless.
func (c *Cluster) Kill(ctx context.Context, name Part) error {
	return c.withPart(name, func(p *part) error { return p.kill(ctx) })
}

// Restart starts a part with its data, port and certificates, and blocks until it is ready: the API
// server reports that it is ready, and answers; the workflow-controller ends a workflow; the database
// and the Argo server answer. If the part still runs, Restart kills it first. The parts that it depends on
// must run: etcd for the API server, both for the workflow-controller, these and the database for the Argo
// server.
//
// Errors: [ErrNoPart]; an error if the part doesn't start, or ends at once; the context's. After an
// error the part may run, and can be restarted again.
func (c *Cluster) Restart(ctx context.Context, name Part) error {
	return c.withPart(name, func(p *part) error {
		if p.state != partKilled {
			if err := p.kill(ctx); err != nil {
				return err
			}
		}
		if err := p.launch(); err != nil {
			return fmt.Errorf("restart %s: %w", name, err)
		}
		p.state = partRunning
		if err := p.ready(ctx); err != nil {
			return fmt.Errorf("restart %s: %w", name, err)
		}
		return nil
	})
}

// Pause halts a part by SIGSTOP: it keeps its connections but doesn't answer until
// [Cluster.Continue] is called. The part may run a little longer after Pause has returned.
//
// Errors: [ErrNoPart]; [ErrNotRunning] if it is paused already, or was killed.
func (c *Cluster) Pause(name Part) error {
	return c.withPart(name, func(p *part) error {
		if p.state != partRunning {
			return fmt.Errorf("pause %s: %w", name, ErrNotRunning)
		}
		return p.signal(syscall.SIGSTOP, partPaused)
	})
}

// Continue continues a paused part. It does nothing if the part runs.
//
// Errors: [ErrNoPart]; [ErrNotRunning] if it was killed.
func (c *Cluster) Continue(name Part) error {
	return c.withPart(name, func(p *part) error {
		if p.state == partKilled {
			return fmt.Errorf("continue %s: %w", name, ErrNotRunning)
		}
		return p.resume()
	})
}

// continueAll continues every paused part, so that the parts that depend on it can stop in order.
func (c *Cluster) continueAll() {
	for _, p := range c.parts {
		p.mu.Lock()
		_ = p.resume() // if that fails, stop returns an error
		p.mu.Unlock()
	}
}

// stop stops the part in order, even if it is paused or killed.
func (p *part) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == partKilled {
		return nil
	}
	if err := p.resume(); err != nil {
		return err
	}
	return p.end()
}

func (p *part) kill(ctx context.Context) error {
	if p.state == partKilled {
		return fmt.Errorf("kill %s: %w", p.name, ErrNotRunning)
	}
	if err := p.signal(syscall.SIGKILL, partKilled); err != nil {
		return err
	}
	if err := p.gone(ctx); err != nil {
		return fmt.Errorf("wait for the end of %s: %w", p.name, err)
	}
	return nil
}

// resume continues the part if it is paused.
func (p *part) resume() error {
	if p.state != partPaused {
		return nil
	}
	return p.signal(syscall.SIGCONT, partRunning)
}

// signal sends a signal to the process itself, which then is in the given state.
func (p *part) signal(sig syscall.Signal, state partState) error {
	if err := p.leash.Signal(string(p.name), sig); err != nil {
		return err
	}
	p.state = state
	return nil
}
