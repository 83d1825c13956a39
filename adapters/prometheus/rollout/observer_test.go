package rollout_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus/internal/metricdoc"
	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus/rollout"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// backend answers Get with one state, or with an error. No other method is called.
type backend struct {
	workflow.Interface
	phase status.Phase
	err   error
}

func (b *backend) Get(_ context.Context, name string) (*status.WorkflowStatus, error) {
	if b.err != nil {
		return nil, b.err
	}
	return &status.WorkflowStatus{Name: name, UID: "1", ResourceVersion: "1", Phase: b.phase}, nil
}

// router returns a router over two backends, and the collectors that it reports to.
func router(t testing.TB, native, old workflow.Interface, opts legacy.RouterOptions) (*legacy.Router, *rollout.Observer, *rollout.Router) {
	t.Helper()
	observer := rollout.NewObserver()
	opts.OnRoute = observer.Route
	opts.Shadow.OnDifference = observer.Difference
	r, err := legacy.NewRouter(native, old, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r, observer, rollout.NewRouter(r)
}

func expect(t *testing.T, c prometheus.Collector, metric, want string) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == metric {
			head := fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n", metric, f.GetHelp(), metric, strings.ToLower(f.GetType().String()))
			if err := testutil.CollectAndCompare(c, strings.NewReader(head+strings.ReplaceAll(want, "\t", "")+"\n"), metric); err != nil {
				t.Error(err)
			}
			return
		}
	}
	t.Errorf("there is no %s", metric)
}

func TestDocumentedRollout(t *testing.T) {
	r, observer, counts := router(t, &backend{}, &backend{}, legacy.RouterOptions{})
	if _, err := r.Get(t.Context(), "secret-name"); err != nil {
		t.Fatal(err)
	}
	metricdoc.Check(t, "../../../docs/metrics.md", "## Rollout", observer, counts)
}

func TestRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := &backend{err: workflow.ErrUnavailable}
		r, observer, _ := router(t, away, &backend{}, legacy.RouterOptions{ReadFallback: true, Rollout: legacy.Rollout{Force: workflow.BackendNative}})
		for range 3 {
			if _, err := r.Get(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, observer, "argoservice_rollout_routes_total", `
			argoservice_rollout_routes_total{backend="native",fallback="false",verb="get"} 3
			argoservice_rollout_routes_total{backend="kubectl",fallback="true",verb="get"} 3`)
	})
}

func TestShadow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		native, old := &backend{phase: status.PhaseRunning}, &backend{phase: status.PhaseRunning}
		r, observer, counts := router(t, native, old, legacy.RouterOptions{Rollout: legacy.Rollout{Percent: 100}})
		expect(t, observer, "argoservice_shadow_differences_total", `
			argoservice_shadow_differences_total{backend="kubectl",verb="get"} 0
			argoservice_shadow_differences_total{backend="kubectl",verb="list"} 0
			argoservice_shadow_differences_total{backend="native",verb="get"} 0
			argoservice_shadow_differences_total{backend="native",verb="list"} 0`)
		get := func() {
			t.Helper()
			if _, err := r.Get(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // until it has been compared
		}
		get()
		old.phase = status.PhaseFailed
		get()
		get()
		old.err = workflow.ErrUnavailable
		get()
		expect(t, counts, "argoservice_shadow_comparisons_total", `
			argoservice_shadow_comparisons_total{result="Agreed"} 1
			argoservice_shadow_comparisons_total{result="Differed"} 2
			argoservice_shadow_comparisons_total{result="Changed"} 0
			argoservice_shadow_comparisons_total{result="Failed"} 1
			argoservice_shadow_comparisons_total{result="Dropped"} 0`)
		expect(t, observer, "argoservice_shadow_differences_total", `
			argoservice_shadow_differences_total{backend="kubectl",verb="get"} 0
			argoservice_shadow_differences_total{backend="kubectl",verb="list"} 0
			argoservice_shadow_differences_total{backend="native",verb="get"} 2
			argoservice_shadow_differences_total{backend="native",verb="list"} 0`)
	})
}

func TestTarget(t *testing.T) {
	r, _, counts := router(t, &backend{}, &backend{}, legacy.RouterOptions{})
	for _, c := range []struct {
		rollout legacy.Rollout
		want    string
	}{
		{legacy.Rollout{}, "0"}, {legacy.Rollout{Percent: 12.5}, "0.125"}, {legacy.Rollout{Percent: 100}, "1"},
		{legacy.Rollout{Force: workflow.BackendNative, Percent: 12.5}, "1"}, {legacy.Rollout{Force: workflow.BackendKubectl, Percent: 12.5}, "0"},
	} {
		if err := r.SetRollout(c.rollout); err != nil {
			t.Fatal(err)
		}
		expect(t, counts, "argoservice_rollout_target_ratio", "argoservice_rollout_target_ratio "+c.want)
	}
}

func TestConcurrently(t *testing.T) {
	var told atomic.Int64
	observer := rollout.NewObserver()
	r, err := legacy.NewRouter(&backend{}, &backend{phase: status.PhaseFailed}, legacy.RouterOptions{
		Rollout: legacy.Rollout{Percent: 50},
		OnRoute: observer.Route,
		Shadow: legacy.ShadowOptions{Limit: 1 << 14, OnDifference: func(d legacy.Difference) {
			observer.Difference(d)
			told.Add(1)
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	counts := rollout.NewRouter(r)
	synctest.Test(t, func(t *testing.T) {
		for i := range 50 {
			go func() {
				for j := range 100 {
					if _, err := r.Get(t.Context(), fmt.Sprint(i, j)); err != nil {
						t.Error(err)
					}
				}
				testutil.CollectAndCount(counts)
			}()
		}
		synctest.Wait()
	})
	sum := func(c prometheus.Collector, metric string) (total float64) {
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(c)
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == metric {
					total += m.GetCounter().GetValue()
				}
			}
		}
		return total
	}
	if n := sum(observer, "argoservice_rollout_routes_total"); n != 5000 {
		t.Errorf("%v routes instead of 5000", n)
	}
	if n := sum(observer, "argoservice_shadow_differences_total"); n != 5000 || told.Load() != 5000 {
		t.Errorf("%v differences instead of 5000, %d told", n, told.Load())
	}
	if n := sum(counts, "argoservice_shadow_comparisons_total"); n != 5000 {
		t.Errorf("%v comparisons instead of 5000", n)
	}
}
