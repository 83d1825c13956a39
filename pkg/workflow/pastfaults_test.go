package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// A workflow ends, is archived and deleted between the read and the write of a verb. It is in the history
// then, so it is not one that does not exist.
func TestVerbsDuringTheHandOver(t *testing.T) {
	for verb, call := range map[string]func(context.Context, *WorkflowClient) error{
		"stop":      func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, "w", StopOptions{}) },
		"terminate": func(ctx context.Context, c *WorkflowClient) error { return c.Terminate(ctx, "w", TerminateOptions{}) },
		"suspend":   func(ctx context.Context, c *WorkflowClient) error { return c.Suspend(ctx, "w", SuspendOptions{}) },
		"resume": func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, "w", ResumeOptions{})
			return err
		},
	} {
		s, m := apitest.New(), &historyStore{}
		s.SetPhase("w", "Running")
		cfg := s.Config(t)
		cfg.Transport = transport(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPatch && s.Object("w") != nil {
				m.archived(t, s, "w", "Succeeded", monday)
			}
			return s.RoundTrip(r)
		})
		c, err := NewForConfig(cfg, Options{History: m})
		if err != nil {
			t.Fatal(err)
		}
		if err := call(t.Context(), c); !errors.Is(err, ErrCompleted) || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", verb, err)
		}
	}
}

// hung is a node store whose database has stopped to answer, without closing its connections.
type hung struct{ rows }

func (*hung) Nodes(ctx context.Context, _ NodesRef) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// What needs no nodes does not wait for a store that does not answer.
func TestNodeStoreThatDoesNotAnswer(t *testing.T) {
	for verb, call := range map[string]func(context.Context, *WorkflowClient) error{
		"get":  func(ctx context.Context, c *WorkflowClient) error { _, err := c.Get(ctx, "w"); return err },
		"stop": func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, "w", StopOptions{}) },
		"wait": func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Wait(ctx, "w", Completed)
			return err
		},
	} {
		t.Run(verb, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.New()
				offloadedGate(t, s, &rows{})
				if verb == "wait" {
					s.SetPhase("w", "Succeeded")
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				if err := call(ctx, clientOf(t, s, Options{NodeStore: &hung{}, RetryFor: 10 * time.Second})); err != nil || time.Since(began) > 10*time.Minute {
					t.Errorf("%s: %v after %v", verb, err, time.Since(began))
				}
			})
		})
	}
}

func TestListAndANodeStoreThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &rows{}
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			s.Put(name, func(wf *unstructured.Unstructured) {
				_ = unstructured.SetNestedMap(wf.Object, gateNode("Running"), "status", "nodes")
				r.offload(t, wf)
			})
		}
		s.Put("suspended", func(wf *unstructured.Unstructured) {
			_ = unstructured.SetNestedField(wf.Object, true, "spec", "suspend")
			r.offload(t, wf)
		})
		c := clientOf(t, s, Options{NodeStore: &hung{}, RetryFor: 10 * time.Second})
		began, listed := time.Now(), 0
		for got, err := range c.List(t.Context(), ListOptions{}) {
			if listed++; err != nil || !errors.Is(got.NodesErr, ErrHistory) {
				t.Errorf("%+v, %v", got, err)
			}
		}
		if took := time.Since(began); listed != 7 || took > time.Minute {
			t.Errorf("%d after %v", listed, took)
		}
		began = time.Now() // soon after
		if err := c.Stop(t.Context(), "a", StopOptions{}); err != nil || time.Since(began) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		// Whether these wait at a gate is not known, so they are not left out.
		for _, outcome := range []status.Outcome{status.OutcomeSuspended, status.OutcomeRunning} {
			unknown, known := 0, 0
			for got, err := range c.List(t.Context(), ListOptions{Outcomes: []status.Outcome{outcome}}) {
				var failed *Error
				switch {
				case err == nil:
					known++
				case got == nil && errors.Is(err, ErrHistory) && errors.As(err, &failed) && failed.Name != "":
					unknown++
				default:
					t.Errorf("%+v, %v", got, err)
				}
			}
			if unknown != 6 || outcome == status.OutcomeSuspended != (known == 1) {
				t.Errorf("%s: %d, and %d that cannot be known", outcome, known, unknown)
			}
		}
		for got, err := range c.List(t.Context(), ListOptions{Outcomes: status.CompletedOutcomes()}) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// counting is a node store that takes a while, and counts the reads that are under way.
type counting struct {
	rows

	now, most atomic.Int32
}

func (n *counting) Nodes(ctx context.Context, ref NodesRef) ([]byte, error) {
	defer n.now.Add(-1)
	for now := n.now.Add(1); ; {
		if most := n.most.Load(); now <= most || n.most.CompareAndSwap(most, now) {
			break
		}
	}
	time.Sleep(100 * time.Millisecond)
	return n.rows.Nodes(ctx, ref)
}

