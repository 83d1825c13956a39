package backfill

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Names that Argo has given.
const (
	labelWorkflow  = "workflows.argoproj.io/workflow"
	annotationNode = "workflows.argoproj.io/node-id"
)

// workers reaches the workers in one namespace: either those of a workflow, by its label, or one
// Deployment by its name.
type workers struct {
	*connection
	namespace  string
	workflow   string
	uid        types.UID // of the workflow; "": there is none, but it may have left workers
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

// look returns the Deployments and ReplicaSets, without those that a Deployment has made.
func (w *workers) look(ctx context.Context) (found []*workload, err error) {
	err = w.do(ctx, OpReadWorkers, func(ctx context.Context) error {
		found, err = w.find(ctx)
		return err
	})
	return found, err
}

// lookNoted is look with the notes about what it finds.
func (w *workers) lookNoted(ctx context.Context) (found []*workload, err error) {
	err = w.do(ctx, OpReadWorkers, func(ctx context.Context) error {
		found, _, err = w.findNoted(ctx)
		return err
	})
	return found, err
}

// find is look, once.
func (w *workers) find(ctx context.Context) ([]*workload, error) {
	if w.deployment != "" {
		o, err := w.of(deployments()).Get(ctx, w.deployment, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		found, err := workloadOf(deployments(), o)
		return []*workload{found}, err
	}
	var all []*workload
	for _, resource := range []schema.GroupVersionResource{deployments(), replicaSets()} {
		list, err := w.of(resource).List(ctx, metav1.ListOptions{LabelSelector: labelWorkflow + "=" + w.workflow})
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			if owner := metav1.GetControllerOf(&list.Items[i]); owner != nil && owner.Kind == "Deployment" {
				continue
			}
			found, err := workloadOf(resource, &list.Items[i])
			if err != nil {
				return nil, err
			}
			all = append(all, found)
		}
	}
	return all, nil
}

// scaleTo sets the number of a workload's workers if it is as it was read. It uses the scale
// subresource, which a role can allow alone.
func (w *workers) scaleTo(ctx context.Context, to *workload, replicas int) error {
	patch := asJSON(map[string]any{
		"metadata": map[string]any{"resourceVersion": to.resourceVersion},
		"spec":     map[string]any{"replicas": replicas},
	})
	_, err := w.of(to.resource).Patch(ctx, to.name, types.MergePatchType, patch, metav1.PatchOptions{}, "scale")
	return written(err)
}

// written is the outcome of a write.
func written(err error) error {
	if fault.MayHaveHappened(err) {
		return fmt.Errorf("%w: %w", workflow.ErrUnknownOutcome, err)
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
	err = w.do(ctx, OpReadWorkers, func(ctx context.Context) error {
		pods, steps, err = w.countOnce(ctx)
		return err
	})
	return pods, steps, err
}

func (w *workers) countOnce(ctx context.Context) (pods Pods, steps int, err error) {
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
			return Pods{}, 0, err
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
		return Pods{}, 0, err
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
		return nil, err
	}
	for i := range list.Items {
		if owner := metav1.GetControllerOf(&list.Items[i]); owner != nil && owner.UID == of.uid {
			owners[list.Items[i].GetUID()] = true
		}
	}
	return owners, nil
}
