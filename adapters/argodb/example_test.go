package argodb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A client that knows archived workflows, and reads offloaded nodes.
func ExampleNew() {
	run := func(ctx context.Context, db *sql.DB, kube dynamic.Interface, cfg *rest.Config) (*workflow.WorkflowClient, error) {
		configuration, err := argodb.FromConfigMap(ctx, kube, "argo", argodb.DefaultConfigMap)
		if err != nil {
			return nil, err // the controller has no database, or the ConfigMap cannot be read
		}
		database, err := argodb.New(db, configuration.Options) // db is opened with the host's driver
		if err != nil {
			return nil, err // names the invalid options
		}
		return workflow.NewForConfig(cfg, workflow.Options{History: database, NodeStore: database})
	}
	_ = run
}

// Read a workflow that its TTL has removed from the cluster.
func Example() {
	run := func(ctx context.Context, db *sql.DB, kube dynamic.Interface) error {
		configuration, err := argodb.FromConfigMap(ctx, kube, "argo", argodb.DefaultConfigMap)
		if err != nil {
			return err // the controller has no database, or the ConfigMap cannot be read
		}
		database, err := argodb.New(db, configuration.Options)
		if err != nil {
			return err // names the invalid options
		}
		u, err := database.ByName(ctx, "ma", "full-migration")
		if errors.Is(err, workflow.ErrNotFound) {
			return nil // the archive has none; any other error says nothing about the workflow
		}
		if err != nil {
			return err
		}
		st, err := status.FromUnstructured(u)
		if err != nil {
			return err
		}
		fmt.Println(st.Phase, st.EndTime)
		return nil
	}
	_ = run
}
