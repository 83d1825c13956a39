package backfill

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Names that Argo has given.
const (
	labelWorkflow  = "workflows.argoproj.io/workflow"
	annotationNode = "workflows.argoproj.io/node-id"
)

// opWorkers is what errors about workers say was being done.
const opWorkers workflow.Op = "reach the workers"

// workers reaches the workers in one namespace: either those of a workflow, by its label, or one
// Deployment by its name.
type workers struct {
	client     dynamic.Interface
	namespace  string
	workflow   string
	deployment string
}

func deployments() schema.GroupVersionResource { return appsResource("deployments") }
func replicaSets() schema.GroupVersionResource { return appsResource("replicasets") }

func appsResource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: plural}
}

func podResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "pods"}
}

func (w *workers) of(resource schema.GroupVersionResource) dynamic.ResourceInterface {
	return w.client.Resource(resource).Namespace(w.namespace)
}

// failed makes an error of the library's kind.
func (w *workers) failed(err error) error {
	if err == nil {
		return nil
	}
	return &workflow.Error{Op: opWorkers, Namespace: w.namespace, Name: w.workflow, Backend: workflow.BackendNative, Err: err}
}

// find returns the Deployments and ReplicaSets, without those that a Deployment has made.
func (w *workers) find(ctx context.Context) ([]*workload, error) {
	if w.deployment != "" {
		o, err := w.of(deployments()).Get(ctx, w.deployment, metav1.GetOptions{})
		if err != nil {
			return nil, w.failed(err)
		}
		found, err := workloadOf(deployments(), o)
		return []*workload{found}, w.failed(err)
	}
	var all []*workload
	for _, resource := range []schema.GroupVersionResource{deployments(), replicaSets()} {
		list, err := w.of(resource).List(ctx, metav1.ListOptions{LabelSelector: labelWorkflow + "=" + w.workflow})
		if err != nil {
			return nil, w.failed(err)
		}
		for i := range list.Items {
			if owner := metav1.GetControllerOf(&list.Items[i]); owner != nil && owner.Kind == "Deployment" {
				continue
			}
			found, err := workloadOf(resource, &list.Items[i])
			if err != nil {
				return nil, w.failed(err)
			}
			all = append(all, found)
		}
	}
	return all, nil
}

// scaleAll brings every workload to what plan says. One that is gone needs nothing.
func (w *workers) scaleAll(ctx context.Context, plan func(*workload) []byte) error {
	return retried(ctx, func(ctx context.Context) error {
		found, err := w.find(ctx)
		if err != nil {
			return err
		}
		for _, each := range found {
			err := w.patch(ctx, each, plan(each))
			if err != nil && (w.deployment != "" || !errors.Is(err, workflow.ErrNotFound)) {
				return err
			}
		}
		return nil
	})
}

// patch writes a patch; nil needs none.
func (w *workers) patch(ctx context.Context, to *workload, patch []byte, subresource ...string) error {
	if patch == nil {
		return nil
	}
	_, err := w.of(to.resource).Patch(ctx, to.name, types.MergePatchType, patch, metav1.PatchOptions{}, subresource...)
	return w.failed(err)
}

// retried looks and writes again where somebody else has written meanwhile, and for some seconds
// while the API server is away.
func retried(ctx context.Context, try func(context.Context) error) error {
	backoff := wait.Backoff{Duration: 20 * time.Millisecond, Factor: 1.5, Jitter: 0.5, Steps: 15} // some 20 s in all
	var last error
	err := wait.ExponentialBackoffWithContext(ctx, backoff, func(ctx context.Context) (bool, error) {
		last = try(ctx)
		if errors.Is(last, workflow.ErrConflict) || errors.Is(last, workflow.ErrUnavailable) {
			return false, nil
		}
		return true, last
	})
	switch {
	case ctx.Err() != nil && err != nil:
		return fmt.Errorf("scale the workers: %w", context.Cause(ctx))
	case wait.Interrupted(err):
		return last
	}
	return err
}

// pods counts the workers' pods.
func (w *workers) pods(ctx context.Context) (Pods, error) {
	pods, _, err := w.count(ctx)
	return pods, err
}

// count counts the workers' pods: those that belong to the workloads, and those that carry the
// workflow's label and are no step of it, which are left for a while when their workload goes. steps
// are the pods of steps that haven't ended.
func (w *workers) count(ctx context.Context) (pods Pods, steps int, err error) {
	found, err := w.find(ctx)
	if err != nil {
		return Pods{}, 0, err
	}
	counted := map[types.UID]bool{}
	for _, each := range found {
		pods.Desired += each.replicas
		owners, err := w.podOwners(ctx, each)
		if err != nil {
			return Pods{}, 0, err
		}
		list, err := w.of(podResource()).List(ctx, metav1.ListOptions{LabelSelector: each.selector.String()})
		if err != nil {
			return Pods{}, 0, w.failed(err)
		}
		for i := range list.Items {
			pod := &list.Items[i]
			if owner := metav1.GetControllerOf(pod); owner != nil && owners[owner.UID] && !counted[pod.GetUID()] {
				counted[pod.GetUID()] = true
				pods.add(pod)
			}
		}
	}
	if w.workflow == "" {
		return pods, 0, nil
	}
	list, err := w.of(podResource()).List(ctx, metav1.ListOptions{LabelSelector: labelWorkflow + "=" + w.workflow})
	if err != nil {
		return Pods{}, 0, w.failed(err)
	}
	var ofSteps Pods
	for i := range list.Items {
		switch pod := &list.Items[i]; {
		case pod.GetAnnotations()[annotationNode] != "":
			ofSteps.add(pod)
		case !counted[pod.GetUID()]:
			pods.add(pod)
		}
	}
	return pods, ofSteps.left(), nil
}

// podOwners are the ReplicaSets of a workload: itself, or those that the Deployment has made.
func (w *workers) podOwners(ctx context.Context, of *workload) (map[types.UID]bool, error) {
	owners := map[types.UID]bool{of.uid: true}
	if of.resource != deployments() {
		return owners, nil
	}
	list, err := w.of(replicaSets()).List(ctx, metav1.ListOptions{LabelSelector: of.selector.String()})
	if err != nil {
		return nil, w.failed(err)
	}
	for i := range list.Items {
		if owner := metav1.GetControllerOf(&list.Items[i]); owner != nil && owner.UID == of.uid {
			owners[list.Items[i].GetUID()] = true
		}
	}
	return owners, nil
}
