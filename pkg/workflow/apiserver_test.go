package workflow

import (
	"context"
	"testing"

	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// clientOf returns a client of the server.
func clientOf(t testing.TB, s *apitest.Server, opts Options) *WorkflowClient {
	t.Helper()
	c, err := NewForConfig(s.Config(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clientsOf returns a client of each kind for the same server.
func clientsOf(t *testing.T, s *apitest.Server) map[string]*WorkflowClient {
	t.Helper()
	return clientsWith(t, s, Options{})
}

// clientsWith is clientsOf with options.
func clientsWith(t *testing.T, s *apitest.Server, opts Options) map[string]*WorkflowClient {
	t.Helper()
	dyn, err := dynamic.NewForConfig(s.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	overDynamic, err := New(dyn, opts)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*WorkflowClient{"NewForConfig": clientOf(t, s, opts), "New": overDynamic}
}

// waits starts a wait on each of the first workflows of a server.
func waits(ctx context.Context, c *WorkflowClient, count int, until Condition) chan Result[*status.WorkflowStatus] {
	results := make(chan Result[*status.WorkflowStatus], count)
	for i := range count {
		go func() { results <- ResultOf(c.Wait(ctx, apitest.Name(i), until)) }()
	}
	return results
}
