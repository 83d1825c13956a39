package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Task is what a process of its own is started for.
type Task struct {
	Way        string
	Kubeconfig string
	Namespace  string
	Workflows  int // how many there are, each waited for
}

// End is that a workflow was seen to have ended, or that the peer has failed.
type End struct {
	Index   int
	Version string
	// Arrived is when the event was there, 0 if it was not an event that reported the end; Reported
	// is when the waiter or handler was called. Both are by nanos.
	Arrived, Reported int64
	Failure           string
}

// peer is a process of its own that waits in one way, so that what it uses is its own. Its parent
// calls the exported methods over its standard input and output.
type peer struct {
	Task
	*meter
	config *rest.Config // metered
	again  func(index int)
	before int64 // memory, at the start

	mu   sync.Mutex
	ends *json.Encoder
}

// endsFile is the file descriptor to which a peer writes ends.
const endsFile = 3

// runPeer serves until standard input ends.
func runPeer() error {
	server := rpc.NewServer()
	if err := server.RegisterName("peer", &peer{ends: json.NewEncoder(os.NewFile(endsFile, "ends"))}); err != nil {
		return err
	}
	server.ServeConn(connection{os.Stdin, os.Stdout})
	return nil
}

// connection is closed with its writer.
type connection struct {
	io.Reader
	io.WriteCloser
}

// Start begins to wait for all workflows and blocks until each has been seen. It returns what that
// took.
func (p *peer) Start(t Task, used *Usage) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", t.Kubeconfig)
	if err != nil {
		return err
	}
	cfg.QPS = -1 // client-go would throttle those that are compared
	p.Task, p.meter = t, newMeter(t.Workflows)
	p.config = p.metered(cfg)
	p.before = settledMemory() // with all that measuring needs
	if err := p.Usage(0, used); err != nil {
		return err
	}
	if p.again, err = p.ways()[t.Way](context.Background()); err != nil { // to the end of the process
		return err
	}
	return p.Usage(0, used)
}

// Again begins again to wait for a workflow that had ended.
func (p *peer) Again(index int, _ *int) error { //nolint:unparam // net/rpc demands the error
	p.again(index)
	return nil
}

// Memory collects garbage and returns by how much the memory has grown since before the start.
func (p *peer) Memory(_ int, more *int64) error { //nolint:unparam // net/rpc demands the error
	*more = settledMemory() - p.before
	return nil
}

// ended reports an end that was reported to the waiter or handler at that time.
func (p *peer) ended(index int, version string, reported int64) {
	p.send(End{Index: index, Version: version, Arrived: p.arrival(index, version), Reported: reported})
}

// send fails only if the parent has ended, and so does not need e.
func (p *peer) send(e End) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.ends.Encode(e)
}

// process is a peer's process, from the side of its parent. Calls of rpc end with it.
type process struct {
	rpc  *rpc.Client
	cmd  *exec.Cmd
	over chan struct{} // closed when nothing more is reported
}

// startProcess starts this program once more, as a peer. It ends with ctx, with this process, or by
// stop. One goroutine calls ended for each end that the peer reports, and failed if the peer fails.
func startProcess(ctx context.Context, ended func(End), failed func(error)) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, "--peer"), over: make(chan struct{})}
	p.cmd.Stderr = os.Stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	ends, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.ExtraFiles = []*os.File{theirs} // as endsFile
	if err := errors.Join(p.cmd.Start(), theirs.Close()); err != nil {
		return nil, err
	}
	p.rpc = rpc.NewClient(connection{stdout, stdin})
	go func() {
		defer close(p.over)
		lines := json.NewDecoder(ends)
		for {
			var e End
			if err := lines.Decode(&e); err != nil { // the process has ended
				_ = ends.Close()
				return
			}
			if e.Failure != "" {
				failed(errors.New(e.Failure))
				continue
			}
			ended(e)
		}
	}()
	return p, nil
}

// stop ends the process, by closing its standard input, and waits until it has ended.
func (p *process) stop() error {
	closed := p.rpc.Close()
	kill := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.over
	return errors.Join(closed, p.cmd.Wait())
}
