package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"time"
)

// process is a peer's process, from the side of its parent. Calls of rpc end with it.
type process struct {
	rpc  *rpc.Client
	cmd  *exec.Cmd
	over chan struct{} // closed when nothing more is reported
}

// startProcess starts this program once more, as a peer. It ends with ctx, with this process, or by stop.
// ended is called for each end that the peer reports, failed if the peer fails; one goroutine calls both.
func startProcess(ctx context.Context, t task, ended func(End), failed func(error)) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, "--peer", string(text)), over: make(chan struct{})}
	p.cmd.Stderr = os.Stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.rpc = rpc.NewClient(struct {
		io.Reader
		io.WriteCloser
	}{stdout, stdin})
	go func() {
		defer close(p.over)
		for {
			var ends []End
			if err := p.rpc.Call("peer.Ends", 0, &ends); err != nil {
				failed(fmt.Errorf("wait by %s: %w", t.Way, err))
				return
			}
			if len(ends) == 0 {
				return
			}
			for _, e := range ends {
				ended(e)
			}
		}
	}()
	return p, nil
}

// stop ends the process, by closing its standard input, and waits until it has ended.
func (p *process) stop() error {
	closed := p.rpc.Close()
	kill := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.over // its output has to be read before Wait
	return errors.Join(closed, p.cmd.Wait())
}
