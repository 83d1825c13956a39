package workflow

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/retryplan"
)

func podResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "pods"}
}

// leftPod is a pod of a node that has ended.
type leftPod struct {
	node  string // its ID
	name  string
	uid   types.UID
	grace time.Duration // how long its processes may take to end
}

const (
	defaultGrace = 30 * time.Second // the default of Kubernetes
	// podSlack is how much longer than its grace period a pod may take to be deleted. The kubelet
	// needs some time, and so does the controller, which has a finalizer on the pod.
	podSlack = 30 * time.Second
)

func readLeftPod(obj *unstructured.Unstructured) leftPod {
	pod := leftPod{node: obj.GetAnnotations()[naming.AnnotationNodeID], name: obj.GetName(), uid: obj.GetUID(), grace: defaultGrace}
	phase, _, _ := unstructured.NestedString(obj.Object, "status", "phase")
	specified, ok, err := unstructured.NestedInt64(obj.Object, "spec", "terminationGracePeriodSeconds")
	deletion := obj.GetDeletionGracePeriodSeconds()
	switch {
	case deletion != nil: // it is being deleted already
		pod.grace = secondsOf(*deletion)
	case phase == "Succeeded" || phase == "Failed": // its processes have ended
		pod.grace = 0
	case ok && err == nil:
		pod.grace = secondsOf(specified)
	}
	return pod
}

func secondsOf(n int64) time.Duration {
	return time.Duration(max(0, min(n, math.MaxInt32))) * time.Second
}

// podsOf returns the pods of these nodes of the workflow wf. Since they are going to be deleted, it
// returns only pods that belong to the workflow. Without permission to list pods, it gets each pod
// by the name that the controller gives it; without permission for that either, it returns the API
// server's refusal.
func (c *WorkflowClient) podsOf(ctx context.Context, wf *unstructured.Unstructured, nodes []*status.Node) ([]leftPod, error) {
	if len(nodes) == 0 || !naming.CanHavePods(wf.GetName()) {
		return nil, nil
	}
	ids := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		ids[n.ID] = true
	}
	var pods []leftPod
	opts := metav1.ListOptions{
		LabelSelector: labels.Set{naming.LabelWorkflow: wf.GetName()}.String(), Limit: 500,
	}
	for expired := false; ; {
		list, err := c.pods.List(ctx, opts)
		switch {
		case opts.Continue != "" && apierrors.IsResourceExpired(err):
			// Continue the list from a newer state, or without a token start again with a single
			// page.
			token := newerToken(err)
			if token == "" || expired {
				pods, token, opts.Limit = nil, "", 0
			}
			opts.Continue, expired = token, true
			continue
		case apierrors.IsForbidden(err):
			return c.podsByName(ctx, wf, nodes, err)
		case err != nil:
			return nil, err
		}
		expired = false
		for i := range list.Items {
			if pod := readLeftPod(&list.Items[i]); ids[pod.node] && belongs(&list.Items[i], wf) {
				pods = append(pods, pod)
			}
		}
		if opts.Continue = list.GetContinue(); opts.Continue == "" {
			return pods, nil
		}
	}
}

// belongs reports whether a pod has the label and the owner that the controller gives all pods of
// the workflow wf. The workflow's nodes and annotations don't prove that it owns a pod, since
// anyone who can write the workflow can write those.
func belongs(pod, wf *unstructured.Unstructured) bool {
	return pod.GetLabels()[naming.LabelWorkflow] == wf.GetName() &&
		slices.ContainsFunc(pod.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
			return owner.Kind == kind && owner.UID == wf.GetUID() && owner.UID != ""
		})
}

// podsByName gets the pod of each node by its name. listErr is the error of listing the pods.
func (c *WorkflowClient) podsByName(
	ctx context.Context, wf *unstructured.Unstructured, nodes []*status.Node, listErr error,
) ([]leftPod, error) {
	var named, found []leftPod
	for _, n := range nodes {
		name := retryplan.PodName(wf, n)
		if len(validation.IsDNS1123Subdomain(name)) == 0 { // otherwise no such pod can exist
			named = append(named, leftPod{node: n.ID, name: name})
		}
	}
	var mu sync.Mutex
	err := forEachPod(named, func(pod leftPod) error {
		obj, err := c.pods.Get(ctx, pod.name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case apierrors.IsForbidden(err):
			return fmt.Errorf("%w; %w: nothing was changed, because the pods of the nodes that run again cannot be read; "+
				"grant list or get on pods", listErr, err)
		case err != nil:
			return err
		}
		read := readLeftPod(obj)
		if read.node == pod.node && belongs(obj, wf) {
			mu.Lock()
			defer mu.Unlock()
			found = append(found, read)
		}
		return nil
	})
	return found, err
}

// deletePods deletes pods and blocks until they are deleted, since the controller would take a pod
// that is still terminating for the pod of the new attempt. The time limit depends on the pods'
// grace periods.
func (c *WorkflowClient) deletePods(ctx context.Context, pods []leftPod) error {
	return forEachPod(pods, func(pod leftPod) error {
		p := newPacer(time.Now().Add(pod.grace + podSlack))
		for again := false; ; again = true {
			deleted, err := c.deletePod(ctx, pod)
			if err != nil || deleted {
				return err
			}
			terminating := fmt.Errorf("%w: pod %s of a node that runs again still exists after its deletion and its grace period; "+
				"the workflow was not changed", ErrUnavailable, pod.name)
			if again && !p.PauseSilently(ctx, nil) {
				return pace.Ended(ctx, terminating)
			}
		}
	})
}

// deletePod deletes the pod with this UID, and reports whether it was already deleted.
func (c *WorkflowClient) deletePod(ctx context.Context, pod leftPod) (deleted bool, err error) {
	opts := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pod.uid}}
	return pace.Do(ctx, c.pacer(), func() (bool, error) { // deleting is idempotent
		err := c.pods.Delete(ctx, pod.name, opts)
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return true, nil // a conflict means that another pod has the name now
		}
		return false, err
	})
}

// forEachPod calls do for each pod, up to 16 at a time, and returns the first error. After an error
// it does not start further calls.
func forEachPod(pods []leftPod, do func(leftPod) error) error {
	const most = 16
	free := make(chan struct{}, most)
	failed := make(chan error, 1)
	var calls sync.WaitGroup
	for _, pod := range pods {
		free <- struct{}{}
		if len(failed) > 0 {
			break
		}
		calls.Go(func() {
			defer func() { <-free }()
			if err := do(pod); err != nil {
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
