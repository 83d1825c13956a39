package opensearchtest

import (
	"context"
	"net/http"
	"path"
	"slices"
	"time"
)

// Fault is something that goes wrong with the requests that match.
type Fault struct {
	// Method and Path match requests; "": all. Path is a pattern of [path.Match], such as
	// /*/_msearch.
	Method, Path string
	// Skip lets that many requests pass that match, before the first that it strikes.
	Skip int
	// Times is how many it strikes; 0: all from then on.
	Times int

	// Delay passes before the request is looked at, or the client gives up.
	Delay time.Duration
	// Cut ends the connection instead of looking at the request.
	Cut bool
	// Status is answered instead of looking at the request, with Body, or else an error in the usual
	// form; 0: it is looked at.
	Status int
	Body   string
	// Rewrite changes the body of the answer; nil: it doesn't.
	Rewrite func(body []byte) []byte
	// CutAfter ends the connection instead of answering, when everything is done.
	CutAfter bool
}

type fault struct {
	Fault
	matched int
}

// Inject lets something go wrong until remove is called. Of several that strike a request only the
// one that was injected first does.
func (c *Cluster) Inject(f Fault) (remove func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	added := &fault{Fault: f}
	c.faults = append(c.faults, added)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.faults = slices.DeleteFunc(c.faults, func(f *fault) bool { return f == added })
	}
}

// strike finds the fault for a request; nil: none.
func (c *Cluster) strike(method, at string) *fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		if f.Method != "" && f.Method != method {
			continue
		}
		if ok, err := path.Match(f.Path, at); f.Path != "" && (err != nil || !ok) {
			continue
		}
		f.matched++
		if f.matched > f.Skip && (f.Times == 0 || f.matched <= f.Skip+f.Times) {
			return f
		}
	}
	return nil
}

// wait waits for the delay; false: the client has given up.
func (f *fault) wait(ctx context.Context) bool {
	if f.Delay == 0 {
		return true
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (f *fault) instead() *answer {
	if f.Body != "" {
		return &answer{status: f.Status, header: map[string]string{"Content-Type": "text/plain; charset=UTF-8"}, body: []byte(f.Body)}
	}
	kinds := map[int]string{
		http.StatusForbidden: "security_exception", http.StatusTooManyRequests: "rejected_execution_exception",
		http.StatusServiceUnavailable: "cluster_block_exception",
	}
	kind := kinds[f.Status]
	if kind == "" {
		kind = "exception"
	}
	return answerProblem(&problem{Status: f.Status, Type: kind, Reason: "injected"})
}
