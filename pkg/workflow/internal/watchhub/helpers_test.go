package watchhub

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

var workflows = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}

// retryFor and idleTimeout are those of a client's default options.
const (
	retryFor    = 30 * time.Second
	idleTimeout = 90 * time.Second
)

// makeHub returns a hub over REST.
type makeHub func(t testing.TB, s *apitest.Server, cfg Config) *Hub

// forBoth runs a test on a hub whose watches bring whole workflows, and on one whose watches bring
// rows.
func forBoth(t *testing.T, test func(t *testing.T, newHub makeHub)) {
	t.Helper()
	t.Run("workflows", func(t *testing.T) { test(t, newHub) })
	t.Run("rows", func(t *testing.T) {
		test(t, func(t testing.TB, s *apitest.Server, cfg Config) *Hub {
			t.Helper()
			return newHub(t, s, cfg).rows
		})
	})
}

// newHub returns a hub over REST.
func newHub(t testing.TB, s *apitest.Server, cfg Config) *Hub {
	t.Helper()
	return hubFor(t, s.Config(t), cfg)
}

func hubFor(t testing.TB, client *rest.Config, cfg Config) *Hub {
	t.Helper()
	overREST, err := source.NewREST(client, client, workflows, "ma")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Source = overREST
	return withDefaults(cfg)
}

func withDefaults(cfg Config) *Hub {
	cfg.RetryFor, cfg.IdleTimeout = cmp.Or(cfg.RetryFor, retryFor), cmp.Or(cfg.IdleTimeout, idleTimeout)
	cfg.Outage = &pace.Outage{}
	return New(cfg)
}

// hubsOf returns a hub for each kind of source of the same server.
func hubsOf(t *testing.T, s *apitest.Server) map[string]*Hub {
	t.Helper()
	client, err := dynamic.NewForConfig(s.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*Hub{
		"REST":    newHub(t, s, Config{}),
		"rows":    newHub(t, s, Config{}).rows,
		"dynamic": withDefaults(Config{Source: source.NewDynamic(client.Resource(workflows).Namespace("ma"))}),
	}
}

type condition func(*status.WorkflowStatus) (bool, error)

func completed(s *status.WorkflowStatus) (bool, error) { return s.Completed(), nil }

var errEndedBefore = errors.New("the workflow ended before the condition was met")

// wait follows a workflow until the condition holds.
func wait(ctx context.Context, h *Hub, name string, until condition) (reached *status.WorkflowStatus, err error) {
	err = h.Follow(ctx, Target{Name: name, EndOnly: h.ofRows}, func(s State) (bool, error) {
		done, err := until(s.Status)
		if reached = s.Status; err == nil && !done && s.Status.Completed() {
			err = errEndedBefore
		}
		return done, err
	})
	return reached, err
}

// result is the outcome of a wait.
type result struct {
	status *status.WorkflowStatus
	err    error
}

// waits starts a wait on each of the first workflows of a server.
func waits(ctx context.Context, h *Hub, count int, until condition) chan result {
	results := make(chan result, count)
	for i := range count {
		go func() {
			s, err := wait(ctx, h, apitest.Name(i), until)
			results <- result{s, err}
		}()
	}
	return results
}

// allEnd returns how many waits have succeeded for each name.
func allEnd(t *testing.T, results chan result, count int) map[string]int {
	t.Helper()
	ends := map[string]int{}
	for range count {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
			continue
		}
		ends[r.status.Name]++
	}
	return ends
}

func refused() error {
	return apierrors.NewForbidden(schema.GroupResource{Group: workflows.Group, Resource: "workflows"}, "", errors.New("no"))
}
