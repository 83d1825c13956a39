// Command getting-started starts a workflow, approves its gate, and reads the outputs of its steps.
// docs/getting-started.md explains it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func main() {
	namespace := flag.String("namespace", workflow.DefaultNamespace, "namespace of the template and the workflow")
	key := flag.String("key", "books-1", "idempotency key: the same key finds the same workflow")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *namespace, *key)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "getting-started:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, namespace, key string) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace})
	if err != nil {
		return err
	}
	return load(ctx, client, key)
}

// workflows is the part of workflow.Interface that load uses.
type workflows interface {
	workflow.Starter
	workflow.Waiter
	workflow.Gatekeeper
}

// load starts the workflow of a key or finds it, approves its gate, and returns when it has ended.
func load(ctx context.Context, w workflows, key string) error {
	started, err := w.Start(ctx, workflow.StartRequest{
		Template:       "load",
		Parameters:     map[string]any{"index": "books"},
		IdempotencyKey: key,
	})
	if err != nil {
		return err // names every problem of the request, or the missing permission
	}
	fmt.Println("workflow", started.Name)

	// A workflow that an earlier run has started may have ended by now.
	state, err := w.Wait(ctx, started.Name, workflow.Any(workflow.AtGate("approve"), workflow.Completed), workflow.WithUID(started.UID))
	if err != nil {
		return err
	}
	if !state.Completed() {
		documents, _ := state.OutputParameter(status.NodeNamed("count"), "documents")
		fmt.Printf("approving gate \"approve\" for %q documents\n", documents)
		_, err := w.Approve(ctx, state.Name, workflow.Decision{
			Gates:   []string{"approve"},
			Outputs: map[string]any{"approved-by": "ann"},
			By:      "ann",     // recorded on the gate and the workflow
			UID:     state.UID, // this workflow and no later one of the same name
		})
		if err != nil {
			return err
		}
	}

	ended, err := w.Wait(ctx, started.Name, workflow.Completed, workflow.WithUID(started.UID), workflow.WithEndOnly())
	if err != nil {
		return err
	}
	approver, _ := ended.OutputParameter(status.NodeNamed("approve"), "approved-by")
	fmt.Printf("%s, approved by %q\n", ended.Outcome(), approver)
	return ended.Err() // nil if the workflow succeeded
}
