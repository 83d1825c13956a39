package backfill_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Start the backfill that the console's configuration describes, or find the one that an
// earlier process has started.
func Example() {
	run := func(ctx context.Context, client workflow.Interface, yaml []byte) error {
		cfg, err := backfill.ParseConfig(yaml)
		if err != nil {
			return err // every problem, with its path
		}
		b, err := backfill.New(cfg, backfill.Dependencies{Workflows: client})
		if err != nil {
			return err
		}
		if err := b.Create(ctx); err != nil {
			return err // not ready to start, and why
		}
		st, err := b.Start(ctx)
		if err != nil {
			return err
		}
		fmt.Println(st.Session, st.State, st.Workflow.Progress)
		return nil
	}
	_ = run
}

func ExampleParseConfig() {
	_, err := backfill.ParseConfig([]byte(`
target_cluster: {endpoint: https://target:9200, no_auth: , sigv4: }
backfill: {reindex_from_snapshot: {scale: 0, argo: {workflow_template: bulk-load}}}
`))
	var invalid *workflow.InvalidError
	if errors.As(err, &invalid) {
		for _, problem := range invalid.Problems {
			fmt.Println(problem.Field)
		}
	}
	// Output:
	// target_cluster
	// backfill.reindex_from_snapshot.scale
	// backfill.reindex_from_snapshot.argo.workflow_template_name
	// backfill.reindex_from_snapshot.argo.workflow_template
}
