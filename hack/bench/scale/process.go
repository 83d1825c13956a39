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

// task is what a process of its own is started for.
type task struct {
	Way        string
	Kubeconfig string
	Namespace  string
	Workflows  int // how many there are, each waited for
}

// The orders that such a process takes, one JSON object to a line; it ends with its standard input.
const (
	orderStart  = "start"  // begin to wait for all; answered with the usage when each has seen its first state
	orderAgain  = "again"  // begin again to wait for one that had ended; not answered
	orderUsage  = "usage"  // report the usage
	orderMemory = "memory" // collect garbage and report the memory
)

type order struct {
	Do    string
	Index int
}

// news is what comes back, one JSON object to a line: an end, an error, or the answer to an order.
type news struct {
	End    *end    `json:",omitempty"`
	Error  string  `json:",omitempty"`
	Answer *answer `json:",omitempty"`
}

type answer struct {
	Usage  usage
	Memory memory // more than before the start
	List   int64  // the most memory while a list was read
}

// end is that a workflow was seen to have ended.
type end struct {
	Index   int
	Version string
	// Arrived is when the event was there, 0 if it was not an event that reported the end; Reported is when the
	// waiter or handler was called. Both are by nanos.
	Arrived, Reported int64
}

// process is a peer's process, from the side of its parent.
type process struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	answers chan answer

	mu     sync.Mutex // of orders
	orders *json.Encoder
}

// startProcess starts this program once more, as a peer. It ends with ctx, with this process, or by stop.
// One goroutine calls ended and failed.
func startProcess(ctx context.Context, t task, ended func(end), failed func(error)) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, "--peer", string(text)), answers: make(chan answer, 1)}
	p.cmd.Stderr = os.Stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a process for %s: %w", t.Way, err)
	}
	p.orders = json.NewEncoder(p.stdin)
	go p.listen(stdout, ended, failed)
	return p, nil
}

// listen returns when the process ends.
func (p *process) listen(stdout io.Reader, ended func(end), failed func(error)) {
	defer close(p.answers)
	lines := json.NewDecoder(stdout)
	for {
		var n news
		if err := lines.Decode(&n); err != nil {
			if !errors.Is(err, io.EOF) {
				failed(fmt.Errorf("read from the process: %w", err))
			}
			return
		}
		switch {
		case n.End != nil:
			ended(*n.End)
		case n.Answer != nil:
			p.answers <- *n.Answer
		default:
			failed(errors.New(n.Error))
		}
	}
}

func (p *process) order(o order) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.orders.Encode(o)
}

// ask gives an order and waits for the answer.
func (p *process) ask(ctx context.Context, do string) (answer, error) {
	if err := p.order(order{Do: do}); err != nil {
		return answer{}, err
	}
	select {
	case a, open := <-p.answers:
		if !open {
			return answer{}, errors.New("the process has ended")
		}
		return a, nil
	case <-ctx.Done():
		return answer{}, context.Cause(ctx)
	}
}

// stop ends the process and waits until it has.
func (p *process) stop() error {
	closed := p.stdin.Close()
	kill := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	for range p.answers { // until its output ends, which has to be read before Wait
	}
	return errors.Join(closed, p.cmd.Wait())
}
