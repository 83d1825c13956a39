package legacy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// All calls about one workflow go to the same backend as they are, and are not repeated.
func TestOneWorkflowHasOneBackend(t *testing.T) {
	both := map[workflow.Backend]int{}
	for i := range 50 {
		native, old := &recorder{}, &recorder{}
		var routes []Route
		r := router(t, native, old, RouterOptions{Rollout: Rollout{Percent: 40}, ReadFallback: true, OnRoute: func(route Route) { routes = append(routes, route) }})
		name := fmt.Sprint("w-", i)
		verbs(t.Context(), r, name)
		direct := &recorder{}
		verbs(t.Context(), direct, name)
		want := r.Rollout().Backend(workflow.DefaultNamespace, name)
		both[want]++
		called, other := native.calls, old.calls
		if want == workflow.BackendKubectl {
			called, other = other, called
		}
		if len(other) > 0 || !slices.Equal(called, direct.calls) || len(routes) != len(called) {
			t.Fatalf("%s: native %q, kubectl %q", name, native.calls, old.calls)
		}
		for _, d := range routes {
			if d.Backend != want || d.Name != name || d.Fallback || d.Namespace != workflow.DefaultNamespace || d.Rollout != r.Rollout() {
				t.Errorf("%+v", d)
			}
		}
	}
	if both[workflow.BackendNative] == 0 || both[workflow.BackendKubectl] == 0 {
		t.Errorf("%v", both)
	}
}

// The backend is chosen by the name in a manifest, or the name generated from it, even if the
// manifest has a namespace.
func TestManifestHasTheBackendOfItsName(t *testing.T) {
	const spec = "\nspec: {entrypoint: main, templates: [{name: main, suspend: {}}]}"
	for i := range 20 {
		var routes []Route
		native, old := &recorder{}, &recorder{}
		r := router(t, native, old, RouterOptions{
			Rollout: Rollout{Percent: 50, Salt: fmt.Sprint(i)},
			OnRoute: func(route Route) { routes = append(routes, route) },
		})
		for _, metadata := range []string{"{name: given, namespace: ma}", "{generateName: given-, namespace: ma}"} {
			routes = nil
			s, err := r.Start(t.Context(), workflow.StartRequest{Manifest: []byte("metadata: " + metadata + spec)})
			if err != nil || len(routes) != 1 {
				t.Fatalf("%v, %v", err, routes)
			}
			name := routes[0].Name
			if name != "given" && (!strings.HasPrefix(name, "given-") || s.Name != name) {
				t.Errorf("%s: started as %q, routed as %q", metadata, s.Name, name)
			}
		}
	}
}

