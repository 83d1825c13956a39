package workflow

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// listed returns the names of a list, each with where it comes from, or the error that ended it.
func listed(t *testing.T, c *WorkflowClient, opts ListOptions) (string, error) {
	t.Helper()
	var names []string
	for s, err := range c.List(t.Context(), opts) {
		if err != nil {
			return strings.Join(names, " "), err
		}
		names = append(names, s.Name+":"+string(s.Source))
	}
	return strings.Join(names, " "), nil
}

func TestListOfThePast(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	for _, name := range []string{"live", "retried"} {
		s.SetPhase(name, "Running")
	}
	m.archived(t, s, "old", "Succeeded", monday)
	m.archived(t, s, "new", "Failed", tuesday)
	m.add(s.Object("live")) // archived, and not deleted
	m.kept[2].SetLabels(map[string]string{"team": "search"})
	retried := s.Object("retried")
	set(retried, "Failed", "status", "phase")
	m.add(retried)
	other := s.Object("live")
	other.SetUID("other")
	other.SetLabels(map[string]string{naming.LabelInstanceID: "other"})
	m.add(other)
	unknown := s.Object("live")
	unknown.SetUID("")
	m.add(unknown)
	c := clientOf(t, s, Options{History: m})
	for name, tc := range map[string]struct {
		opts ListOptions
		want string
	}{
		"all":          {ListOptions{Archived: true}, "live:live retried:live new:history old:history"},
		"pages of one": {ListOptions{Archived: true, PageSize: 1}, "live:live retried:live new:history old:history"},
		"live ones":    {ListOptions{}, "live:live retried:live"},
		// The live one has not failed, and its archived state does not count.
		"failed":         {ListOptions{Archived: true, Outcomes: []status.Outcome{status.OutcomeFailed}}, "new:history"},
		"by label":       {ListOptions{Archived: true, LabelSelector: "team=search"}, ""},
		"succeeded":      {ListOptions{Archived: true, Outcomes: []status.Outcome{status.OutcomeSucceeded}}, "old:history"},
		"of no outcome":  {ListOptions{Archived: true, Outcomes: []status.Outcome{status.OutcomeStopped}}, ""},
		"still running":  {ListOptions{Archived: true, Outcomes: status.UnfinishedOutcomes()}, "live:live retried:live"},
		"of a template":  {ListOptions{Archived: true, Template: "t"}, ""},
		"created before": {ListOptions{Archived: true, CreatedBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}, "live:live retried:live new:history old:history"},
	} {
		if got, err := listed(t, c, tc.opts); err != nil || got != tc.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := listed(t, clientOf(t, s, Options{}), ListOptions{Archived: true}); err != nil || got != "live:live retried:live" {
		t.Errorf("without a history: %q, %v", got, err)
	}
	failures := 0
	m.fail = func() error {
		if failures++; failures < 3 {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	if got, err := listed(t, c, ListOptions{Archived: true}); err != nil || got != "live:live retried:live new:history old:history" {
		t.Errorf("after a short outage: %q, %v", got, err)
	}
	m.fail = func() error { return ErrNotFound }
	if _, err := listed(t, c, ListOptions{Archived: true}); !errors.Is(err, ErrHistory) || errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// Whenever a workflow is archived and deleted, a list has it once.
func TestListDuringTheHandOver(t *testing.T) {
	for moment := range 8 {
		s, m := apitest.New(), &historyStore{}
		for _, name := range []string{"a", "b", "c"} {
			s.SetPhase(name, "Succeeded")
		}
		requests := 0
		cfg := s.Config(t)
		cfg.Transport = transport(func(r *http.Request) (*http.Response, error) {
			if requests == moment {
				wf := s.Object("b")
				m.add(wf)
				s.Remove("b")
			}
			requests++
			return s.RoundTrip(r)
		})
		c, err := NewForConfig(cfg, Options{History: m})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for s, err := range c.List(t.Context(), ListOptions{Archived: true, PageSize: 1}) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, s.Name)
		}
		if slices.Sort(names); !slices.Equal(names, []string{"a", "b", "c"}) {
			t.Errorf("handed over before request %d: %v", moment, names)
		}
	}
}

// Verbs on a workflow that has ended and was collected say so, and change nothing.
func TestVerbsOnThePast(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	c := clientOf(t, s, Options{History: m})
	m.archived(t, s, "w", "Failed", monday)
	before := s.Version
	_, resumed := c.Resume(t.Context(), "w", ResumeOptions{})
	_, approved := c.Approve(t.Context(), "w", Decision{All: true})
	for verb, err := range map[string]error{
		"suspend": c.Suspend(t.Context(), "w", SuspendOptions{}), "stop": c.Stop(t.Context(), "w", StopOptions{}),
		"terminate": c.Terminate(t.Context(), "w", TerminateOptions{}), "resume": resumed, "approve": approved,
	} {
		var ended *CompletedError
		if !errors.As(err, &ended) || ended.Outcome != status.OutcomeFailed || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if err := c.Delete(t.Context(), "w", DeleteOptions{}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if err := c.Stop(t.Context(), "w", StopOptions{UID: "another"}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	s.Put("v", func(wf *unstructured.Unstructured) {
		_ = unstructured.SetNestedMap(wf.Object, gateNode("Running"), "status", "nodes")
	})
	m.archived(t, s, "v", "Running", monday) // its end is unknown
	if gates, err := c.Gates(t.Context(), "v"); err != nil || len(gates) != 0 {
		t.Errorf("%v, %v", gates, err)
	}
	if err := c.Stop(t.Context(), "v", StopOptions{}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if s.Version != before+3 { // those of the test itself
		t.Errorf("something was written: version %d after %d", s.Version, before)
	}
}

// A decision that is repeated after the workflow was collected is a success, as before.
func TestRepeatedApprovalOfThePast(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	c := clientOf(t, s, Options{History: m})
	s.Put("w", func(wf *unstructured.Unstructured) {
		_ = unstructured.SetNestedMap(wf.Object, gateNode("Succeeded"), "status", "nodes")
	})
	m.archived(t, s, "w", "Succeeded", monday)
	result, err := c.Approve(t.Context(), "w", Decision{Gates: []string{"approve"}})
	if err != nil || len(result.Gates) != 0 {
		t.Errorf("%+v, %v", result, err)
	}
	if _, err := c.Reject(t.Context(), "w", Decision{Gates: []string{"approve"}}); !errors.Is(err, ErrCompleted) {
		t.Error(err)
	}
}

func TestResubmitOfThePast(t *testing.T) {
	s := newCollecting(t)
	c := clientOf(t, s.Server, Options{History: s.historyStore})
	first, err := c.Start(t.Context(), StartRequest{Manifest: []byte(suspending), Name: "n", IdempotencyKey: "k"})
	if err != nil {
		t.Fatal(err)
	}
	s.collect("n", monday)
	again, err := c.Resubmit(t.Context(), "n", ResubmitOptions{})
	if err != nil || again.Labels[naming.LabelResubmitted] != "n" || again.Labels[naming.LabelKey] != "" || again.Source != status.SourceLive {
		t.Fatal(again, err)
	}
	s.SetPhase("n", "Running") // another one has the name
	for _, key := range []string{"", "copy"} {
		for range 2 {
			if again, err = c.Resubmit(t.Context(), "n", ResubmitOptions{UID: first.UID, IdempotencyKey: key}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.collect(again.Name, tuesday)
	if found, err := c.Resubmit(t.Context(), "n", ResubmitOptions{UID: first.UID, IdempotencyKey: "copy"}); err != nil || found.UID != again.UID {
		t.Errorf("%+v, %v", found, err)
	}
	if s.made != 5 {
		t.Errorf("%d creates", s.made)
	}
	if _, err := c.Resubmit(t.Context(), "n", ResubmitOptions{UID: "another"}); !errors.Is(err, ErrReplaced) {
		t.Error(err)
	}
	if _, err := c.Resubmit(t.Context(), "x", ResubmitOptions{}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// cutShort is a history whose list ends when the context does, without an error.
type cutShort struct{ *historyStore }

func (h cutShort) List(ctx context.Context, query HistoryQuery) iter.Seq2[*unstructured.Unstructured, error] {
	return func(yield func(*unstructured.Unstructured, error) bool) {
		for wf, err := range h.historyStore.List(ctx, query) {
			if ctx.Err() != nil || !yield(wf, err) {
				return
			}
		}
	}
}

// A list that ends early says so.
func TestListOfThePastThatIsInterrupted(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	for _, name := range []string{"a", "b", "c"} {
		m.archived(t, s, name, "Succeeded", monday)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen, failed := 0, error(nil)
	for _, err := range clientOf(t, s, Options{History: cutShort{m}}).List(ctx, ListOptions{Archived: true}) {
		if err != nil {
			failed = err
			continue
		}
		seen++
		cancel()
	}
	if failed == nil {
		t.Errorf("%d of 3 workflows, and no error", seen)
	}
}

// A workflow that was deleted before it started has a creation time like any other.
func TestListOfThePastByCreationTime(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	s.Put("pending", func(wf *unstructured.Unstructured) {
		set(wf, "Pending", "status", "phase")
		set(wf, tuesday, "metadata", "creationTimestamp")
	})
	m.add(s.Object("pending"))
	s.Remove("pending")
	after, err := time.Parse(time.RFC3339, monday)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, err := range clientOf(t, s, Options{History: m}).List(t.Context(), ListOptions{Archived: true, CreatedAfter: after}) {
		if seen++; err != nil {
			t.Error(err)
		}
	}
	if seen != 1 {
		t.Errorf("%d workflows that were created on tuesday", seen)
	}
}

// endless is a history whose list goes on whatever happens to the context, until stop is closed.
type endless struct {
	*historyStore

	of   *unstructured.Unstructured
	stop chan struct{}
}

func (h endless) List(context.Context, HistoryQuery) iter.Seq2[*unstructured.Unstructured, error] {
	return func(yield func(*unstructured.Unstructured, error) bool) {
		for yield(h.of.DeepCopy(), nil) {
			select {
			case <-h.stop:
				return
			default:
			}
		}
	}
}

// A call ends with its context, also if the history yields more and more that does not count.
func TestListOfAHistoryThatNeverEnds(t *testing.T) {
	s, m := apitest.New(), &historyStore{}
	other := m.archived(t, s, "w", "Succeeded", monday)
	other.SetNamespace("elsewhere")
	for verb, call := range map[string]func(context.Context, *WorkflowClient) error{
		"start": func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Start(ctx, keyed())
			return err
		},
		"list": func(ctx context.Context, c *WorkflowClient) (failed error) {
			for _, err := range c.List(ctx, ListOptions{Archived: true}) {
				failed = err
			}
			return failed
		},
	} {
		h := endless{m, other, make(chan struct{})}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		done := make(chan error, 1)
		go func() { done <- call(ctx, clientOf(t, s, Options{History: h})) }()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s: no error", verb)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s goes on after its context has ended", verb)
			close(h.stop)
			t.Log(<-done)
		}
		cancel()
	}
}
