package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
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

// journal is a history that records what its clients create. A record is found by its name.
type journal struct {
	historyStore

	log    []string
	broken error  // of RecordStart
	before func() // is called by RecordStart; may be nil
}

func (j *journal) RecordStart(_ context.Context, wf *unstructured.Unstructured, replaces types.UID) error {
	j.note("start")
	if j.broken != nil {
		return j.broken
	}
	if wf.GetUID() != "" {
		return errors.New("it has a UID before it is created")
	}
	if j.before != nil {
		j.before()
	}
	j.Lock()
	defer j.Unlock()
	for _, kept := range j.kept {
		of, own := readClaim(kept), readClaim(wf)
		if of.Key != "" && of.Key == own.Key && of.ID != own.ID && (replaces == "" || kept.GetUID() != replaces) {
			return fmt.Errorf("record: %w", ErrAlreadyExists)
		}
	}
	j.keep(wf)
	return nil
}

func (j *journal) RecordCreated(_ context.Context, wf *unstructured.Unstructured) error {
	j.note("created")
	j.Lock()
	defer j.Unlock()
	j.keep(wf)
	return nil
}

func (j *journal) RecordRefused(_ context.Context, wf *unstructured.Unstructured) error {
	j.note("refused")
	j.Lock()
	defer j.Unlock()
	j.kept = slices.DeleteFunc(j.kept, func(kept *unstructured.Unstructured) bool { return readClaim(kept).ID == readClaim(wf).ID })
	return nil
}

func (j *journal) note(what string) {
	j.Lock()
	defer j.Unlock()
	j.log = append(j.log, what)
}

// keep keeps wf in the place of the record of that name.
func (j *journal) keep(wf *unstructured.Unstructured) {
	j.kept = slices.DeleteFunc(j.kept, func(kept *unstructured.Unstructured) bool { return kept.GetName() == wf.GetName() })
	j.kept = append(j.kept, wf.DeepCopy())
}

func TestStartsAreRecorded(t *testing.T) {
	refused := apierrors.NewForbidden(schema.GroupResource{Resource: "workflows"}, "", errors.New("no"))
	for name, tc := range map[string]struct {
		answer func(r *http.Request) error // of a create; nil: it succeeds
		lose   bool
		broken error
		dryRun bool
		log    string
		want   error
		held   bool
	}{
		"created":               {log: "start created", held: true},
		"refused":               {answer: func(*http.Request) error { return refused }, log: "start refused", want: ErrForbidden},
		"of unknown outcome":    {answer: func(*http.Request) error { return io.ErrUnexpectedEOF }, log: "start", want: ErrUnknownOutcome},
		"its response is lost":  {lose: true, log: "start created", held: true},
		"it cannot be recorded": {broken: errors.New("disk full"), log: "start refused", want: ErrHistory},
		"a dry run":             {dryRun: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, j := apitest.New(), &journal{broken: tc.broken}
			s.Refuse = func(r *http.Request) error {
				if r.Method == http.MethodPost && tc.answer != nil {
					return tc.answer(r)
				}
				return nil
			}
			s.Lose = func(*http.Request) bool {
				lost := tc.lose
				tc.lose = false
				return lost
			}
			req := keyed()
			req.Name, req.DryRun = "n", tc.dryRun
			_, err := clientOf(t, s, Options{History: j}).Start(t.Context(), req)
			if !errors.Is(err, tc.want) || strings.Join(j.log, " ") != tc.log || (s.Object("n") != nil) != tc.held {
				t.Errorf("%s: %v, %v", name, err, j.log)
			}
		})
	}
}

