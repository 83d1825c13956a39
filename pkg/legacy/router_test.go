package legacy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// noted is a backend that notes what it is called for and answers with err.
type noted struct {
	err error

	mu    sync.Mutex
	calls []string
}

var _ workflow.Interface = (*noted)(nil)

func (n *noted) note(op workflow.Op, name string) (*status.WorkflowStatus, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, fmt.Sprint(op, " ", name))
	if n.err != nil {
		return nil, n.err
	}
	return &status.WorkflowStatus{Name: name}, nil
}

func (n *noted) Start(_ context.Context, req workflow.StartRequest) (*status.WorkflowStatus, error) {
	return n.note(workflow.OpStart, req.Name)
}

func (n *noted) Resubmit(_ context.Context, _ string, opts workflow.ResubmitOptions) (*status.WorkflowStatus, error) {
	return n.note(workflow.OpResubmit, opts.Name)
}

func (n *noted) Get(_ context.Context, name string) (*status.WorkflowStatus, error) {
	return n.note(workflow.OpGet, name)
}

func (n *noted) List(context.Context, workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) { yield(n.note(workflow.OpList, "")) }
}

func (n *noted) Watch(_ context.Context, name string) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) { yield(n.note(workflow.OpWatch, name)) }
}

func (n *noted) Wait(_ context.Context, name string, _ workflow.Condition) (*status.WorkflowStatus, error) {
	return n.note(workflow.OpWait, name)
}

func (n *noted) does(op workflow.Op, name string) error { _, err := n.note(op, name); return err }

func (n *noted) Suspend(_ context.Context, name string, _ workflow.SuspendOptions) error {
	return n.does(workflow.OpSuspend, name)
}

func (n *noted) Resume(_ context.Context, name string, _ workflow.ResumeOptions) (*workflow.ResumeResult, error) {
	return &workflow.ResumeResult{}, n.does(workflow.OpResume, name)
}

func (n *noted) Stop(_ context.Context, name string, _ workflow.StopOptions) error {
	return n.does(workflow.OpStop, name)
}

func (n *noted) Terminate(_ context.Context, name string, _ workflow.TerminateOptions) error {
	return n.does(workflow.OpTerminate, name)
}

func (n *noted) Delete(_ context.Context, name string, _ workflow.DeleteOptions) error {
	return n.does(workflow.OpDelete, name)
}

func (n *noted) Retry(_ context.Context, name string, _ workflow.RetryOptions) (*status.WorkflowStatus, error) {
	return n.note(workflow.OpRetry, name)
}

func (n *noted) Logs(_ context.Context, name string, _ workflow.LogOptions) iter.Seq2[workflow.LogLine, error] {
	return func(yield func(workflow.LogLine, error) bool) {
		_, err := n.note(workflow.OpLogs, name)
		yield(workflow.LogLine{}, err)
	}
}

