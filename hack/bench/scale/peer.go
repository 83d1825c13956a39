package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/rpc"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// task is what a process of its own is started for.
type task struct {
	Way        string
	Kubeconfig string
	Namespace  string
	Workflows  int // how many there are, each waited for
}

// End is that a workflow was seen to have ended.
type End struct {
	Index   int
	Version string
	// Arrived is when the event was there, 0 if it was not an event that reported the end; Reported is when the
	// waiter or handler was called. Both are by nanos.
	Arrived, Reported int64
}

// peer is a process of its own that waits in one way, so that what it uses is its own. Its parent calls the
// exported methods over its standard input and output.
type peer struct {
	task
	*meter
	config  *rest.Config // metered
	start   func() (again func(index int), err error)
	again   func(index int)
	before  Memory // the start
	highest int64

	ends   chan End
	errors chan error
	done   <-chan struct{}
}

// runPeer serves until standard input ends.
func runPeer(ctx context.Context, text string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p := &peer{ends: make(chan End, 1000), errors: make(chan error, 1), done: ctx.Done()}
	if err := json.Unmarshal([]byte(text), &p.task); err != nil {
		return fmt.Errorf("read task: %w", err)
	}
	way, known := map[string]func(context.Context) (func(int), error){
		ours: p.wait, informer: p.inform, polling: p.poll, listPaged: p.listPaged, listAtOnce: p.listAtOnce,
	}[p.Way]
	if !known {
		return fmt.Errorf("unknown way %q", p.Way)
	}
	p.start = func() (func(int), error) { return way(ctx) }
	cfg, err := clientcmd.BuildConfigFromFlags("", p.Kubeconfig)
	if err != nil {
		return err
	}
	cfg.QPS = -1 // client-go would throttle those that are compared
	p.meter = newMeter(p.Workflows)
	p.config = p.metered(cfg)
	p.before = settledMemory() // with all that measuring needs
	server := rpc.NewServer()
	if err := server.RegisterName("peer", p); err != nil {
		return err
	}
	server.ServeConn(&stdio{ended: stop})
	return nil
}

// stdio is the connection to the parent.
type stdio struct{ ended func() }

func (s *stdio) Read(b []byte) (int, error) {
	n, err := os.Stdin.Read(b)
	if err != nil {
		s.ended()
	}
	return n, err
}

func (s *stdio) Write(b []byte) (int, error) { return os.Stdout.Write(b) }

func (s *stdio) Close() error { return nil }

// Start begins to wait for all workflows and blocks until each has been seen. It returns what that took.
func (p *peer) Start(_ int, used *Usage) error {
	before, err := p.usage()
	if err != nil {
		return err
	}
	if p.again, err = p.start(); err != nil {
		return err
	}
	after, err := p.usage()
	*used = after.since(before)
	return err
}

// Again begins again to wait for a workflow that had ended.
func (p *peer) Again(index int, _ *int) error {
	p.again(index)
	return nil
}

// Usage returns what was used since the process started.
func (p *peer) Usage(_ int, now *Usage) (err error) {
	*now, err = p.usage()
	return err
}

// Memory collects garbage and returns by how much the memory has grown since before the start.
func (p *peer) Memory(_ int, more *Memory) error {
	now := settledMemory()
	*more = Memory{Heap: now.Heap - p.before.Heap, Stacks: now.Stacks - p.before.Stacks}
	return nil
}

// Highest returns the most memory that was in use while workflows were listed.
func (p *peer) Highest(_ int, most *int64) error {
	*most = p.highest
	return nil
}

// Ends blocks until there are ends to report. It returns none when the process is to end.
func (p *peer) Ends(_ int, ends *[]End) error {
	select {
	case e := <-p.ends:
		*ends = append(*ends, e)
	case err := <-p.errors:
		return err
	case <-p.done:
	}
	return nil
}

// ended reports an end that was reported to the waiter or handler at that time.
func (p *peer) ended(index int, version string, reported int64) {
	p.ends <- End{Index: index, Version: version, Arrived: p.arrival(index, version), Reported: reported}
}

// failed reports what must not happen.
func (p *peer) failed(err error) {
	select {
	case p.errors <- err:
	default: // one is enough
	}
}
