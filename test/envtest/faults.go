package envtest

import (
	"context"
	"fmt"
	"syscall"
)

// Kill ends a part by SIGKILL, as a crash would, and blocks until it is gone. What it was doing
// is cut off; connections to it are reset. A paused part can be killed too.
//
// Errors: [ErrNoPart]; [ErrNotRunning] if it was killed before; ctx's, after which the part is
// taken for killed all the same.
func (c *Cluster) Kill(ctx context.Context, name Part) error {
	p, err := c.part(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kill(ctx)
}

// Restart starts a part again with the same data, port and certificates, and blocks until it is
// ready: the API server says so itself, and answers; the workflow-controller ends a workflow.
// It kills the part first if it still runs. The parts that it needs have to run: etcd for the
// API server, both for the workflow-controller.
//
// Errors: [ErrNoPart]; that it doesn't come up, or ends at once; ctx's. The part may run then,
// and can be restarted again.
func (c *Cluster) Restart(ctx context.Context, name Part) error {
	p, err := c.part(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != partKilled {
		if err := p.kill(ctx); err != nil {
			return err
		}
	}
	if err := p.launch(ctx); err != nil {
		return fmt.Errorf("restart %s: %w", name, err)
	}
	p.state = partRunning
	if err := p.ready(ctx); err != nil {
		return fmt.Errorf("restart %s: %w", name, err)
	}
	return nil
}

// Pause halts a part by SIGSTOP: it keeps its connections and answers nothing, until
// [Cluster.Continue]. The part may do a little more before it is halted.
//
// Errors: [ErrNoPart]; [ErrNotRunning] if it is paused already, or was killed.
func (c *Cluster) Pause(name Part) error {
	p, err := c.part(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != partRunning {
		return fmt.Errorf("pause %s: %w", name, ErrNotRunning)
	}
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	p.state = partPaused
	return nil
}

// Continue lets a paused part go on, and does nothing to one that runs.
//
// Errors: [ErrNoPart]; [ErrNotRunning] if it was killed.
func (c *Cluster) Continue(name Part) error {
	p, err := c.part(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == partKilled {
		return fmt.Errorf("continue %s: %w", name, ErrNotRunning)
	}
	return p.resume()
}

// continueAll lets every paused part go on, so that those that need it can stop in order.
func (c *Cluster) continueAll() {
	for _, p := range c.parts {
		p.mu.Lock()
		if p.state == partPaused {
			_ = p.resume() // where that fails, its own stop says so
		}
		p.mu.Unlock()
	}
}
