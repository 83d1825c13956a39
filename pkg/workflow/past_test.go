package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

const (
	monday  = "2026-11-02T00:00:00Z"
	tuesday = "2026-11-03T00:00:00Z"
)

func TestGetOfThePast(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	c := clientOf(t, s, Options{History: m})
	last := m.archived(t, s, "w", "Failed", tuesday)
	m.archived(t, s, "w", "Succeeded", monday)
	got, err := c.Get(t.Context(), "w")
	if err != nil || got.UID != last.GetUID() || got.Source != status.SourceHistory || got.Outcome() != status.OutcomeFailed {
		t.Errorf("%+v, %v", got, err)
	}
	if gates, err := c.Gates(t.Context(), "w"); err != nil || len(gates) != 0 {
		t.Errorf("%v, %v", gates, err)
	}
	s.SetPhase("w", "Running")
	if got, err = c.Get(t.Context(), "w"); err != nil || got.Source != status.SourceLive || got.Completed() {
		t.Errorf("the live one does not win: %+v, %v", got, err)
	}
	if _, err = c.Get(t.Context(), "x"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err = c.GetObject(t.Context(), "x"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// sources records where the workflows of a client's calls were read.
type sources struct {
	NopObserver

	seen []string
}

func (o *sources) End(_ context.Context, call Call, _ error) {
	o.seen = append(o.seen, string(call.Op)+" "+string(call.Source))
}

func TestObserverReceivesTheSource(t *testing.T) {
	s, m, o := apitest.New(), &historyStore{}, &sources{}
	c := clientOf(t, s, Options{History: m, Observer: o})
	started, err := c.Start(t.Context(), keyed())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Get(t.Context(), started.Name)
	m.archived(t, s, started.Name, "Succeeded", monday)
	_, _ = c.Get(t.Context(), started.Name)
	_, _ = c.Wait(t.Context(), started.Name, Completed)
	_, _ = c.Start(t.Context(), keyed())
	_, _ = c.Get(t.Context(), "x")
	if got, want := strings.Join(o.seen, ", "), "start live, get live, get history, wait history, start history, get "; got != want {
		t.Errorf("%s", got)
	}
}

// A workflow is archived and deleted while Get reads: before and after each of its requests.
func TestGetDuringTheHandOver(t *testing.T) {
	for _, moment := range []string{"before the API server answers", "after the API server has answered", "never"} {
		s, m := apitest.New(), &historyStore{}
		s.SetPhase("w", "Succeeded")
		wf := s.Object("w")
		handOver := func() { m.add(wf); s.Remove("w") }
		play := func(r *http.Request) (*http.Response, error) {
			if moment == "before the API server answers" {
				handOver()
			}
			answer, err := s.RoundTrip(r)
			if moment == "after the API server has answered" {
				handOver()
			}
			return answer, err
		}
		cfg := s.Config(t)
		cfg.Transport = transport(play)
		c, err := NewForConfig(cfg, Options{History: m})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Get(t.Context(), "w"); err != nil || got.Outcome() != status.OutcomeSucceeded {
			t.Errorf("%s: %v", moment, err)
		}
	}
}

type passingError struct{ error }

func (passingError) Transient() bool { return true }

// A history that cannot be asked is not one that has nothing, whatever its error looks like.
func TestHistoryCannotBeAsked(t *testing.T) {
	for name, tc := range map[string]struct {
		err   error
		again bool
	}{
		"an error of its own":            {errors.New("no such table"), false},
		"its own sentinel":               {fmt.Errorf("%w: no such table", ErrHistory), false},
		"its own sentinel and not found": {fmt.Errorf("%w: %w", ErrHistory, ErrNotFound), false},
		"an API server's not found":      {apierrors.NewNotFound(schema.GroupResource{Resource: "archived"}, "w"), false},
		"a refusal":                      {apierrors.NewForbidden(schema.GroupResource{}, "w", errors.New("no")), false},
		"a broken connection":            {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), true},
		"what it says will pass":         {passingError{errors.New("starting up")}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := &historyStore{fail: func() error { return tc.err }}
			s := apitest.New()
			c := clientOf(t, s, Options{History: m, RetryFor: 10 * time.Second})
			began := time.Now()
			_, got := c.Get(t.Context(), "w")
			_, waited := c.Wait(t.Context(), "w", Completed)
			_, known := c.Wait(t.Context(), "w", Completed, WithUID("u"))
			_, started := c.Start(t.Context(), StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k"})
			for verb, err := range map[string]error{"get": got, "wait": waited, "wait for a UID": known, "start": started} {
				if !errors.Is(err, ErrHistory) || errors.Is(err, ErrNotFound) || apierrors.IsNotFound(err) || Reason(err) != "History" {
					t.Errorf("%s, %s: %v", name, verb, err)
				}
			}
			if again := m.asked > 4; again != tc.again || again && time.Since(began) > 45*time.Second {
				t.Errorf("%s: asked %d times in %v", name, m.asked, time.Since(began))
			}
			if s.Object("key-") != nil || s.Version != 100 {
				t.Errorf("%s: a workflow was created", name)
			}
		})
	}
}

func TestHistoryThatIsBackSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := apitest.New(), &historyStore{}
		m.archived(t, s, "w", "Succeeded", monday)
		m.fail = func() error {
			if m.asked < 5 {
				return io.EOF
			}
			return nil
		}
		if got, err := clientOf(t, s, Options{History: m}).Get(t.Context(), "w"); err != nil || got.Source != status.SourceHistory {
			t.Error(err)
		}
	})
}