// Many calls don't open a connection to the database each.
func TestManyReadsOfANodeStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &counting{}
		offloadedGate(t, s, &r.rows)
		c := clientOf(t, s, Options{NodeStore: r})
		var calls sync.WaitGroup
		for range 300 {
			calls.Go(func() {
				if got, err := c.Wait(t.Context(), "w", Suspended); err != nil || got.NodesErr != nil {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		calls.Wait()
		if most := r.most.Load(); most > 16 {
			t.Errorf("%d reads at the same time", most)
		}
	})
}

// A call whose own context ends says nothing about the store, and neither does a row that cannot be read. So
// the next call still repeats its question for RetryFor.
func TestWhatIsNoOutageOfTheNodeStore(t *testing.T) {
	for name, first := range map[string]func(cancel func()) error{
		"a caller that gives up":  func(cancel func()) error { cancel(); return context.Canceled },
		"a row that is too large": func(func()) error { return errors.New("a row of 70 MiB exceeds the limit") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := apitest.New(), &rows{}
				offloadedGate(t, s, r)
				c := clientOf(t, s, Options{NodeStore: r, RetryFor: 10 * time.Second})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r.fail = func() error { return first(cancel) }
				_, _ = c.Get(ctx, "w")
				failures := 0
				r.fail = func() error {
					if failures++; failures < 3 {
						return io.ErrUnexpectedEOF
					}
					return nil
				}
				if got, err := c.Get(t.Context(), "w"); err != nil || got.NodesErr != nil {
					t.Errorf("%s: the next call is not repeated: %v, %v", name, err, got.NodesErr)
				}
			})
		})
	}
}

// rawHistory returns what it keeps, without copying it.
type rawHistory struct{ *historyStore }

func (h rawHistory) ByUID(context.Context, string, types.UID) (*unstructured.Unstructured, error) {
	return h.kept[0], nil
}

func (h rawHistory) ByName(context.Context, string, string) (*unstructured.Unstructured, error) {
	return h.kept[0], nil
}

// A history returns an object with a number as Go's own decoders have it, and not those of Kubernetes. That
// may be an error, and must not end the process.
func TestTypesThatKubernetesDoesNotKnow(t *testing.T) {
	for name, value := range map[string]any{"a number": 3, "a list": []string{"a"}, "a map": map[string]string{"a": "b"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newCollecting(t)
				c := clientOf(t, s.Server, Options{History: rawHistory{s.historyStore}})
				failedPast(t, s, "")
				s.kept[0].Object["spec"].(map[string]any)["other"] = value
				for verb, call := range map[string]func() error{
					"get":      func() error { _, err := c.Get(t.Context(), "w"); return err },
					"retry":    func() error { _, err := c.Retry(t.Context(), "w", RetryOptions{}); return err },
					"resubmit": func() error { _, err := c.Resubmit(t.Context(), "w", ResubmitOptions{Name: "again"}); return err },
				} {
					if err := recovered(call); err != nil {
						t.Errorf("%s, %s: %v", name, verb, err)
					}
					if s.Object("w") != nil { // it was retried
						s.Remove("w")
					}
				}
			})
		})
	}
}

func recovered(call func() error) (panicked error) {
	defer func() {
		if r := recover(); r != nil {
			panicked = fmt.Errorf("panic: %v", r)
		}
	}()
	_ = call()
	return nil
}

// A Retry writes startedAt by the clock of its client, which may be behind the controller's. The archive has
// the end of the first run, which Wait must not take for that of the second.
func TestOldEndOfARetriedWorkflowAndClocksThatDiffer(t *testing.T) {
	for name, tc := range map[string]struct{ first, second string }{ // the IDs of the retries that began the runs
		"the first run": {"", "r"}, "another client's second run": {"q", "r"}, "a retry by the argo CLI": {"", ""},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { oldEnd(t, tc.first, tc.second) }) })
	}
}

func oldEnd(t *testing.T, first, second string) {
	t.Helper()
	s, m := apitest.New(), &historyStore{}
	begun := func(wf *unstructured.Unstructured, at, retry string) {
		set(wf, at, "status", "startedAt")
		if retry != "" {
			set(wf, retry, "metadata", "annotations", naming.AnnotationRetryID)
		}
	}
	s.Put("w", func(wf *unstructured.Unstructured) { begun(wf, monday, second) })
	old := s.Object("w") // the run before, which began before, by a clock that is ahead
	unstructured.RemoveNestedField(old.Object, "metadata", "annotations")
	begun(old, "2026-11-02T00:04:00Z", first)
	old.SetResourceVersion("50")
	set(old, "Failed", "status", "phase")
	time.AfterFunc(time.Minute, func() {
		s.Set(func() { s.Refuse = func(*http.Request) error { return io.ErrUnexpectedEOF } })
		s.Cut(nil)
		m.add(old)
		s.Remove("w") // by a person, while it runs
		s.Compact()
		s.Set(func() { s.Refuse = nil })
	})
	if got, err := clientOf(t, s, Options{History: m}).Wait(t.Context(), "w", Completed); !errors.Is(err, ErrDeleted) {
		t.Errorf("the old end is returned: %+v, %v", got, err)
	}
}
