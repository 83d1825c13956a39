package rollout_test

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus/rollout"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func ExampleNewObserver() {
	rolledOut := func(registry *prometheus.Registry, native, old workflow.Interface) error {
		routes := rollout.NewObserver()
		router, err := legacy.NewRouter(native, old, legacy.RouterOptions{
			OnRoute: routes.Route,
			Shadow:  legacy.ShadowOptions{OnDifference: routes.Difference},
		})
		if err != nil {
			return err
		}
		registry.MustRegister(routes, rollout.NewRouter(router))

		_, err = router.Get(context.Background(), "migration-1")
		return err
	}
	registry := prometheus.NewRegistry()
	if err := rolledOut(registry, &backend{}, &backend{}); err != nil { // the native and the kubectl client
		fmt.Println(err)
	}
	fmt.Println(testutil.GatherAndCount(registry, "argoservice_rollout_routes_total"))
	// Output: 1 <nil>
}
