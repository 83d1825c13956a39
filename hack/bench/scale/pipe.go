package main

import "sync"

const (
	// mostHeld is how much a pipe takes before it has the writer wait: seconds of
	// changes. It is reached only where a client reads everything there is.
	mostHeld = 4 << 20
	// mostKept is how much memory an empty pipe keeps.
	mostKept = 64 << 10
)

// pipe passes bytes from one goroutine to another without having the first wait.
type pipe struct {
	mu     sync.Mutex
	change sync.Cond
	held   []byte
	taken  int // of held
	err    error
}

func newPipe() *pipe {
	p := &pipe{}
	p.change.L = &p.mu
	return p
}

// put adds bytes. It tells whether it had to wait since there was too much already.
func (p *pipe) put(b []byte) (waited bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.held)-p.taken > mostHeld && p.err == nil {
		waited = true
		p.change.Wait()
	}
	if p.err == nil {
		p.held = append(p.held, b...)
		p.change.Broadcast()
	}
	return waited
}

// end has take return err once it has returned what is there. The first end counts.
func (p *pipe) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
	p.change.Broadcast()
}

// take blocks until there is something to read, or the end.
func (p *pipe) take(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.taken == len(p.held) {
		if p.err != nil {
			return 0, p.err
		}
		p.change.Wait()
	}
	n := copy(b, p.held[p.taken:])
	p.taken += n
	p.tidy()
	p.change.Broadcast()
	return n, nil
}

// tidy makes room for what comes, and gives back what a rush has taken.
func (p *pipe) tidy() {
	switch {
	case p.taken == len(p.held) && cap(p.held) > mostKept:
		p.held, p.taken = nil, 0
	case p.taken == len(p.held):
		p.held, p.taken = p.held[:0], 0
	case p.taken > mostKept:
		p.held = p.held[:copy(p.held, p.held[p.taken:])]
		p.taken = 0
	}
}
