package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// Each operation begins and ends once, and what it sends has the context that Begin has returned.
func TestEveryOperationIsObserved(t *testing.T) {
	for op, do := range map[Op]func(ctx context.Context, c *WorkflowClient) error{
		OpCreate: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Create(ctx, workflowObject(t, `{kind: Workflow, metadata: {name: w}, spec: {}}`))
			return err
		},
		OpGet: func(ctx context.Context, c *WorkflowClient) error { _, err := c.Get(ctx, "w"); return err },
		OpList: func(ctx context.Context, c *WorkflowClient) (last error) {
			for _, err := range c.List(ctx, ListOptions{}) {
				last = err
			}
			return last
		},
		OpStart: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Start(ctx, StartRequest{Template: "it", Name: "w"})
			return err
		},
		OpWatch: func(ctx context.Context, c *WorkflowClient) (last error) {
			for _, err := range c.Watch(ctx, "w") {
				last = err
			}
			return last
		},
		OpWait:    func(ctx context.Context, c *WorkflowClient) error { _, err := c.Wait(ctx, "w", Completed); return err },
		OpSuspend: func(ctx context.Context, c *WorkflowClient) error { return c.Suspend(ctx, "w", SuspendOptions{}) },
		OpResume: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, "w", ResumeOptions{})
			return err
		},
		OpStop:      func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, "w", StopOptions{}) },
		OpTerminate: func(ctx context.Context, c *WorkflowClient) error { return c.Terminate(ctx, "w", TerminateOptions{}) },
		OpDelete:    func(ctx context.Context, c *WorkflowClient) error { return c.Delete(ctx, "w", DeleteOptions{}) },
		OpRetry: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Retry(ctx, "w", RetryOptions{})
			return err
		},
		OpResubmit: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resubmit(ctx, "w", ResubmitOptions{})
			return err
		},
		OpLogs: func(ctx context.Context, c *WorkflowClient) (last error) {
			for _, err := range c.Logs(ctx, "w", LogOptions{}) {
				last = err
			}
			return last
		},
		OpCheckAccess: func(ctx context.Context, c *WorkflowClient) error { return c.CheckAccess(ctx) },
	} {
		t.Run(string(op), func(t *testing.T) {
			r := &recorder{}
			sent := 0
			c := scriptedWith(t, Options{Observer: r, Backend: "mine"}, func(req *http.Request) (any, error) {
				sent++
				if got := req.Context().Value(told{}); got != op {
					t.Errorf("%s %s was sent with the context of %v", req.Method, req.URL, got)
				}
				return nil, apierrors.NewForbidden(schema.GroupResource{Resource: "workflows"}, "w", errors.New("no"))
			})
			err := do(t.Context(), c)
			if !errors.Is(err, ErrForbidden) || sent == 0 {
				t.Fatalf("%v, after %d requests", err, sent)
			}
			want := Call{Op: op, Backend: "mine", Namespace: "ma", Name: "w"}
			if op == OpList || op == OpCreate || op == OpCheckAccess {
				want.Name = ""
			}
			if len(r.begun) != 1 || len(r.ended) != 1 || len(r.alien) > 0 {
				t.Fatalf("begun %v, ended %v, alien %v", r.begun, r.ended, r.alien)
			}
			got := r.begun[0]
			if want.Began = got.Began; got != want || got.Began.IsZero() || time.Since(got.Began) > time.Hour {
				t.Errorf("began as %+v", got)
			}
			if op == OpCreate {
				want.Name = "w" // by the time it ends
			}
			if ended := r.ended[0]; ended.Call != want || !errors.Is(ended.err, err) {
				t.Errorf("ended as %+v", ended)
			}
		})
	}
}