// A process ended between its record and the answer to its create.
func TestKeyWhoseCreationIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := apitest.New(), &journal{}
		c := clientOf(t, s, Options{History: j})
		first, err := c.Start(t.Context(), keyed())
		if err != nil {
			t.Fatal(err)
		}
		j.kept[0].SetUID("")
		if found, err := c.Start(t.Context(), keyed()); err != nil || found.UID != first.UID || j.kept[0].GetUID() != first.UID {
			t.Errorf("the live one: %+v, %v", found, err)
		}
		j.kept[0].SetUID("")
		s.Remove(first.Name)
		version := s.Version
		if _, err := c.Start(t.Context(), keyed()); !errors.Is(err, ErrUnknownOutcome) || s.Version != version {
			t.Errorf("%v", err)
		}
		j.kept = nil // it was released
		if again, err := c.Start(t.Context(), keyed()); err != nil || again.Found {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

// A workflow that was deleted before its end was seen still has the key.
func TestKeyOfARecordWithoutAnEnd(t *testing.T) {
	s, j := apitest.New(), &journal{}
	c := clientOf(t, s, Options{History: j})
	first, err := c.Start(t.Context(), keyed())
	if err != nil {
		t.Fatal(err)
	}
	s.Remove(first.Name)
	found, err := c.Start(t.Context(), keyed())
	if err != nil || found.UID != first.UID || found.Source != status.SourceHistory || found.Completed() {
		t.Errorf("%+v, %v", found, err)
	}
}

// Another process has recorded its start, and creates its workflow a moment later.
func TestKeyThatAnotherProcessIsAboutToUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := apitest.New(), &journal{}
		slow := s.Config(t)
		slow.Transport = transport(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				time.Sleep(10 * time.Second)
			}
			return s.RoundTrip(r)
		})
		other, err := NewForConfig(slow, Options{History: j})
		if err != nil {
			t.Fatal(err)
		}
		results := make(chan Result[*StartResult])
		go func() { results <- ResultOf(other.Start(t.Context(), keyed())) }()
		time.Sleep(time.Second)
		found, err := clientOf(t, s, Options{History: j}).Start(t.Context(), keyed())
		first := <-results
		if err != nil || first.Err != nil || !found.Found || first.Data.Found || found.UID != first.Data.UID {
			t.Errorf("%+v, %v; %+v", found, err, first)
		}
	})
}

// Another process starts the same key, and its workflow runs and is deleted, after this one has looked for
// the key and before it records its own start.
func TestKeyThatIsUsedAndForgottenInBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := apitest.New(), &journal{}
		c := clientOf(t, s, Options{History: j})
		made := 0
		s.Wrote = func(method string, _ *unstructured.Unstructured) {
			if method == http.MethodPost {
				made++
			}
		}
		var first *StartResult
		j.before = func() {
			j.before = nil
			var err error
			if first, err = clientOf(t, s, Options{History: j}).Start(t.Context(), keyed()); err != nil {
				t.Fatal(err)
			}
			s.Remove(first.Name)
		}
		found, err := c.Start(t.Context(), keyed())
		if err != nil || !found.Found || found.UID != first.UID || made != 1 {
			t.Errorf("%+v, %v, %d runs", found, err, made)
		}
		req := keyed()
		req.Labels = map[string]string{"a": "b"}
		if _, err := c.Start(t.Context(), req); !errors.Is(err, ErrIdempotencyMismatch) || made != 1 {
			t.Errorf("another request: %v, %d runs", err, made)
		}
	})
}

// With a record of each start, a key is once also if the answer to its create is lost and the workflow is
// deleted before the next attempt: at a TTL of 0.
func TestLostCreateOfAWorkflowThatIsDeletedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := apitest.New(), &journal{}
		made, lost := 0, false
		var name string
		s.Wrote = func(method string, wf *unstructured.Unstructured) {
			if method == http.MethodPost {
				made++
				name = wf.GetName()
			}
		}
		s.Lose = func(*http.Request) bool {
			if lost {
				return false
			}
			lost = true
			go s.Remove(name)
			return true
		}
		got, err := clientOf(t, s, Options{History: j}).Start(t.Context(), keyed())
		if made != 1 {
			t.Errorf("%d runs of one key: %+v, %v", made, got, err)
		}
	})
}

// A start that cannot be recorded changes nothing, so it does not delete the workflow that it would replace.
func TestReplacementThatCannotBeRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCollecting(t)
		s.SetPhase("n", "Running")
		j := &journal{broken: errors.New("disk full")}
		req := keyed()
		req.Name, req.IfExists = "n", ExistsReplace
		_, err := clientOf(t, s.Server, Options{History: j}).Start(t.Context(), req)
		if !errors.Is(err, ErrHistory) || s.Object("n") == nil {
			t.Errorf("%v; the old one is kept: %v", err, s.Object("n") != nil)
		}
	})
}

