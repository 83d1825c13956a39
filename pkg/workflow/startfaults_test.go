package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Starts are exactly once under random faults: requests that are refused, or lost before or after
// the API server acts on them, another client that starts under the same key or name, workflows
// that are deleted, contexts that end.
func TestStartsUnderFaults(t *testing.T) {
	for seed := range uint64(400) {
		startUnderFaults(t, seed, nil)
	}
}

// With a history of the deleted workflows, a key starts one workflow, whoever uses it and however long.
func TestStartsUnderFaultsWithAHistory(t *testing.T) {
	for seed := range uint64(400) {
		startUnderFaults(t, seed, &historyStore{})
	}
}

func startUnderFaults(t *testing.T, seed uint64, past *historyStore) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := newFaultyStore(t, seed, past, cancel)
		opts := s.options()
		opts.RetryFor = time.Duration(s.draw(20)) * time.Second
		_, err := scriptedWith(t, opts, s.play).Start(ctx, s.req)
		for _, broken := range s.brokenPromises(err) {
			t.Errorf("seed %d: %s: %v after\n%s", seed, broken, err, strings.Join(s.log, "\n"))
		}
	})
}

type faultyStore struct {
	store
	*rand.Rand
	cancel context.CancelFunc
	past   *historyStore // of the deleted workflows; may be nil

	req   StartRequest
	rival func() // starts the same request, or a similar one

	made     int // by the client under test
	ofKey    int // made by any client with the key of the client under test
	deleted  int
	rivalled bool
	doubtful bool // the response to a create was lost
	log      []string
}

func newFaultyStore(t *testing.T, seed uint64, past *historyStore, cancel context.CancelFunc) *faultyStore {
	t.Helper()
	s := &faultyStore{store: store{t: t}, Rand: rand.New(rand.NewPCG(seed, seed)), cancel: cancel, past: past}
	s.req = StartRequest{Manifest: []byte(suspending), DryRun: s.draw(4) == 0}
	if s.draw(2) == 0 {
		s.req.Name = "n"
	}
	if s.draw(2) == 0 {
		s.req.IdempotencyKey = "k"
	}
	other := s.req
	other.DryRun = false
	switch s.draw(3) {
	case 0:
		other.IdempotencyKey = "l"
	case 1:
		other.Labels = map[string]string{"a": "b"}
	}
	client := scriptedWith(t, s.options(), s.store.play)
	s.rival = func() {
		started, err := client.Start(t.Context(), other)
		s.rivalled = s.rivalled || err == nil
		if err == nil && !started.Found && other.IdempotencyKey == s.req.IdempotencyKey {
			s.ofKey++
		}
	}
	return s
}

// options returns those of each client.
func (s *faultyStore) options() Options {
	if s.past == nil {
		return Options{}
	}
	return Options{History: s.past}
}

// collect deletes all workflows, and archives them if there is a history.
func (s *faultyStore) collect() {
	for _, wf := range s.held {
		if s.past != nil {
			wf.SetUID("archived")
			set(wf, "Succeeded", "status", "phase")
			s.past.add(wf)
		}
	}
	s.held = nil
	s.deleted++
}

func (s *faultyStore) draw(below int) int { return s.IntN(below) }

func (s *faultyStore) play(r *http.Request) (any, error) {
	creates := r.Method == http.MethodPost
	if s.draw(12) == 0 && len(s.held) > 0 {
		s.collect()
	}
	if s.draw(10) == 0 {
		s.rival()
	}
	fault := s.draw(10)
	s.log = append(s.log, fmt.Sprint(r.Method, " ", path.Base(r.URL.Path), ", fault ", fault))
	switch fault {
	case 0:
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	case 1:
		return nil, apierrors.NewTooManyRequests("later", 1)
	case 2:
		return nil, apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("no"))
	case 3: // the request is lost
		return nil, s.lost(creates)
	case 4: // the response is lost
		_, _ = s.act(r)
		return nil, s.lost(creates)
	}
	return s.act(r)
}

func (s *faultyStore) act(r *http.Request) (any, error) {
	before := len(s.held)
	answer, err := s.store.play(r)
	if r.Method == http.MethodPost && len(s.held) > before {
		s.made++
		s.ofKey++
	}
	return answer, err
}

// lost returns the error of a request without a response.
func (s *faultyStore) lost(creates bool) error {
	s.doubtful = s.doubtful || creates
	if s.draw(8) > 0 {
		return io.ErrUnexpectedEOF
	}
	s.cancel()
	return context.Canceled
}

// brokenPromises returns the guarantees that a start that ended with err violated.
func (s *faultyStore) brokenPromises(err error) (broken []string) {
	promise := func(kept bool, what string) {
		if !kept {
			broken = append(broken, what)
		}
	}
	unknown := errors.Is(err, ErrUnknownOutcome)
	promise(s.made <= 1+s.deleted, "one workflow is made")
	promise(s.past == nil || s.req.IdempotencyKey == "" || s.ofKey <= 1, "a key makes one workflow")
	promise(!s.req.DryRun || s.made == 0 && !unknown, "a dry run makes none, and leaves nothing in doubt")
	promise(!unknown || s.doubtful, "what was answered is known")
	if err == nil {
		promise(s.made > 0 || s.rivalled || s.req.DryRun, "there was a workflow")
		return broken
	}
	promise(unknown || s.made == 0 || s.deleted > 0, "what was made is not denied")
	promise(!errors.Is(err, ErrNotFound), "that a workflow is not there is no failure of a start")
	var failed *Error
	promise(errors.As(err, &failed) && (sentinelOf(failed.Err) != nil || errors.Is(err, context.Canceled)), "an error has a kind")
	return broken
}

// A name is taken, and is free again before its workflow is read. Then the time for another attempt
// is over, or the context ends.
func TestNameThatIsFreedTooLate(t *testing.T) {
	for name, tc := range map[string]struct {
		retryFor time.Duration
		cancels  bool
		want     error
	}{
		"the time is over": {-1, false, ErrAlreadyExists},
		"the context ends": {time.Hour, true, context.Canceled},
	} {
		for _, req := range []StartRequest{{Name: "n"}, {IdempotencyKey: "k"}, {}} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				s := &store{t: t}
				created := false
				c := scriptedWith(t, Options{RetryFor: tc.retryFor}, func(r *http.Request) (any, error) {
					if r.Method != http.MethodPost {
						if created && tc.cancels {
							time.AfterFunc(10*time.Millisecond, cancel) // in the pause that follows
						}
						return s.play(r)
					}
					created = true
					return nil, apierrors.NewAlreadyExists(schema.GroupResource{Resource: "workflows"}, "n")
				})
				req.Manifest = []byte(suspending)
				_, err := c.Start(ctx, req)
				if !errors.Is(err, tc.want) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnknownOutcome) {
					t.Errorf("%s, %q: %v", name, req.Name+req.IdempotencyKey, err)
				}
			})
		}
	}
}
