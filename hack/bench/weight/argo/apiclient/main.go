// Command apiclient starts a workflow from a template and waits for its end, with Argo's
// API client.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/argoproj/argo-workflows/v4/pkg/apiclient"
	"github.com/argoproj/argo-workflows/v4/pkg/apiclient/workflow"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	ctx, client, err := apiclient.NewClientFromOptsWithContext(ctx, apiclient.Opts{
		ClientConfigSupplier: func() clientcmd.ClientConfig {
			return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
				clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{})
		},
	})
	if err != nil {
		return err
	}
	workflows := client.NewWorkflowServiceClient(ctx)
	started, err := workflows.SubmitWorkflow(ctx, &workflow.WorkflowSubmitRequest{
		Namespace: "ma", ResourceKind: "WorkflowTemplate", ResourceName: "bulk-load",
	})
	if err != nil {
		return err
	}
	watcher, err := workflows.WatchWorkflows(ctx, &workflow.WatchWorkflowsRequest{
		Namespace: "ma",
		ListOptions: &metav1.ListOptions{
			FieldSelector: "metadata.name=" + started.Name, ResourceVersion: started.ResourceVersion,
		},
	})
	if err != nil {
		return err
	}
	for {
		event, err := watcher.Recv()
		if err != nil {
			return err
		}
		if event.Object.Status.Fulfilled() {
			fmt.Println(event.Object.Name, event.Object.Status.Phase)
			return nil
		}
	}
}