// A workflow that was started without a name or with a key is found on the backend that started it.
func TestStartedWorkflowIsFound(t *testing.T) {
	for i := range 100 {
		native, old := &recorder{}, &recorder{}
		r := router(t, native, old, RouterOptions{Rollout: Rollout{Percent: 50, Salt: fmt.Sprint(i)}})
		var at []workflow.Backend
		r.opts.OnRoute = func(route Route) { at = append(at, route.Backend) }
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
		for _, name := range []string{s.Name, again.Name, startname.OfKey(keyed.IdempotencyKey)} {
			if _, err := r.Get(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		if len(at) != 6 || !slices.Equal(at[:3], at[3:]) {
			t.Errorf("%v", at)
		}
	}
}

// An error shows a generated name only if the workflow may exist.
func TestErrorsWithGeneratedNames(t *testing.T) {
	for _, tc := range []struct {
		cause error
		named bool
	}{
		{workflow.ErrTemplateNotFound, false}, {&workflow.InvalidError{}, false}, {workflow.ErrUnknownOutcome, true}, {workflow.ErrForbidden, true},
	} {
		old := &recorder{err: &workflow.Error{Op: workflow.OpStart, Name: "t-x7f2k", Err: tc.cause}}
		_, err := router(t, &recorder{}, old, RouterOptions{}).Start(t.Context(), workflow.StartRequest{Template: "t"})
		var failed *workflow.Error
		if !errors.Is(err, tc.cause) && !errors.Is(err, workflow.ErrInvalid) || !errors.As(err, &failed) || (failed.Name != "") != tc.named {
			t.Errorf("%v: %v", tc.cause, err)
		}
	}
}

func TestForce(t *testing.T) {
	for _, force := range []workflow.Backend{workflow.BackendNative, workflow.BackendKubectl} {
		backends := map[workflow.Backend]*recorder{workflow.BackendNative: {}, workflow.BackendKubectl: {}}
		r := router(t, backends[workflow.BackendNative], backends[workflow.BackendKubectl], RouterOptions{Rollout: Rollout{Force: force, Percent: 50}})
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

// Only reads fall back, only if the cluster is unreachable, and only if that is enabled.
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
		native, old := &recorder{}, &recorder{err: tc.err}
		var last Route
		r := router(t, native, old, RouterOptions{ReadFallback: tc.allowed, OnRoute: func(route Route) { last = route }})
		_, err := r.Get(t.Context(), "w")
		if (err == nil) != tc.falls || last.Fallback != tc.falls {
			t.Errorf("%v: %v, %+v", tc.err, err, last)
		}
		for _, err := range r.List(t.Context(), workflow.ListOptions{}) {
			if (err == nil) != tc.falls {
				t.Errorf("list, %v: %v", tc.err, err)
			}
		}
		if _, err := r.Gates(t.Context(), "w"); (err == nil) != tc.falls {
			t.Errorf("gates, %v: %v", tc.err, err)
		}
		reads := len(native.calls)
		verbs(t.Context(), r, "w")
		if tc.falls && reads == 0 || len(native.calls)-reads > 2 { // its Get and Gates
			t.Errorf("%v: %q", tc.err, native.calls)
		}
	}
}

func TestNewRouterRefuses(t *testing.T) {
	r := router(t, &recorder{}, &recorder{}, RouterOptions{})
	_, without := NewRouter(nil, nil, RouterOptions{})
	_, badly := NewRouter(&recorder{}, &recorder{}, RouterOptions{Rollout: Rollout{Percent: 101}})
	for _, err := range []error{without, badly, r.SetRollout(Rollout{Percent: -1}), r.SetRollout(Rollout{Force: "both"})} {
		if !errors.Is(err, workflow.ErrInvalid) {
			t.Error(err)
		}
	}
	if r.Rollout() != (Rollout{}) {
		t.Errorf("%+v", r.Rollout())
	}
}

// bound is a backend that reports its namespace.
type bound struct {
	recorder
	namespace string
}

func (b *bound) Namespace() string { return b.namespace }

// A router has one namespace and reports it, so that code that uses the router can use the same
// one.
func TestRouterHasOneNamespace(t *testing.T) {
	for _, tc := range []struct {
		native, old, namespace string
		want                   string // "" if it is refused
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

// What decides about gates in objects may have to be checked, whichever backend a decision goes to.
func TestRouterRequiresWhatItsBackendsRequire(t *testing.T) {
	opts := workflow.Options{GatePolicies: []workflow.GatePolicy{workflow.ApprovalGates()}}
	native, err := workflow.NewForConfig(&rest.Config{Host: "http://localhost"}, opts)
	if err != nil {
		t.Fatal(err)
	}
	old, err := NewKubectlClient(&fake{}, opts)
	if err != nil {
		t.Fatal(err)
	}
	r := router(t, native, old, RouterOptions{})
	all := fmt.Sprint(r.Requirements(workflow.OpApprove))
	if want := fmt.Sprint(old.Requirements(workflow.OpApprove)); all != want || !strings.Contains(all, "approvalgates") {
		t.Errorf("%s, want %s", all, want)
	}
	plain := router(t, &recorder{}, &recorder{}, RouterOptions{})
	if got := plain.Requirements(workflow.OpApprove); !slices.Equal(got, workflow.Requirements(workflow.OpApprove)) {
		t.Error(got)
	}
}

// Each call uses the rollout before or after a concurrent change.
func TestSetRolloutUnderLoad(t *testing.T) {
	native, old := &recorder{}, &recorder{}
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

// A name that the router would generate is no reason to reuse or replace what has it.
func TestRouterNamesNothingToReuse(t *testing.T) {
	native, old := &recorder{}, &recorder{}
	r := router(t, native, old, RouterOptions{Rollout: Rollout{Percent: 100}})
	for _, policy := range []workflow.ExistsPolicy{workflow.ExistsReuse, workflow.ExistsReplace} {
		if _, err := r.Start(t.Context(), workflow.StartRequest{Template: "reindex", IfExists: policy}); err != nil {
			t.Error(err)
		}
	}
	if want := []string{"start ", "start "}; !slices.Equal(native.calls, want) || len(old.calls) > 0 {
		t.Errorf("%q, %q", native.calls, old.calls)
	}
}
