package workflow

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// leftPod is the pod of a node that has ended.
type leftPod struct {
	name string
	uid  types.UID // "": not known
}

func podResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "pods"}
}

// podsOf finds the pods of the nodes that are removed. Without the permission to list pods
// it goes by the names that the controller gives them.
func (c *WorkflowClient) podsOf(ctx context.Context, plan *retryPlan) ([]leftPod, error) {
	ids := map[string]bool{}
	for _, n := range plan.removed {
		if n.Type == status.NodeTypePod {
			ids[n.ID] = true
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var pods []leftPod
	opts := metav1.ListOptions{
		LabelSelector: labels.Set{labelWorkflow: plan.object.GetName()}.String(), Limit: 500,
	}
	for {
		list, err := c.pods.List(ctx, opts)
		if apierrors.IsForbidden(err) {
			return podsByName(plan), nil
		}
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			pod := &list.Items[i]
			if ids[pod.GetAnnotations()[annotationNodeID]] {
				pods = append(pods, leftPod{name: pod.GetName(), uid: pod.GetUID()})
			}
		}
		if opts.Continue = list.GetContinue(); opts.Continue == "" {
			return pods, nil
		}
	}
}

func podsByName(plan *retryPlan) (pods []leftPod) {
	for _, n := range plan.removed {
		if n.Type == status.NodeTypePod {
			pods = append(pods, leftPod{name: podName(plan.object, n)})
		}
	}
	return pods
}

// deletePods deletes pods and waits until they are gone: one that is still ending would be
// taken for that of the new attempt.
func (c *WorkflowClient) deletePods(ctx context.Context, pods []leftPod) error {
	return atOnce(pods, func(pod leftPod) error {
		p := c.pacer()
		for again := 0; ; again++ {
			gone, err := c.deletePod(ctx, pod)
			if err != nil || gone {
				return err
			}
			ending := fmt.Errorf("%w: pod %s of a node that is to run again is still ending", ErrUnavailable, pod.name)
			if again > 0 && !p.pause(ctx, ending) {
				return ended(ctx, ending)
			}
		}
	})
}

// deletePod deletes a pod, if it is still the one that was found, and reports whether that
// was gone before.
func (c *WorkflowClient) deletePod(ctx context.Context, pod leftPod) (gone bool, err error) {
	opts := metav1.DeleteOptions{}
	if pod.uid != "" {
		opts.Preconditions = &metav1.Preconditions{UID: &pod.uid}
	}
	err = c.pods.Delete(ctx, pod.name, opts)
	if apierrors.IsNotFound(err) || pod.uid != "" && apierrors.IsConflict(err) {
		return true, nil // or another one by now
	}
	return false, err
}

// atOnce calls do for all of them, some at a time, and returns the first error.
func atOnce(all []leftPod, do func(leftPod) error) error {
	const most = 16
	free := make(chan struct{}, most)
	failed := make(chan error, 1)
	var calls sync.WaitGroup
	for _, one := range all {
		free <- struct{}{}
		if len(failed) > 0 {
			break
		}
		calls.Go(func() {
			defer func() { <-free }()
			if err := do(one); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	calls.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// podName is the name that the controller gives the pod of a node: in the old format the
// node's id, in the new one made of workflow, template and node.
func podName(wf *unstructured.Unstructured, n *status.Node) string {
	name := wf.GetName()
	if wf.GetAnnotations()[annotationPodNames] == "v1" {
		return n.ID
	}
	if n.Name == name {
		return name
	}
	template := n.TemplateName
	if n.TemplateRef.Name != "" {
		template = n.TemplateRef.Template
	}
	if template != "" {
		name += "-" + template
	}
	const longest = 253 - 1 - 10 // a dash, and the most digits that the hash can have
	if len(name) > longest {
		name = name[:longest]
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(n.Name)) // never fails
	return name + "-" + strconv.FormatUint(uint64(hash.Sum32()), 10)
}
