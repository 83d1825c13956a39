package workers

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// Pods are the numbers of a pool's pods. A pod that is being deleted counts only as terminating. A
// pod that has ended is not counted.
type Pods struct {
	Running, Pending, Terminating int
	// Desired is how many there should be.
	Desired int
}

func (p Pods) remaining() int { return p.Running + p.Pending + p.Terminating }

// add counts a pod of the API server.
func (p *Pods) add(pod *unstructured.Unstructured) {
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	switch {
	case phase == "Succeeded" || phase == "Failed":
	case pod.GetDeletionTimestamp() != nil:
		p.Terminating++
	case phase == "Running":
		p.Running++
	default: // Pending, or Unknown on a node that is lost, which is not known to run
		p.Pending++
	}
}

// Pods counts the workers' pods: those that the workloads own, and those that carry the workflow's
// label and are not a step of it, which remain for a while after their workload is deleted.
func (p *Pool) Pods(ctx context.Context) (Pods, error) {
	pods, _, err := p.countPods(ctx)
	return pods, err
}

// Remaining describes the pods that exist, of workers and of the workflow's steps, such as "2
// running workers".
func (p *Pool) Remaining(ctx context.Context) ([]string, error) {
	pods, steps, err := p.countPods(ctx)
	if err != nil {
		return nil, err
	}
	var remaining []string
	for _, kind := range []struct {
		n    int
		what string
	}{{pods.Running, "running worker"}, {pods.Pending, "pending worker"}, {pods.Terminating, "terminating worker"}, {steps, "step pod"}} {
		if kind.n > 0 {
			remaining = append(remaining, plural(kind.n, kind.what))
		}
	}
	return remaining, nil
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// countPods counts the workers' pods, and the pods of steps that have not ended.
func (p *Pool) countPods(ctx context.Context) (pods Pods, steps int, err error) {
	err = p.run(ctx, OpRead, func(ctx context.Context) error {
		pods, steps, err = p.countPodsOnce(ctx)
		return err
	})
	return pods, steps, err
}

func (p *Pool) countPodsOnce(ctx context.Context) (pods Pods, steps int, err error) {
	found, err := p.list(ctx)
	if err != nil {
		return Pods{}, 0, err
	}
	counted := map[types.UID]bool{}
	for _, each := range found {
		pods.Desired += each.Replicas
		owners, err := p.podOwners(ctx, each)
		if err != nil {
			return Pods{}, 0, err
		}
		list, err := p.resource(podResource()).List(ctx, metav1.ListOptions{LabelSelector: each.selector.String()})
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
	if p.workflow == "" {
		return pods, 0, nil
	}
	list, err := p.resource(podResource()).List(ctx, metav1.ListOptions{LabelSelector: labelWorkflow + "=" + p.workflow})
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
	return pods, ofSteps.remaining(), nil
}

// podOwners returns the ReplicaSets of a workload: itself, or those of a Deployment.
func (p *Pool) podOwners(ctx context.Context, of *Workload) (map[types.UID]bool, error) {
	owners := map[types.UID]bool{of.uid: true}
	if of.resource != deployments() {
		return owners, nil
	}
	list, err := p.resource(replicaSets()).List(ctx, metav1.ListOptions{LabelSelector: of.selector.String()})
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