// A key has a workflow of the past with another request, and another workflow has the name. The start replaces
// the one in the cluster, and takes the key from the one of the past.
func TestReplacementOfANameAndAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := apitest.New(), &journal{}
		s.Wrote = func(method string, wf *unstructured.Unstructured) {
			switch method {
			case http.MethodPatch: // a stop
				go s.SetPhase(wf.GetName(), "Failed")
			case http.MethodDelete:
				go s.Remove(wf.GetName())
			}
		}
		c := clientOf(t, s, Options{History: j})
		req := keyed()
		req.Name, req.IfExists = "n", ExistsReplace
		if _, err := c.Start(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		s.Remove("n")
		s.SetPhase("n", "Running") // another client's
		other := s.Object("n").GetUID()
		req.Labels = map[string]string{"a": "b"}
		started, err := c.Start(t.Context(), req)
		if err != nil || started.Found || started.Replaced != other {
			t.Fatalf("%+v, %v", started, err)
		}
		if found, err := c.Start(t.Context(), req); err != nil || found.UID != started.UID {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// The key has an earlier start of unknown outcome, with another request. So the replacement cannot be created,
// and nothing is deleted for it.
func TestReplacementByAKeyOfUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newCollecting(t), &journal{}
		s.SetPhase("n", "Running")
		unresolved := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind}}
		unresolved.SetNamespace("ma")
		if err := newClaim("n", "own", "k", map[string]string{"template": "another"}).put(unresolved); err != nil {
			t.Fatal(err)
		}
		j.add(unresolved)
		req := keyed()
		req.Name, req.IfExists = "n", ExistsReplace
		if _, err := clientOf(t, s.Server, Options{History: j}).Start(t.Context(), req); err == nil || s.Object("n") == nil {
			t.Errorf("%v; the old one is kept: %v", err, s.Object("n") != nil)
		}
	})
}

// resolving is a journal that resolves a start only by a workflow that has its mark.
type resolving struct{ journal }

func (j *resolving) RecordCreated(_ context.Context, wf *unstructured.Unstructured) error {
	j.note("created")
	j.Lock()
	defer j.Unlock()
	own := readClaim(wf)
	j.kept = slices.DeleteFunc(j.kept, func(kept *unstructured.Unstructured) bool {
		return own.Key != "" && readClaim(kept).Key == own.Key && kept.GetName() == wf.GetName()
	})
	j.kept = append(j.kept, wf.DeepCopy())
	return nil
}

// Another client takes the name after this one has recorded its start, and the policy is to take that
// workflow. So nothing was created for the key, and its record must not stay one of unknown outcome.
func TestReusedWorkflowLeavesNoRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := apitest.New(), &resolving{}
		j.before = func() { j.before = nil; s.Put("n", nil) }
		req := keyed()
		req.Name, req.IfExists = "n", ExistsReuse
		c := clientOf(t, s, Options{History: j})
		found, err := c.Start(t.Context(), req)
		if err != nil || !found.Found {
			t.Fatal(found, err)
		}
		if again, err := c.Start(t.Context(), req); err != nil || again.UID != found.UID {
			t.Errorf("the key is stuck, after %q: %+v, %v", j.log, again, err)
		}
	})
}

// The decision is written, and then the caller gives up. It is made, so it is recorded.
func TestDecisionOfACallThatIsInterruptedIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.acts = func(s *stage) {
			if s.version > 1 {
				cancel()
			}
		}
		n := &notebook{}
		_, err := scriptedWith(t, Options{History: n}, s.answer).Approve(ctx, "w", Decision{Gates: []string{"approve"}, By: "jo"})
		if !errors.Is(err, ErrUnknownOutcome) || s.version == 1 {
			t.Fatalf("%v in version %d", err, s.version)
		}
		if len(n.decisions) != 1 {
			t.Errorf("the workflow has the decision, and the record has %v", n.decisions)
		}
	})
}
