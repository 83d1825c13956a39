package faults_test

import (
	"maps"
	"net/http"
	"sync"

	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// caller is a client under test with its own connections.
type caller struct {
	*workflow.WorkflowClient

	conns faults.Conns
	// nobodys means that no controller picks up the workflows that the caller starts. The test ends
	// them.
	nobodys bool

	mu         sync.Mutex
	transports []http.RoundTripper
	answers    map[int]int // by status code
}

// wrap keeps a transport, to close its connections later, and counts the responses.
func (c *caller) wrap(next http.RoundTripper) http.RoundTripper {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.transports = append(c.transports, next)
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil {
			c.mu.Lock()
			c.answers[resp.StatusCode]++
			c.mu.Unlock()
		}
		return resp, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answered returns the number of responses with the status code.
func (c *caller) answered(code int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answers[code]
}

// refusals returns the number of responses for each status code from 400.
func (c *caller) refusals() map[int]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	refused := maps.Clone(c.answers)
	maps.DeleteFunc(refused, func(code, _ int) bool { return code < http.StatusBadRequest })
	return refused
}

// closeIdle closes the idle connections and returns how many are left.
func (c *caller) closeIdle() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.transports {
		utilnet.CloseIdleConnectionsFor(t)
	}
	return c.conns.Open()
}