func router(t *testing.T, native, old workflow.Interface, opts RouterOptions) *Router {
	t.Helper()
	r, err := NewRouter(native, old, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// verbs calls everything there is about one workflow.
func verbs(ctx context.Context, c workflow.Interface, name string) {
	_, _ = c.Start(ctx, workflow.StartRequest{Template: "t", Name: name})
	_, _ = c.Resubmit(ctx, "old", workflow.ResubmitOptions{Name: name})
	_, _ = c.Get(ctx, name)
	for range c.Watch(ctx, name) { //nolint:errcheck // noted has what it was called for
	}
	_, _ = c.Wait(ctx, name, workflow.Completed)
	_ = c.Suspend(ctx, name, workflow.SuspendOptions{})
	_, _ = c.Resume(ctx, name, workflow.ResumeOptions{})
	_ = c.Stop(ctx, name, workflow.StopOptions{})
	_ = c.Terminate(ctx, name, workflow.TerminateOptions{})
	_, _ = c.Retry(ctx, name, workflow.RetryOptions{})
	for range c.Logs(ctx, name, workflow.LogOptions{}) { //nolint:errcheck // as above
	}
	_ = c.Delete(ctx, name, workflow.DeleteOptions{})
}

// All calls about one workflow meet the same backend, whichever that is, and are not repeated.
func TestOneWorkflowMeetsOneBackend(t *testing.T) {
	direct := &noted{}
	verbs(t.Context(), direct, "w-0")
	both := map[Backend]int{}
	for i := range 50 {
		native, old := &noted{}, &noted{}
		var decisions []Decision
		r := router(t, native, old, RouterOptions{Rollout: Rollout{Percent: 40}, ReadFallback: true, OnDecision: func(d Decision) { decisions = append(decisions, d) }})
		name := fmt.Sprint("w-", i)
		verbs(t.Context(), r, name)
		want := r.Rollout().Backend(workflow.DefaultNamespace, name)
		both[want]++
		called, other := native.calls, old.calls
		if want == BackendLegacy {
			called, other = other, called
		}
		if len(other) > 0 || len(called) != len(direct.calls) || len(decisions) != len(called) {
			t.Fatalf("%s: native %q, legacy %q", name, native.calls, old.calls)
		}
		for _, d := range decisions {
			if d.Backend != want || d.Name != name || d.Fallback || d.Namespace != workflow.DefaultNamespace || d.Rollout != r.Rollout() {
				t.Errorf("%+v", d)
			}
		}
	}
	if both[BackendNative] == 0 || both[BackendLegacy] == 0 {
		t.Errorf("%v", both)
	}
}

// A manifest may name the namespace that it is for. Its name decides all the same, or the one that is
// generated from it.
func TestManifestMeetsTheBackendOfItsName(t *testing.T) {
	const spec = "\nspec: {entrypoint: main, templates: [{name: main, suspend: {}}]}"
	for i := range 20 {
		var decisions []Decision
		native, old := &noted{}, &noted{}
		r := router(t, native, old, RouterOptions{
			Rollout:    Rollout{Percent: 50, Salt: fmt.Sprint(i)},
			OnDecision: func(d Decision) { decisions = append(decisions, d) },
		})
		for _, metadata := range []string{"{name: given, namespace: ma}", "{generateName: given-, namespace: ma}"} {
			decisions = nil
			s, err := r.Start(t.Context(), workflow.StartRequest{Manifest: []byte("metadata: " + metadata + spec)})
			if err != nil || len(decisions) != 1 {
				t.Fatalf("%v, %v", err, decisions)
			}
			name := decisions[0].Name
			if name != "given" && (!strings.HasPrefix(name, "given-") || s.Name != name) {
				t.Errorf("%s: started as %q, routed as %q", metadata, s.Name, name)
			}
		}
	}
}

// What is started without a name, or by a key, is found where it was started.
func TestStartedWorkflowIsFoundAgain(t *testing.T) {
	for i := range 100 {
		native, old := &noted{}, &noted{}
		r := router(t, native, old, RouterOptions{Rollout: Rollout{Percent: 50, Salt: fmt.Sprint(i)}})
		var at []Backend
		r.opts.OnDecision = func(d Decision) { at = append(at, d.Backend) }
		s, err := r.Start(t.Context(), workflow.StartRequest{Template: "reindex"})
		if err != nil || s.Name == "" {
			t.Fatalf("%+v, %v", s, err)
		}
		again, err := r.Resubmit(t.Context(), s.Name, workflow.ResubmitOptions{})
		if err != nil || again.Name == s.Name || len(again.Name) != len(s.Name) {
			t.Fatalf("%+v, %v", again, err)
		}
		keyed := workflow.StartRequest{Template: "reindex", IdempotencyKey: "k"}
		if _, err := r.Start(t.Context(), keyed); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{s.Name, again.Name, keyed.WorkflowName()} {
			if _, err := r.Get(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		if len(at) != 6 || !slices.Equal(at[:3], at[3:]) {
			t.Errorf("%v", at)
		}
	}
}

// An error names no workflow that there is not, and the one that there may be.
func TestErrorsOfNamesThatNobodyGave(t *testing.T) {
	for _, tc := range []struct {
		cause error
		named bool
	}{
		{workflow.ErrTemplateNotFound, false}, {&workflow.InvalidError{}, false}, {workflow.ErrUnknownOutcome, true}, {workflow.ErrForbidden, true},
	} {
		old := &noted{err: &workflow.Error{Op: workflow.OpStart, Name: "t-x7f2k", Err: tc.cause}}
		_, err := router(t, &noted{}, old, RouterOptions{}).Start(t.Context(), workflow.StartRequest{Template: "t"})
		var failed *workflow.Error
		if !errors.Is(err, tc.cause) && !errors.Is(err, workflow.ErrInvalid) || !errors.As(err, &failed) || (failed.Name != "") != tc.named {
			t.Errorf("%v: %v", tc.cause, err)
		}
	}
}

func TestForce(t *testing.T) {
	for _, force := range []Backend{BackendNative, BackendLegacy} {
		backends := map[Backend]*noted{BackendNative: {}, BackendLegacy: {}}
		r := router(t, backends[BackendNative], backends[BackendLegacy], RouterOptions{Rollout: Rollout{Force: force, Percent: 50}})
		for i := range 20 {
			if _, err := r.Get(t.Context(), fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		}
		if len(backends[force].calls) != 20 {
			t.Errorf("%s: %d", force, len(backends[force].calls))
		}
	}
}

// Reads fall back where the cluster was out of reach, if that is allowed; nothing else does.
func TestFallback(t *testing.T) {
	away := fmt.Errorf("get: %w", workflow.ErrUnavailable)
	for _, tc := range []struct {
		err     error
		allowed bool
		falls   bool
	}{
		{away, true, true},
		{&CommandError{Verb: "get", Err: ErrKubectlMissing}, true, true},
		{away, false, false},
		{workflow.ErrNotFound, true, false},
		{workflow.ErrForbidden, true, false},
	} {
		native, old := &noted{}, &noted{err: tc.err}
		var last Decision
		r := router(t, native, old, RouterOptions{ReadFallback: tc.allowed, OnDecision: func(d Decision) { last = d }})
		_, err := r.Get(t.Context(), "w")
		if (err == nil) != tc.falls || last.Fallback != tc.falls {
			t.Errorf("%v: %v, %+v", tc.err, err, last)
		}
		for _, err := range r.List(t.Context(), workflow.ListOptions{}) {
			if (err == nil) != tc.falls {
				t.Errorf("list, %v: %v", tc.err, err)
			}
		}
		reads := len(native.calls)
		verbs(t.Context(), r, "w")
		if tc.falls && reads == 0 || len(native.calls)-reads > 1 { // its Get
			t.Errorf("%v: %q", tc.err, native.calls)
		}
	}
}

func TestNewRouterRefuses(t *testing.T) {
	r := router(t, &noted{}, &noted{}, RouterOptions{})
	_, without := NewRouter(nil, nil, RouterOptions{})
	_, badly := NewRouter(&noted{}, &noted{}, RouterOptions{Rollout: Rollout{Percent: 101}})
	for _, err := range []error{without, badly, r.SetRollout(Rollout{Percent: -1}), r.SetRollout(Rollout{Force: "both"})} {
		if !errors.Is(err, workflow.ErrInvalid) {
			t.Error(err)
		}
	}
	if r.Rollout() != (Rollout{}) {
		t.Errorf("%+v", r.Rollout())
	}
}

// bound is a backend that says in which namespace it works.
type bound struct {
	noted
	namespace string
}

func (b *bound) Namespace() string { return b.namespace }

// A router is in one namespace, and says in which, so that what is built on it can be in the same.
func TestARouterIsInOneNamespace(t *testing.T) {
	for _, tc := range []struct {
		native, old, namespace string
		want                   string // "": refused
	}{
		{"ma", "ma", "", "ma"},
		{"other", "other", "other", "other"},
		{"other", "other", "", ""},
		{"ma", "other", "", ""},
		{"other", "ma", "other", ""},
	} {
		r, err := NewRouter(&bound{namespace: tc.native}, &bound{namespace: tc.old}, RouterOptions{Namespace: tc.namespace})
		var invalid *workflow.InvalidError
		switch {
		case tc.want == "":
			if !errors.As(err, &invalid) || invalid.Problems[0].Field != "options.namespace" {
				t.Errorf("%+v: %v", tc, err)
			}
		case err != nil || r.Namespace() != tc.want:
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

// A rollout is changed while calls are made, and each call goes by one or the other.
func TestSetRolloutUnderLoad(t *testing.T) {
	native, old := &noted{}, &noted{}
	r := router(t, native, old, RouterOptions{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 500 {
				_, _ = r.Get(t.Context(), fmt.Sprint(i))
			}
		})
	}
	all.Go(func() {
		for i := range 101 {
			if err := r.SetRollout(Rollout{Percent: float64(i)}); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	if len(native.calls)+len(old.calls) != 8*500 {
		t.Errorf("%d and %d", len(native.calls), len(old.calls))
	}
	if _, err := r.Get(t.Context(), "w"); err != nil || len(native.calls) == 0 {
		t.Error("it is at 100 % now")
	}
}

func TestFromEnv(t *testing.T) {
	c, err := FromEnv(&rest.Config{Host: "http://127.0.0.1:1"}, FromEnvOptions{
		Options: Options{Namespace: "migrations"}, Lookup: func(name string) (string, bool) {
			if name == EnvPercent {
				return "10", true
			}
			return "", false
		},
	})
	r, ok := c.(*Router)
	if err != nil || !ok || r.Rollout() != (Rollout{Percent: 10}) || r.opts.Namespace != "migrations" {
		t.Errorf("%+v, %v", c, err)
	}
	_, env := FromEnv(&rest.Config{Host: "http://127.0.0.1:1"}, FromEnvOptions{Lookup: func(name string) (string, bool) {
		return map[string]string{EnvForce: "x"}[name], name == EnvForce
	}})
	_, cfg := FromEnv(nil, FromEnvOptions{Lookup: func(string) (string, bool) { return "", false }})
	_, namespace := FromEnv(&rest.Config{Host: "http://127.0.0.1:1"}, FromEnvOptions{Options: Options{Namespace: "No Namespace"}, Lookup: func(string) (string, bool) { return "", false }})
	for _, err := range []error{env, cfg, namespace} {
		if !errors.Is(err, workflow.ErrInvalid) {
			t.Error(err)
		}
	}
}
