package opensearchtest

import "slices"

// Request is a request that came in.
type Request struct {
	Method, Path, Query string
	// Host is what the client takes the cluster for.
	Host string
	// Status is what was answered; 0: nothing.
	Status int
}

const mostLogged = 10_000

// Requests are the last 10,000 requests, oldest first.
func (c *Cluster) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}

func (c *Cluster) log(r Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.requests) == mostLogged {
		c.requests = slices.Delete(c.requests, 0, 1)
	}
	c.requests = append(c.requests, r)
}
