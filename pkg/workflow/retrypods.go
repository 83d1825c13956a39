package workflow

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func podResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "pods"}
}

// podsOf finds the pods of the nodes that are removed. They are deleted, so each was seen to
// belong to the workflow. Without the permission to list pods it reads those that have the
// names that the controller gives; with neither, the error is that of the API server's refusal.
func (c *WorkflowClient) podsOf(ctx context.Context, plan *retryPlan) ([]leftPod, error) {
	ids := map[string]bool{}
	for _, n := range plan.removed {
		if n.Type == status.NodeTypePod {
			ids[n.ID] = true
		}
	}
	if len(ids) == 0 || !canHavePods(plan.object.GetName()) {
		return nil, nil
	}
	var pods []leftPod
	opts := metav1.ListOptions{
		LabelSelector: labels.Set{labelWorkflow: plan.object.GetName()}.String(), Limit: 500,
	}
	for expired := false; ; {
		list, err := c.pods.List(ctx, opts)
		switch {
		case opts.Continue != "" && apierrors.IsResourceExpired(err):
			// Goes on in a newer state; where that isn't offered, anew, and all at once.
			token := newerToken(err)
			if token == "" || expired {
				pods, token, opts.Limit = nil, "", 0
			}
			opts.Continue, expired = token, true
			continue
		case apierrors.IsForbidden(err):
			return c.podsByName(ctx, plan, err)
		case err != nil:
			return nil, err
		}
		expired = false
		for i := range list.Items {
			if pod := readLeftPod(&list.Items[i]); ids[pod.node] && belongs(&list.Items[i], plan.object) {
				pods = append(pods, pod)
			}
		}
		if opts.Continue = list.GetContinue(); opts.Continue == "" {
			return pods, nil
		}
	}
}

// belongs reports whether a pod says that it is the workflow's, as all that the controller
// makes do. Nodes and annotations of a workflow, which can be anybody's writing, say nothing
// about a pod.
func belongs(pod, wf *unstructured.Unstructured) bool {
	return pod.GetLabels()[labelWorkflow] == wf.GetName() &&
		slices.ContainsFunc(pod.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
			return owner.Kind == kind && owner.UID == wf.GetUID() && owner.UID != ""
		})
}

// podsByName reads each pod by its name, since they may not be listed: unlisted says so.
func (c *WorkflowClient) podsByName(ctx context.Context, plan *retryPlan, unlisted error) ([]leftPod, error) {
	var named, found []leftPod
	for _, n := range plan.removed {
		name := podName(plan.object, n)
		if n.Type == status.NodeTypePod && len(validation.IsDNS1123Subdomain(name)) == 0 { // else there is none
			named = append(named, leftPod{node: n.ID, name: name})
		}
	}
	var mu sync.Mutex
	err := atOnce(named, func(pod leftPod) error {
		obj, err := c.pods.Get(ctx, pod.name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case apierrors.IsForbidden(err):
			return fmt.Errorf("%w; %w: nothing was changed, since the pods of the nodes that are to run again can't be seen; "+
				"grant list or get on pods", unlisted, err)
		case err != nil:
			return err
		}
		there := readLeftPod(obj)
		if there.node == pod.node && belongs(obj, plan.object) {
			mu.Lock()
			defer mu.Unlock()
			found = append(found, there)
		}
		return nil
	})
	return found, err
}

// deletePods deletes pods and waits until they are gone: one that is still ending would be
// taken for that of the new attempt. How long that may take is the pods' affair.
func (c *WorkflowClient) deletePods(ctx context.Context, pods []leftPod) error {
	return atOnce(pods, func(pod leftPod) error {
		p := newPacer(time.Now().Add(pod.grace + podSlack))
		for again := false; ; again = true {
			gone, err := c.deletePod(ctx, pod)
			if err != nil || gone {
				return err
			}
			ending := fmt.Errorf("%w: pod %s of a node that is to run again was deleted, but is still there after its grace period; "+
				"the workflow is as it was", ErrUnavailable, pod.name)
			if again && !p.PauseSilently(ctx, nil) {
				return pace.Ended(ctx, ending)
			}
		}
	})
}

// deletePod deletes the very pod that was found, and reports whether that was gone before.
func (c *WorkflowClient) deletePod(ctx context.Context, pod leftPod) (gone bool, err error) {
	opts := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pod.uid}}
	return pace.Do(ctx, c.pacer(), func() (bool, error) { // once or twice is the same
		err := c.pods.Delete(ctx, pod.name, opts)
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return true, nil // or another one by now
		}
		return false, err
	})
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
