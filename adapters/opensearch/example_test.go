package opensearch_test

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Give a backfill the working state of its target cluster, with the Secret that its configuration
// names.
func Example() {
	run := func(ctx context.Context, cfg backfill.Config, client workflow.Interface, kube dynamic.Interface) (err error) {
		state, err := opensearch.New(cfg.WorkingStateCluster(), opensearch.Options{Secrets: opensearch.SecretsFromCluster(kube, "ma")})
		if err != nil {
			return err // names the invalid fields of the configuration
		}
		defer func() { err = errors.Join(err, state.Close()) }()
		b, err := backfill.New(cfg, backfill.Dependencies{Workflows: client, Kubernetes: kube, WorkingState: state})
		if err != nil {
			return err
		}
		st, err := b.Status(ctx)
		if err != nil {
			return err
		}
		shards, err := st.Shards.Unwrap()
		if errors.Is(err, workflow.ErrUnavailable) {
			return nil // the target cluster is unavailable, which says nothing about the backfill
		}
		if err != nil {
			return err
		}
		fmt.Printf("%d of %d shards\n", shards.Completed, shards.Total)
		return nil
	}
	_ = run
}
