package workflow

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// collecting is a server whose workflows end, are archived and are deleted.
type collecting struct {
	*apitest.Server
	*historyStore

	t    *testing.T
	made int
}

func newCollecting(t *testing.T) *collecting {
	t.Helper()
	s := &collecting{Server: apitest.New(), historyStore: &historyStore{}, t: t}
	s.Wrote = func(method string, wf *unstructured.Unstructured) {
		name, uid := wf.GetName(), wf.GetUID()
		then := func(do func()) {
			time.AfterFunc(reaction, func() {
				if now := s.Object(name); now != nil && now.GetUID() == uid {
					do()
				}
			})
		}
		switch method {
		case http.MethodPost:
			s.made++
		case http.MethodPatch: // a stop
			then(func() { s.SetPhase(name, "Failed") })
		case http.MethodDelete:
			then(func() { s.Remove(name) })
		}
	}
	return s
}

func (s *collecting) collect(name, startedAt string) {
	s.t.Helper()
	s.archived(s.t, s.Server, name, "Succeeded", startedAt)
}

func keyed() StartRequest {
	return StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k"}
}

func TestAKeyIsOnceAfterItsWorkflowWasCollected(t *testing.T) {
	for _, name := range []string{"", "n"} {
		s := newCollecting(t)
		c := clientOf(t, s.Server, Options{History: s.historyStore})
		req := keyed()
		req.Name = name
		first, err := c.Start(t.Context(), req)
		if err != nil || first.Found {
			t.Fatal(err)
		}
		s.collect(first.Name, monday)
		for _, dryRun := range []bool{true, false} {
			req.DryRun = dryRun
			found, err := c.Start(t.Context(), req)
			if err != nil || !found.Found || found.UID != first.UID || found.Source != status.SourceHistory || !found.Completed() {
				t.Errorf("%q: %+v, %v", name, found, err)
			}
		}
		if s.made != 1 {
			t.Errorf("%q: %d runs", name, s.made)
		}
		req.DryRun, req.Labels = false, map[string]string{"a": "b"}
		if _, err := c.Start(t.Context(), req); !errors.Is(err, ErrIdempotencyMismatch) {
			t.Errorf("%q, another request: %v", name, err)
		}
		req.Labels, req.Name = nil, name+"m"
		if _, err := c.Start(t.Context(), req); !errors.Is(err, ErrIdempotencyMismatch) {
			t.Errorf("%q, another name: %v", name, err)
		}
	}
}

// A Start takes a workflow of the past for its own by its key alone.
func TestThePastOfOthers(t *testing.T) {
	for name, edit := range map[string]func(wf *unstructured.Unstructured){
		"without a mark": func(wf *unstructured.Unstructured) { wf.SetAnnotations(nil) },
		"a copy, whose mark names another": func(wf *unstructured.Unstructured) {
			wf.SetName("copy")
			wf.SetUID("copy")
		},
	} {
		s := newCollecting(t)
		c := clientOf(t, s.Server, Options{History: s.historyStore})
		first, err := c.Start(t.Context(), keyed())
		if err != nil {
			t.Fatal(err)
		}
		s.collect(first.Name, monday)
		edit(s.kept[0])
		if again, err := c.Start(t.Context(), keyed()); err != nil || again.Found || s.made != 2 {
			t.Errorf("%s: %+v, %v", name, again, err)
		}
	}
	s := newCollecting(t)
	c := clientOf(t, s.Server, Options{History: s.historyStore})
	for _, policy := range []ExistsPolicy{ExistsFail, ExistsReuse, ExistsReplace} {
		s.made = 0
		if started, err := c.Start(t.Context(), StartRequest{Manifest: []byte(suspending), Name: "n", IfExists: policy}); err != nil || started.Found || s.made != 1 {
			t.Errorf("%s: %+v, %v", policy, started, err)
		}
		s.collect("n", monday)
	}
}

// The key's workflow counts before the one that has the name.
func TestAKeyOfThePastAndAPolicy(t *testing.T) {
	for _, policy := range []ExistsPolicy{ExistsFail, ExistsReuse, ExistsReplace} {
		synctest.Test(t, func(t *testing.T) { keyOfThePast(t, policy) })
	}
}

