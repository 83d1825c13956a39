package envtest

import (
	"context"
	"fmt"
	"syscall"
)

// Kill ends a part by SIGKILL, like a crash, and blocks until its process has ended. Its work is
// interrupted, and connections to it are reset. A paused part can be killed too.
//
// Errors: [ErrNoPart]; [ErrNotRunning] if it was killed before; the context's, after which the part
// counts as killed nevertheless.
func (c *Cluster) Kill(ctx context.Context, name Part) error {
	p, err := c.part(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kill(ctx)
}

// Restart starts a part with its data, port and certificates, and blocks until it is ready: the API
// server reports that it is ready, and answers; the workflow-controller ends a workflow. If the
// part still runs, Restart kills it first. The parts that it depends on must run: etcd for the API
// server, both for the workflow-controller.
//
// Errors: [ErrNoPart]; an error if the part doesn't start, or ends at once; the context's. After an
// error the part may run, and can be restarted again.
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

// Pause halts a part by SIGSTOP: it keeps its connections but doesn't answer until
// [Cluster.Continue] is called. The part may run a little longer after Pause has returned.
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

// Continue continues a paused part. It does nothing if the part runs.
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

// continueAll continues every paused part, so that the parts that depend on it can stop in order.
func (c *Cluster) continueAll() {
	for _, p := range c.parts {
		p.mu.Lock()
		if p.state == partPaused {
			_ = p.resume() // if that fails, stop returns an error
		}
		p.mu.Unlock()
	}
}