// A start ends with the name that it has chosen; one that is refused before has none.
func TestObservedNames(t *testing.T) {
	r := &recorder{}
	c := scriptedWith(t, Options{Observer: r}, func(req *http.Request) (any, error) {
		if req.Method == http.MethodPost {
			return gateObject(t, "1", "Running", ""), nil // its name is w
		}
		return nil, apierrors.NewForbidden(schema.GroupResource{}, "", nil) // no template is read
	})
	if _, err := c.Start(t.Context(), StartRequest{Template: "it"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Start(t.Context(), StartRequest{}); !errors.Is(err, ErrInvalid) {
		t.Fatal(err)
	}
	if r.begun[0].Name != "" || r.ended[0].Name != "w" || r.ended[0].err != nil {
		t.Errorf("%+v, then %+v", r.begun[0], r.ended[0])
	}
	if r.ended[1].Name != "" || Reason(r.ended[1].err) != "Invalid" {
		t.Errorf("%+v", r.ended[1])
	}
	if _, err := c.Start(t.Context(), StartRequest{Template: "it", DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if r.begun[1].DryRun || !r.begun[2].DryRun || !r.ended[2].DryRun {
		t.Errorf("%+v, then %+v", r.begun[2], r.ended[2])
	}
}

// Attempts that are repeated are told of, with why, and how soon the next one follows.
func TestRetriesAreObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		patches := 0
		c := scriptedWith(t, Options{Observer: r}, func(req *http.Request) (any, error) {
			if req.Method != http.MethodPatch {
				return gateObject(t, "1", "Running", ""), nil
			}
			switch patches++; patches {
			case 1:
				return nil, apierrors.NewConflict(schema.GroupResource{}, "w", errors.New("changed"))
			case 2:
				return nil, apierrors.NewTooManyRequests("busy", 3)
			}
			return gateObject(t, "2", "Running", ""), nil
		})
		if err := c.Suspend(t.Context(), "w", SuspendOptions{}); err != nil {
			t.Fatal(err)
		}
		got := noted[Retrying](r)
		if len(got) != 2 || len(r.events) != 2 {
			t.Fatalf("%+v", r.events)
		}
		for i, reason := range []string{"Conflict", "Unavailable"} {
			if e := got[i]; e.Op != OpSuspend || e.Name != "w" || e.Namespace != "ma" || e.Backend != BackendNative || Reason(e.Err) != reason {
				t.Errorf("%+v", e)
			}
		}
		if got[1].After < 3*time.Second || got[0].After >= time.Second {
			t.Errorf("after %v and %v", got[0].After, got[1].After)
		}
	})
}

// An end that several calls have waited for is told once; each of them tells how long it took.
func TestEndsAreObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &recorder{}
		c := clientOf(t, s, Options{Observer: r})
		s.Put("w", nil)
		var running sync.WaitGroup
		for range 3 {
			running.Go(func() {
				if _, err := c.Wait(t.Context(), "w", Completed); err != nil {
					t.Error(err)
				}
			})
		}
		slow := 2 * time.Second
		running.Go(func() {
			_, err := c.Wait(t.Context(), "w", func(s *status.WorkflowStatus) (bool, error) {
				time.Sleep(slow)
				return Completed(s)
			})
			if err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Minute)
		s.SetPhase("w", "Running") // a state that nobody waits for, which the slow one takes its time with
		time.Sleep(time.Millisecond)
		s.SetPhase("w", "Succeeded")
		running.Wait()
		if _, err := c.Wait(t.Context(), "w", Completed); err != nil { // it has ended before
			t.Fatal(err)
		}
		ends := noted[WorkflowEnded](r)
		if len(ends) != 1 || ends[0].Status.Name != "w" || ends[0].Status.Outcome() != status.OutcomeSucceeded {
			t.Errorf("%+v", ends)
		}
		var delays []time.Duration
		for _, e := range noted[Reached](r) {
			if e.Op != OpWait || e.Status.Name != "w" {
				t.Errorf("%+v", e)
			}
			delays = append(delays, e.Delay)
		}
		slices.Sort(delays)
		if len(delays) != 5 || delays[3] > time.Second || delays[4] < slow-time.Second {
			t.Errorf("delays: %v", delays)
		}
		if len(r.alien) > 0 {
			t.Errorf("with no context of theirs: %v", r.alien)
		}
	})
}