func keyOfThePast(t *testing.T, policy ExistsPolicy) {
	t.Helper()
	s := newCollecting(t)
	c := clientOf(t, s.Server, Options{History: s.historyStore})
	req := keyed()
	req.Name, req.IfExists = "n", policy
	first, err := c.Start(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	s.collect("n", monday)
	other, err := c.Start(t.Context(), StartRequest{Manifest: []byte(suspending), Name: "n"})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := c.Start(t.Context(), req); err != nil || found.UID != first.UID || s.Object("n").GetUID() != other.UID {
		t.Errorf("%s: %+v, %v", policy, found, err)
	}
	req.Labels = map[string]string{"a": "b"}
	switch changed, err := c.Start(t.Context(), req); policy {
	case ExistsFail:
		if !errors.Is(err, ErrIdempotencyMismatch) {
			t.Errorf("%s: %v", policy, err)
		}
	case ExistsReplace:
		if err != nil || changed.Replaced != other.UID || changed.Found {
			t.Errorf("%s: %+v, %v", policy, changed, err)
		}
	case ExistsReuse:
		if err != nil || changed.UID != other.UID {
			t.Errorf("%s: %+v, %v", policy, changed, err)
		}
	}
}

// Two processes start at the same moment, after the workflow of their key was collected.
func TestTwoProcessesAndAKeyOfThePast(t *testing.T) {
	s := newCollecting(t)
	first, err := clientOf(t, s.Server, Options{History: s.historyStore}).Start(t.Context(), keyed())
	if err != nil {
		t.Fatal(err)
	}
	s.collect(first.Name, monday)
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			if found, err := clientOf(t, s.Server, Options{History: s.historyStore}).Start(t.Context(), keyed()); err != nil || found.UID != first.UID {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
	calls.Wait()
	if s.made != 1 {
		t.Errorf("%d runs", s.made)
	}
}

// The answer to a create is lost, and the workflow is collected before the next attempt.
func TestLostCreateOfACollectedWorkflow(t *testing.T) {
	for _, req := range []StartRequest{keyed(), {Manifest: []byte(suspending), Name: "n"}, {Manifest: []byte(suspending)}} {
		for _, retryFor := range []time.Duration{-1, time.Minute} {
			synctest.Test(t, func(t *testing.T) {
				s := newCollecting(t)
				var name string
				wrote := s.Wrote
				s.Wrote = func(method string, wf *unstructured.Unstructured) { wrote(method, wf); name = wf.GetName() }
				s.Lose = func(*http.Request) bool {
					go s.collect(name, monday)
					return true
				}
				started, err := clientOf(t, s.Server, Options{History: s.historyStore, RetryFor: retryFor}).Start(t.Context(), req)
				if retryFor < 0 {
					if err != nil && !errors.Is(err, ErrUnknownOutcome) {
						t.Error(err)
					}
				} else if err != nil || started.Found || started.Source != status.SourceHistory {
					t.Errorf("%+v, %v", started, err)
				}
				if s.made != 1 {
					t.Errorf("%d runs", s.made)
				}
			})
		}
	}
}

// Another process's workflow of the key begins and is collected while this one's create is refused.
func TestKeyThatIsUsedAndCollectedBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCollecting(t)
		other := clientOf(t, s.Server, Options{History: s.historyStore})
		rivalled := false
		cfg := s.Config(t)
		cfg.Transport = transport(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && !rivalled {
				rivalled = true
				first, err := other.Start(t.Context(), keyed())
				if err != nil {
					t.Error(err)
				}
				s.collect(first.Name, monday)
				return nil, io.ErrUnexpectedEOF // and this one's was never received
			}
			return s.RoundTrip(r)
		})
		c, err := NewForConfig(cfg, Options{History: s.historyStore})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := c.Start(t.Context(), keyed()); err != nil || !found.Found || s.made != 1 {
			t.Errorf("%+v, %v, %d runs", found, err, s.made)
		}
	})
}

// Without an answer of the history nothing is known of a lost create.
func TestLostCreateAndAHistoryThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCollecting(t)
		lost := false
		s.fail = func() error {
			if lost {
				return errors.New("down")
			}
			return nil
		}
		req := keyed()
		req.Name = "n"
		s.Lose = func(*http.Request) bool {
			lost = true
			go s.Remove("n")
			return true
		}
		_, err := clientOf(t, s.Server, Options{History: s.historyStore}).Start(t.Context(), req)
		if !errors.Is(err, ErrUnknownOutcome) || s.made != 1 {
			t.Errorf("%v, %d runs", err, s.made)
		}
	})
}

// The answer to a create is lost, its workflow is collected, and the API server does not answer reads. The create
// must not be sent again before it is known whether the workflow has run.
func TestLostCreateWhoseWorkflowCannotBeRead(t *testing.T) {
	for name, req := range map[string]StartRequest{"with a key": keyed(), "without": {Manifest: []byte(suspending), Name: "n"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newCollecting(t)
				wrote, created := s.Wrote, ""
				s.Wrote = func(method string, wf *unstructured.Unstructured) {
					wrote(method, wf)
					created = wf.GetName()
				}
				s.Lose = func(*http.Request) bool {
					first := s.made == 1
					if first {
						go s.collect(created, monday)
					}
					return first
				}
				s.Refuse = func(r *http.Request) error {
					if r.Method == http.MethodGet && s.made > 0 {
						return apierrors.NewServiceUnavailable("later")
					}
					return nil
				}
				if got, err := clientOf(t, s.Server, Options{History: s.historyStore}).Start(t.Context(), req); !errors.Is(err, ErrUnknownOutcome) || s.made != 1 {
					t.Errorf("%+v, %v, %d creates", got, err, s.made)
				}
			})
		})
	}
}

// Another client has made a workflow with a mark of the key under a name of its own, and it started later. The
// key's own workflow is still the one of the key's name.
func TestMarkOfTheKeyUnderAnotherName(t *testing.T) {
	s := newCollecting(t)
	c := clientOf(t, s.Server, Options{History: s.historyStore})
	first, err := c.Start(t.Context(), keyed())
	if err != nil {
		t.Fatal(err)
	}
	s.collect(first.Name, monday)
	other := s.kept[0].DeepCopy()
	other.SetName("other")
	other.SetUID("other")
	set(other, tuesday, "status", "startedAt")
	mark := readClaim(s.kept[0])
	mark.Name, mark.ID = "other", "another"
	encoded, err := json.Marshal(mark)
	if err != nil {
		t.Fatal(err)
	}
	other.SetAnnotations(map[string]string{naming.AnnotationStart: string(encoded)})
	s.add(other)
	if found, err := c.Start(t.Context(), keyed()); err != nil || found.UID != first.UID || s.made != 1 {
		t.Errorf("%+v, %v, %d runs", found, err, s.made)
	}
}
