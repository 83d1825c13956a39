package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Follow the logs of a workflow until it ends.
func ExampleWorkflowClient_Logs() {
	ctx, client := context.Background(), exampleClient(
		examplePod("snapshot", "2026-11-23T10:00:00.000000001Z begins", "2026-11-23T10:00:02.000000001Z done"),
		examplePod("metadata", "2026-11-23T10:00:01.000000001Z 12 indices"),
	)
	for line, err := range client.Logs(ctx, "reindex-x7f2k", workflow.LogOptions{
		Follow:     true,
		Containers: []string{"main"}, // not the logs of Argo's own containers
	}) {
		switch {
		case errors.Is(err, workflow.ErrDeleted):
			fmt.Println("the workflow was deleted meanwhile")
			return
		case err != nil: // always the last element
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %s/%s: %s\n", line.Time.Format(time.TimeOnly), status.Printable(line.Node), line.Container, status.Printable(line.Text))
	}
	// Output:
	// 10:00:00 snapshot/main: begins
	// 10:00:01 metadata/main: 12 indices
	// 10:00:02 snapshot/main: done
}

// Stop at the first line that reports an error.
func ExampleWorkflowClient_Logs_search() {
	ctx, client := context.Background(), exampleClient(
		examplePod("snapshot", "2026-11-23T10:00:00Z begins", "2026-11-23T10:00:02Z ERROR: no space left", "2026-11-23T10:00:03Z ERROR: gave up"),
	)
	for line, err := range client.Logs(ctx, "reindex-x7f2k", workflow.LogOptions{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if strings.HasPrefix(line.Text, "ERROR") {
			fmt.Println(line.Pod, status.Printable(line.Text))
			break
		}
	}
	// Output: reindex-x7f2k-snapshot ERROR: no space left
}

// A host that shares one dynamic client has to provide a REST client for core/v1 to read logs, such
// as clientset.CoreV1().RESTClient().
func ExampleOptions_logs() {
	newClient := func(dyn dynamic.Interface, core rest.Interface) (*workflow.WorkflowClient, error) {
		return workflow.New(dyn, workflow.Options{Namespace: "ma", Logs: core})
	}
	dyn, err := dynamic.NewForConfig(exampleCluster())
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := newClient(dyn, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, err := range client.Logs(context.Background(), "reindex-x7f2k", workflow.LogOptions{}) {
		fmt.Println(errors.Is(err, workflow.ErrUnsupported))
	}
	// Output: true
}
