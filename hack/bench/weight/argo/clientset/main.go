// Command clientset starts a workflow from a template and waits for its end, with Argo's
// typed clientset.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/pkg/client/clientset/versioned"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
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
	client, err := versioned.NewForConfig(cfg)
	if err != nil {
		return err
	}
	workflows := client.ArgoprojV1alpha1().Workflows("ma")
	started, err := workflows.Create(ctx, &wfv1.Workflow{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "bulk-load-"},
		Spec:       wfv1.WorkflowSpec{WorkflowTemplateRef: &wfv1.WorkflowTemplateRef{Name: "bulk-load"}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	watcher, err := workflows.Watch(ctx, metav1.ListOptions{
		FieldSelector: "metadata.name=" + started.Name, ResourceVersion: started.ResourceVersion,
	})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		if wf, ok := event.Object.(*wfv1.Workflow); ok && wf.Status.Fulfilled() {
			fmt.Println(wf.Name, wf.Status.Phase)
			return nil
		}
	}
	return errors.New("the watch ended before the workflow")
}