// wrongHistory answers with another workflow, or with nothing at all.
type wrongHistory struct {
	*historyStore

	answer *unstructured.Unstructured
}

func (h wrongHistory) ByName(context.Context, string, string) (*unstructured.Unstructured, error) {
	return h.answer, nil
}

func (h wrongHistory) ByUID(context.Context, string, types.UID) (*unstructured.Unstructured, error) {
	return h.answer, nil
}

func TestWrongAnswersOfAHistory(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	other := m.archived(t, s, "other", "Succeeded", monday)
	again := m.archived(t, s, "w", "Succeeded", monday)
	elsewhere := again.DeepCopy()
	elsewhere.SetNamespace("other")
	for name, tc := range map[string]struct {
		answer *unstructured.Unstructured
		uid    types.UID
	}{"nothing": {nil, ""}, "another name": {other, ""}, "another UID": {again, "u"}, "another namespace": {elsewhere, ""}} {
		c := clientOf(t, s, Options{History: wrongHistory{m, tc.answer}})
		if _, err := c.Wait(t.Context(), "w", Completed, WithUID(tc.uid)); !errors.Is(err, ErrHistory) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWaitThatBeginsAfterTheEnd(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	c := clientOf(t, s, Options{History: m})
	first := m.archived(t, s, "w", "Failed", monday)
	last := m.archived(t, s, "w", "Succeeded", tuesday)
	for uid, want := range map[types.UID]types.UID{"": last.GetUID(), first.GetUID(): first.GetUID(), last.GetUID(): last.GetUID()} {
		got, err := c.Wait(t.Context(), "w", Completed, WithUID(uid))
		if err != nil || got.UID != want || got.Source != status.SourceHistory {
			t.Errorf("%q: %+v, %v", uid, got, err)
		}
	}
	for name, r := range WaitMany(t.Context(), c, []string{"w"}, Completed, WithUIDs(map[string]types.UID{"w": first.GetUID()})) {
		if r.Err != nil || r.Data.UID != first.GetUID() {
			t.Errorf("%s: %+v", name, r)
		}
	}
	states := 0
	for got, err := range c.Watch(t.Context(), "w", WithUID(first.GetUID())) {
		if states++; err != nil || got.UID != first.GetUID() || got.Outcome() != status.OutcomeFailed {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if states != 1 {
		t.Errorf("%d states", states)
	}
	var early *EndedBeforeSuspendError
	if _, err := c.Wait(t.Context(), "w", Suspended); !errors.As(err, &early) || !errors.Is(err, ErrCompleted) {
		t.Error(err)
	}
	never := func(*status.WorkflowStatus) (bool, error) { return false, nil }
	if _, err := c.Wait(t.Context(), "w", never); !errors.Is(err, ErrCompleted) {
		t.Error(err)
	}
	for _, uid := range []types.UID{"x-1", first.GetUID()} { // the latter is that of another name
		if _, err := c.Wait(t.Context(), "x", Completed, WithUID(uid)); !errors.Is(err, ErrDeleted) {
			t.Error(err)
		}
	}
	s.SetPhase("w", "Running") // another one
	if got, err := c.Wait(t.Context(), "w", Completed, WithUID(first.GetUID())); err != nil || got.UID != first.GetUID() {
		t.Errorf("of a replaced one: %+v, %v", got, err)
	}
	if _, err := c.Wait(t.Context(), "w", Completed, WithUID("w-1")); !errors.Is(err, ErrReplaced) {
		t.Error(err)
	}
}

// The error of a condition is returned as it is, also if it looks like that of a deleted workflow.
func TestConditionThatFailsIsNoDeletion(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	c := clientOf(t, s, Options{History: m})
	m.archived(t, s, "w", "Succeeded", monday)
	s.SetPhase("w", "Running")
	for _, failure := range []error{ErrDeleted, apierrors.NewNotFound(schema.GroupResource{}, "bucket")} {
		_, err := c.Wait(t.Context(), "w", func(*status.WorkflowStatus) (bool, error) { return false, failure })
		if !errors.Is(err, failure) || m.asked > 0 {
			t.Errorf("%v, after %d questions", err, m.asked)
		}
	}
}

// The workflow is deleted during the call, and its last state was not seen.
func TestDeletedDuringAWait(t *testing.T) {
	for name, tc := range map[string]struct {
		past func(m *historyStore, wf *unstructured.Unstructured)
		want error
		gone bool
	}{
		"it ended": {func(m *historyStore, wf *unstructured.Unstructured) {
			set(wf, "Failed", "status", "phase")
			m.add(wf)
		}, nil, false},
		"it was retried and ended": {func(m *historyStore, wf *unstructured.Unstructured) {
			set(wf, "Failed", "status", "phase")
			set(wf, tuesday, "status", "startedAt")
			m.add(wf)
		}, nil, false},
		"a user deleted it": {func(*historyStore, *unstructured.Unstructured) {}, ErrDeleted, false},
		"a user deleted it while it ran again": {func(m *historyStore, wf *unstructured.Unstructured) {
			set(wf, "Failed", "status", "phase")
			set(wf, "2026-11-01T00:00:00Z", "status", "startedAt")
			m.add(wf)
		}, ErrDeleted, false},
		"only its beginning is known": {func(m *historyStore, wf *unstructured.Unstructured) { m.add(wf) }, ErrDeleted, true},
		"the history is down": {func(m *historyStore, _ *unstructured.Unstructured) {
			m.fail = func() error { return errors.New("down") }
		}, ErrHistory, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, m := apitest.New(), &historyStore{}
			s.Put("w", func(wf *unstructured.Unstructured) { set(wf, monday, "status", "startedAt") })
			wf := s.Object("w")
			c := clientOf(t, s, Options{History: m})
			time.AfterFunc(time.Minute, func() {
				s.Set(func() { s.Refuse = func(*http.Request) error { return io.ErrUnexpectedEOF } })
				s.Cut(nil)
				tc.past(m, wf)
				s.Remove("w")
				s.Compact()
				s.Set(func() { s.Refuse = nil })
			})
			got, err := c.Wait(t.Context(), "w", Completed)
			var gone *GoneError
			var deleted *DeletedError
			switch {
			case tc.want == nil:
				if err != nil || got.Source != status.SourceHistory || got.UID != wf.GetUID() {
					t.Errorf("%s: %+v, %v", name, got, err)
				}
			case !errors.Is(err, tc.want) || errors.As(err, &gone) != tc.gone:
				t.Errorf("%s: %v", name, err)
			case errors.Is(tc.want, ErrDeleted) && (!errors.As(err, &deleted) || deleted.Last == nil || deleted.Last.UID != wf.GetUID()):
				t.Errorf("%s: %v has no last state", name, err)
			}
		})
	}
}

func TestWaitForARecordWithoutAnEnd(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	c := clientOf(t, s, Options{History: m})
	wf := m.archived(t, s, "w", "Running", monday)
	for _, uid := range []types.UID{"", wf.GetUID()} {
		_, err := c.Wait(t.Context(), "w", Completed, WithUID(uid))
		var gone *GoneError
		if !errors.As(err, &gone) || !errors.Is(err, ErrDeleted) || gone.Last.Source != status.SourceHistory {
			t.Errorf("%q: %v", uid, err)
		}
	}
	if got, err := c.Get(t.Context(), "w"); err != nil || got.Completed() || got.Source != status.SourceHistory {
		t.Errorf("%+v, %v", got, err)
	}
}

// The cause of a context can be any error, also one that a history could mean.
func TestCauseOfContextIsNoAnswerOfTheHistory(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	m := &historyStore{fail: func() error { cancel(ErrNotFound); return context.Cause(ctx) }}
	c := clientOf(t, apitest.New(), Options{History: m})
	if _, err := c.Get(ctx, "w"); !errors.Is(err, context.Canceled) || sentinelOf(err) != nil {
		t.Error(err)
	}
}

func TestContextThatEndsWhileTheHistoryIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &historyStore{fail: func() error { return io.EOF }}
		c := clientOf(t, apitest.New(), Options{History: m, RetryFor: time.Hour})
		cause := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cause)
		defer cancel()
		var waited *WaitError
		if _, err := c.Wait(ctx, "w", Completed); !errors.As(err, &waited) || !errors.Is(err, cause) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if _, err := c.Get(ctx, "w"); !errors.Is(err, cause) || errors.Is(err, ErrHistory) {
			t.Error(err)
		}
	})
}
