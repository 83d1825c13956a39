package workflow

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

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
			return c.podsByName(ctx, plan)
		case err != nil:
			return nil, err
		}
		expired = false
		for i := range list.Items {
			if pod := readLeftPod(&list.Items[i]); ids[pod.node] {
				pods = append(pods, pod)
			}
		}
		if opts.Continue = list.GetContinue(); opts.Continue == "" {
			return pods, nil
		}
	}
}

// podsByName gets the pods, to delete those very ones. Where that is not permitted either,
// only their names are known.
func (c *WorkflowClient) podsByName(ctx context.Context, plan *retryPlan) ([]leftPod, error) {
	var named, found []leftPod
	for _, n := range plan.removed {
		if n.Type == status.NodeTypePod {
			named = append(named, leftPod{node: n.ID, name: podName(plan.object, n), grace: usualGrace})
		}
	}
	var mu sync.Mutex
	err := atOnce(named, func(pod leftPod) error {
		obj, err := c.pods.Get(ctx, pod.name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case apierrors.IsForbidden(err):
		case err != nil:
			return err
		default:
			there := readLeftPod(obj)
			if there.node != pod.node {
				return nil
			}
			pod = there
		}
		mu.Lock()
		defer mu.Unlock()
		found = append(found, pod)
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
			gone, err := c.deletePod(ctx, pod, again)
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

// deletePod deletes a pod, if it is still the one that was found, and reports whether that
// was gone before. One that is known by name only is deleted once; whether it is there is
// asked after that, since another can have taken the name.
func (c *WorkflowClient) deletePod(ctx context.Context, pod leftPod, again bool) (gone bool, err error) {
	opts := metav1.DeleteOptions{}
	switch {
	case pod.uid != "":
		opts.Preconditions = &metav1.Preconditions{UID: &pod.uid}
	case again:
		opts.DryRun = []string{metav1.DryRunAll}
	}
	request := func() (bool, error) {
		err := c.pods.Delete(ctx, pod.name, opts)
		if apierrors.IsNotFound(err) || pod.uid != "" && apierrors.IsConflict(err) {
			return true, nil // or another one by now
		}
		return false, err
	}
	if pod.uid == "" && !again {
		return request()
	}
	return pace.Do(ctx, c.pacer(), request) // once or twice is the same
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
