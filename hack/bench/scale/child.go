package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// child is a peer's process, from the side of its parent.
type child struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	answers chan news

	mu     sync.Mutex // of orders
	orders *json.Encoder
}

// listener is told what comes unasked. Both are called by one goroutine, one after the other.
type listener struct {
	ended  func(end)
	failed func(error)
}

// startChild starts this program once more, as a peer. It ends with ctx, with this process, or by stop.
func startChild(ctx context.Context, t task, l listener) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.CommandContext(ctx, self, "--peer", string(text)), answers: make(chan news, 1)}
	c.cmd.Stderr = os.Stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a process for %s: %w", t.Way, err)
	}
	c.orders = json.NewEncoder(c.stdin)
	go c.listen(stdout, l)
	return c, nil
}

// listen ends with the process.
func (c *child) listen(stdout io.Reader, l listener) {
	defer close(c.answers)
	lines := json.NewDecoder(stdout)
	for {
		var n news
		if err := lines.Decode(&n); err != nil {
			if !errors.Is(err, io.EOF) {
				l.failed(fmt.Errorf("read from the process: %w", err))
			}
			return
		}
		switch {
		case n.End != nil:
			l.ended(*n.End)
		case n.Error != "":
			l.failed(errors.New(n.Error))
		default:
			c.answers <- n
		}
	}
}

func (c *child) order(o order) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.orders.Encode(o)
}

// ask gives an order and waits for the answer.
func (c *child) ask(ctx context.Context, do string) (news, error) {
	if err := c.order(order{Do: do}); err != nil {
		return news{}, err
	}
	return c.answer(ctx)
}

func (c *child) answer(ctx context.Context) (news, error) {
	select {
	case n, open := <-c.answers:
		if !open {
			return news{}, errors.Join(context.Cause(ctx), errors.New("the process has ended"))
		}
		return n, nil
	case <-ctx.Done():
		return news{}, context.Cause(ctx)
	}
}

func (c *child) usage(ctx context.Context) (usage, error) {
	n, err := c.ask(ctx, orderUsage)
	if err != nil {
		return usage{}, err
	}
	if n.Usage == nil {
		return usage{}, fmt.Errorf("asked for the usage, got %+v", n)
	}
	return *n.Usage, nil
}

func (c *child) memory(ctx context.Context) (memory, error) {
	n, err := c.ask(ctx, orderMemory)
	if err != nil {
		return memory{}, err
	}
	if n.Memory == nil {
		return memory{}, fmt.Errorf("asked for the memory, got %+v", n)
	}
	return *n.Memory, nil
}

// stop ends the process and waits until it has.
func (c *child) stop() error {
	closed := c.stdin.Close()
	kill := time.AfterFunc(30*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	for range c.answers { // until its output ends, which has to be read before Wait
	}
	return errors.Join(closed, c.cmd.Wait())
}
