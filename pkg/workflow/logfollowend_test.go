package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// runningPods is a pod with two containers that run.
const runningPods = `{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"7"},"items":[
{"metadata":{"name":"p","uid":"p-1","annotations":{"workflows.argoproj.io/node-id":"w-4"}},
 "spec":{"restartPolicy":"Never","containers":[{"name":"main"},{"name":"wait"}]},
 "status":{"phase":"Running","containerStatuses":[
  {"name":"main","state":{"running":{"startedAt":"2026-11-23T10:00:00Z"}}},
  {"name":"wait","state":{"running":{"startedAt":"2026-11-23T10:00:00Z"}}}]}}]}`

// endingBody is a log whose lines come one at a time. Before line number at it ends the
// following, and goes on.
type endingBody struct {
	n   *atomic.Int64
	at  int64
	end func()
}

func (b *endingBody) Read(p []byte) (int, error) {
	n := b.n.Add(1)
	if n == b.at {
		b.end()
	}
	if n > 100 {
		return 0, io.EOF
	}
	// Each line has a second of its own, so the position begins a new map for each.
	return copy(p, fmt.Sprintf("2026-11-23T10:%02d:%02dZ line\n", n/60, n%60)), nil
}

func (*endingBody) Close() error { return nil }

// A following can end at any moment while what was written before it is merged.
func TestFollowingEndsWhileBacklogIsMerged(t *testing.T) {
	const calls = 250
	workflow, err := json.Marshal(workflowObject(t, loggedYAML))
	if err != nil {
		t.Fatal(err)
	}
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("no watch"))
	for _, way := range []string{"the context ends", "pods may not be watched"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			var body *endingBody // of the present call
			var refuse chan struct{}
			client := scripted(t, func(r *http.Request) (any, error) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/log"):
					return body, nil
				case strings.HasSuffix(r.URL.Path, "/pods") && isWatch(r):
					select {
					case <-refuse:
						return nil, forbidden
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
				case strings.HasSuffix(r.URL.Path, "/pods"):
					return json.RawMessage(runningPods), nil
				case isWatch(r):
					return silence{until: r.Context()}, nil
				}
				return json.RawMessage(workflow), nil
			})
			for range calls {
				ctx, cancel := context.WithCancel(t.Context())
				refuse = make(chan struct{})
				body = &endingBody{n: &atomic.Int64{}, at: random.Int64N(100) + 1, end: cancel}
				if way != "the context ends" {
					body.end = func() { close(refuse) }
				}
				err := readAllLogs(ctx, client)
				cancel()
				if !errors.Is(err, context.Canceled) && !errors.Is(err, ErrForbidden) {
					t.Fatal(err)
				}
			}
		})
	}
}

// readAllLogs follows to the end and returns the error.
func readAllLogs(ctx context.Context, c *WorkflowClient) error {
	for _, err := range c.Logs(ctx, "w", LogOptions{Follow: true}) {
		if err != nil {
			return err
		}
	}
	return nil
}