func TestWatchesAreObserved(t *testing.T) {
	for name, tc := range map[string]struct {
		cut    error
		refuse bool // and for a while no other watch can be opened
		reason string
	}{
		"closed by the server": {},
		"cut off":              {cut: io.ErrUnexpectedEOF, reason: "Unavailable"},
		"not opened again":     {refuse: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := apitest.New(), &recorder{}
				s.Put("w", nil)
				ctx, cancel := context.WithCancel(t.Context())
				var waiting sync.WaitGroup
				waiting.Go(func() { _, _ = clientOf(t, s, Options{Observer: r}).Wait(ctx, "w", Completed) })
				time.Sleep(time.Second)
				s.Lock()
				if refused := 0; tc.refuse {
					s.Refuse = func(*http.Request) error {
						if refused++; refused <= 2 {
							return apierrors.NewServiceUnavailable("away")
						}
						return nil
					}
				}
				s.Unlock()
				s.Cut(tc.cut)
				time.Sleep(time.Minute)
				cancel()
				waiting.Wait()
				opened, closed := noted[WatchOpened](r), noted[WatchClosed](r)
				if len(opened) != 2 || opened[0].Again || !opened[1].Again || opened[0].Name != "w" || opened[0].Namespace != "ma" {
					t.Errorf("opened: %+v", opened)
				}
				if len(closed) != 2 || Reason(closed[0].Err) != tc.reason || closed[1].Err != nil {
					t.Errorf("closed: %+v", closed)
				}
				var want int
				if tc.refuse {
					want = 2
				}
				retries := noted[Retrying](r)
				if len(retries) != want {
					t.Errorf("retries: %+v", retries)
				}
				for _, e := range retries {
					if e.Op != OpWatch || e.Name != "w" || Reason(e.Err) != "Unavailable" {
						t.Errorf("%+v", e)
					}
				}
			})
		})
	}
}

// A panic of the caller's own code ends the operation, too.
func TestObservedPanic(t *testing.T) {
	s, r := apitest.New(), &recorder{}
	s.Put("w", nil)
	c := clientOf(t, s, Options{Observer: r})
	for _, do := range []func(){
		func() {
			_, _ = c.Wait(t.Context(), "w", func(*status.WorkflowStatus) (bool, error) { panic("mine") })
		},
		func() {
			for _, err := range c.Watch(t.Context(), "w") {
				panic(fmt.Sprint("mine, ", err))
			}
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is lost")
				}
			}()
			do()
		}()
	}
	if len(r.ended) != 2 || !errors.Is(r.ended[0].err, errNotReturned) || !errors.Is(r.ended[1].err, errNotReturned) {
		t.Errorf("%+v", r.ended)
	}
}

// A workflow that had ended before is not taken for one that ends, whatever comes of it still.
func TestEndsOfBeforeAreNotObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &recorder{}
		s.Put("w", nil)
		s.SetPhase("w", "Succeeded")
		s.Put("w", func(u *unstructured.Unstructured) { u.SetFinalizers([]string{"x/y"}) })
		c, err := NewForConfig(&rest.Config{Host: "http://script", Transport: transport(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodDelete {
				s.Put("w", func(u *unstructured.Unstructured) { u.SetDeletionTimestamp(new(metav1.Now())) })
				return apitest.Answer(http.StatusOK, metav1.Status{Status: metav1.StatusSuccess}), nil
			}
			return s.RoundTrip(req)
		})}, Options{Observer: r})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, func() { s.Remove("w") })
		if err := c.Delete(t.Context(), "w", DeleteOptions{Wait: true}); err != nil {
			t.Fatal(err)
		}
		if ends := noted[WorkflowEnded](r); len(ends) > 0 {
			t.Errorf("%+v", ends)
		}
	})
}

// A retried workflow ends twice, also while one call follows it all the time.
func TestEndAfterRetryIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &recorder{}
		s.Put("w", nil)
		c := clientOf(t, s, Options{Observer: r})
		var following sync.WaitGroup
		following.Go(func() {
			for s, err := range c.Watch(t.Context(), "w") {
				if err != nil {
					t.Error(err)
				} else if s.Phase == status.PhaseFailed {
					time.Sleep(time.Hour) // somebody is asked what to do
				}
			}
		})
		time.Sleep(time.Second)
		s.SetPhase("w", "Failed")
		time.Sleep(time.Second)
		s.SetPhase("w", "Running")
		following.Go(func() { _, _ = c.Wait(t.Context(), "w", Completed) })
		time.Sleep(time.Second)
		s.SetPhase("w", "Succeeded")
		following.Wait()
		var outcomes []status.Outcome
		for _, e := range noted[WorkflowEnded](r) {
			outcomes = append(outcomes, e.Status.Outcome())
		}
		if !slices.Equal(outcomes, []status.Outcome{status.OutcomeFailed, status.OutcomeSucceeded}) {
			t.Errorf("%v", outcomes)
		}
	})
}

