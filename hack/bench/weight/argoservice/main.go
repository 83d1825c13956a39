// Command argoservice starts a workflow from a template and waits for its end.
package main

import (
	"context"
	"fmt"
	"log"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	cfg, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := workflow.NewForConfig(cfg, workflow.Options{})
	if err != nil {
		return err
	}
	started, err := client.Start(ctx, workflow.StartRequest{Template: "bulk-load"})
	if err != nil {
		return err
	}
	ended, err := client.Wait(ctx, started.Name, workflow.Completed)
	if err != nil {
		return err
	}
	fmt.Println(ended.Name, ended.Outcome())
	return ended.Err()
}
