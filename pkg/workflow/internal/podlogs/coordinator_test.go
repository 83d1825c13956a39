package podlogs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// countingBody is a log whose lines arrive one at a time. It calls end before the line with number
// at, and continues.
type countingBody struct {
	n   *atomic.Int64
	at  int64
	end func()
}

func (b *countingBody) Read(p []byte) (int, error) {
	n := b.n.Add(1)
	if n == b.at {
		b.end()
	}
	if n > 100 {
		return 0, io.EOF
	}
	return copy(p, fmt.Sprintf("2026-11-23T10:%02d:%02dZ line\n", n/60, n%60)), nil
}

func (*countingBody) Close() error { return nil }

// A call can end at any moment while the backlog is merged.
func TestFollowEndsWhileBacklogIsMerged(t *testing.T) {
	const calls = 250
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("no watch"))
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprintf("the watch is refused: %v", refused), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			for range calls {
				ctx, cancel := context.WithCancel(t.Context())
				refuse := make(chan struct{})
				body := &countingBody{n: &atomic.Int64{}, at: random.Int64N(100) + 1, end: cancel}
				if refused {
					body.end = func() { close(refuse) }
				}
				c := &cluster{pods: podList(1, 2, "running")}
				c.log = func(*http.Request) (io.ReadCloser, error) { return body, nil }
				c.watchErr = func(ctx context.Context) error {
					select {
					case <-refuse:
						return forbidden
					case <-ctx.Done():
						return ctx.Err()
					}
				}
				err := c.find(t, state(status.PhaseRunning)).Follow(ctx, unchanged, func(Line) error { return nil })
				cancel()
				var interrupted *pace.InterruptedError
				if !refused && !errors.As(err, &interrupted) || refused && !apierrors.IsForbidden(err) {
					t.Fatal(err)
				}
			}
		})
	}
}

// oneLine answers each request with one line that names the pod.
func oneLine(r *http.Request) (io.ReadCloser, error) {
	pod := strings.Split(r.URL.Path, "/")[6]
	return io.NopCloser(strings.NewReader("2026-11-23T10:00:01Z " + pod + "\n")), nil
}

// For a completed workflow, Follow emits the same lines as Read, and needs no states.
func TestFollowOfCompletedIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{pods: podList(3, 1, "terminated"), log: oneLine}
		logs := c.find(t, state(status.PhaseSucceeded))
		for name, call := range map[string]func(emit func(Line) error) error{
			"read":   func(emit func(Line) error) error { return logs.Read(t.Context(), emit) },
			"follow": func(emit func(Line) error) error { return logs.Follow(t.Context(), nil, emit) },
		} {
			if got, err := collect(call); err != nil || !slices.Equal(got, []string{"p0", "p1", "p2"}) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	})
}

// Pods that are added are followed until the workflow has ended and its containers have ended or
// the wait for them is over.
func TestFollowEndsWithWorkflow(t *testing.T) {
	deleted := errors.New("deleted")
	for name, tc := range map[string]struct {
		kind string // of containers when the workflow ends
		end  error  // of the workflow's states
		most time.Duration
	}{
		"all containers have ended": {"terminated", nil, endGrace + time.Second},
		"containers run on":         {"running", nil, drainTimeout + time.Second},
		"the workflow is deleted":   {"terminated", &DeletedError{Err: deleted}, endGrace + time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const runs = time.Minute
				began := time.Now()
				all := podList(2, 1, "running")
				c := &cluster{pods: podList(1, 1, "running"), added: all["items"].([]any)[1:]}
				c.log = func(r *http.Request) (io.ReadCloser, error) {
					body, err := oneLine(r)
					if isFollowed(r) {
						return io.NopCloser(io.MultiReader(body, untilDone{r.Context()})), nil
					}
					return body, err
				}
				states := func(_ context.Context, deliver func(*status.WorkflowStatus)) error {
					time.Sleep(runs)
					c.pods = podList(2, 1, tc.kind)
					if tc.end != nil {
						return tc.end
					}
					deliver(state(status.PhaseSucceeded))
					return nil
				}
				got, err := collect(func(emit func(Line) error) error {
					return c.find(t, state(status.PhaseRunning)).Follow(t.Context(), states, emit)
				})
				var want error
				if tc.end != nil {
					want = deleted
				}
				if err != want || !slices.Equal(got, []string{"p0", "p1"}) { //nolint:errorlint // returned as it is
					t.Errorf("%q, %v", got, err)
				}
				if took := time.Since(began); took < runs || took > runs+tc.most {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// Without the nodes it is unknown which pods a selector selects.
func TestFollowEndsWhenNodesBecomeUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{pods: podList(1, 1, "running"), log: oneLine}
		logs := c.find(t, state(status.PhaseRunning))
		logs.selection.Nodes = selector(t, "displayName=shard")
		got, err := collect(func(emit func(Line) error) error {
			return logs.Follow(t.Context(), func(ctx context.Context, deliver func(*status.WorkflowStatus)) error {
				later := state(status.PhaseRunning)
				later.NodesErr = status.ErrNodesOffloaded
				deliver(later)
				<-ctx.Done()
				return ctx.Err()
			}, emit)
		})
		if err != status.ErrNodesOffloaded || len(got) > 0 { //nolint:errorlint // returned as it is
			t.Errorf("%q, %v", got, err)
		}
	})
}

// A pod that is deleted before its log is read is reported after all lines of the others.
func TestLogsOfPodsThatAreDeletedMeanwhile(t *testing.T) {
	deleted := apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, "p1")
	for _, following := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := &cluster{pods: podList(3, 1, "terminated")}
			c.log = func(r *http.Request) (io.ReadCloser, error) {
				if strings.Contains(r.URL.Path, "/p1/") {
					return nil, deleted
				}
				return oneLine(r)
			}
			logs := c.find(t, state(status.PhaseSucceeded))
			got, err := collect(func(emit func(Line) error) error {
				if following {
					return logs.Follow(t.Context(), nil, emit)
				}
				return logs.Read(t.Context(), emit)
			})
			var incomplete *IncompleteError
			if !errors.As(err, &incomplete) || incomplete.Err != nil || !slices.Equal(incomplete.Missing, []Missing{{"p1", "c0"}}) {
				t.Errorf("follow %v: %v", following, err)
			}
			if want := []string{"p0", "p2"}; !slices.Equal(got, want) {
				t.Errorf("follow %v: %q, want %q", following, got, want)
			}
		})
	}
}

// The last known state of a deleted pod shows whether its containers had a log.
func TestRemovedPodsAreMissing(t *testing.T) {
	for name, tc := range map[string]struct {
		started, unseen, want bool
	}{
		"had started":                       {true, false, true},
		"had not started":                   {false, false, false},
		"was deleted while no watch was on": {false, true, true},
	} {
		s := state(status.PhaseRunning)
		s.Nodes = []*status.Node{{ID: "w-4", DisplayName: "other", Type: status.NodeTypePod}}
		c := newCoordinator(&Logs{client: &Client{}, workflow: s}, func(error) {})
		first := &pod{name: "p", uid: "p-1", nodeID: "w-4", containers: []container{{name: "main"}}}
		c.update(t.Context(), first, false)
		last := *first
		last.containers = []container{{name: "main", started: tc.started, ended: tc.started}}
		c.remove(&last, tc.unseen)
		if got := len(c.missing) > 0; got != tc.want || len(c.pods) > 0 {
			t.Errorf("%s: %v", name, c.missing)
		}
	}
}