// A watch has reached the end also for whoever leaves the range there.
func TestReachedByWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &recorder{}
		s.Put("w", nil)
		time.AfterFunc(time.Minute, func() { s.SetPhase("w", "Succeeded") })
		for state, err := range clientOf(t, s, Options{Observer: r}).Watch(t.Context(), "w") {
			if err != nil {
				t.Fatal(err)
			}
			if state.Completed() {
				break
			}
		}
		if reached := noted[Reached](r); len(reached) != 1 || reached[0].Op != OpWatch || reached[0].Status.Phase != status.PhaseSucceeded {
			t.Errorf("%+v", reached)
		}
		if r.ended[0].err != nil {
			t.Error(r.ended[0].err)
		}
	})
}

// Nothing failed in logs that are followed to their end, though each watch and stream ends.
func TestFollowedLogsAreNoRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		running := workflowObject(t, loggedYAML)
		_ = unstructured.SetNestedField(running.Object, "Running", "status", "phase")
		running.SetResourceVersion("1")
		over := running.DeepCopy()
		_ = unstructured.SetNestedField(over.Object, "Succeeded", "status", "phase")
		over.SetResourceVersion("2")
		play, closed, enough := loggedScript(running, over), 0, make(chan struct{})
		c := scriptedWith(t, Options{Observer: r}, func(req *http.Request) (any, error) {
			if isWatch(req) && strings.HasSuffix(req.URL.Path, "/pods") && closed < 3 {
				if closed++; closed == 3 {
					close(enough)
				}
				return io.NopCloser(strings.NewReader("")), nil
			}
			if isWatch(req) {
				<-enough // the workflow ends after that
			}
			return play(req)
		})
		if got, err := logged(t, t.Context(), c, LogOptions{Follow: true}); err != nil || len(got) == 0 || closed != 3 {
			t.Fatal(got, err, closed)
		}
		if retries := noted[Retrying](r); len(retries) > 0 {
			t.Errorf("%+v", retries)
		}
	})
}

// order notes who is told first.
type order struct {
	NoObserver

	name string
	log  *[]string
}

func (o order) Begin(ctx context.Context, _ Call) context.Context {
	*o.log = append(*o.log, o.name+" begins")
	return context.WithValue(ctx, order{name: o.name}, true)
}

func (o order) End(ctx context.Context, _ Call, _ error) {
	if ctx.Value(order{name: o.name}) != nil {
		*o.log = append(*o.log, o.name+" ends")
	}
}

func TestObservers(t *testing.T) {
	var log []string
	all := Observers(order{name: "a", log: &log}, nil, order{name: "b", log: &log})
	ctx := all.Begin(t.Context(), Call{})
	all.Note(ctx, Retrying{})
	all.End(ctx, Call{}, nil)
	if got := strings.Join(log, ", "); got != "a begins, b begins, a ends, b ends" {
		t.Error(got)
	}
	if Observers() != nil || Observers(nil, nil) != nil || Observers(nil, NoObserver{}) != (NoObserver{}) {
		t.Error("nobody is somebody")
	}
}

// An error of each kind has a word of its own.
func TestReason(t *testing.T) {
	words := map[string]error{}
	for _, sentinel := range sentinels() {
		word := Reason(sentinel)
		if other := words[word]; other != nil || word == "Other" || word == "" {
			t.Errorf("%q is the reason of %v, and of %v", word, sentinel, other)
		}
		words[word] = sentinel
	}
	for want, err := range map[string]error{
		"":                 nil,
		"Other":            errors.New("mine"),
		"NotFound":         &Error{Err: apierrors.NewNotFound(schema.GroupResource{}, "w")},
		"Unavailable":      apierrors.NewServiceUnavailable("away"),
		"Canceled":         pace.Interruption(canceled(t), nil),
		"Canceled, bare":   context.Canceled,
		"DeadlineExceeded": &WaitError{Err: errors.New("a cause"), ended: context.DeadlineExceeded},
		"Canceled, held":   &DeletionHeldError{Err: errors.New("a cause"), ended: context.Canceled},
		"UnknownOutcome":   unknownOutcome(canceled(t), io.EOF),
	} {
		if got := Reason(err); got != strings.SplitN(want, ",", 2)[0] {
			t.Errorf("the reason of %v is %q, not %q", err, got, want)
		}
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
