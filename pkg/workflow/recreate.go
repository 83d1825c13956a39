package workflow

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// recreation returns the change that makes a workflow of the history run again, as planned.
func recreation(planned *plannedRetry) (*change, error) {
	wf := planned.object
	metadata, _ := wf.Object["metadata"].(map[string]any)
	for _, of := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink"} {
		delete(metadata, of)
	}
	wf.SetFinalizers(slices.DeleteFunc(wf.GetFinalizers(), func(f string) bool {
		return f == metav1.FinalizerDeleteDependents || f == metav1.FinalizerOrphanDependents
	}))
	if planned.packed != "" { // another UID has no nodes in the store
		unstructured.RemoveNestedField(wf.Object, "status", "offloadNodeStatusVersion")
		if err := unstructured.SetNestedField(wf.Object, planned.packed, "status", "compressedNodes"); err != nil {
			return nil, err
		}
	} else if err := pack(wf); err != nil {
		return nil, err
	}
	return &change{object: wf, creates: true, restarts: true, event: retried}, nil
}

// pack compresses the nodes of a workflow that is larger than the controller keeps in the API server.
func pack(wf *unstructured.Unstructured) error {
	const most = 1 << 20
	nodes, _ := nodesOf(wf)
	whole, err := json.Marshal(wf.Object)
	if err != nil || len(whole) <= most || len(nodes) == 0 {
		return err
	}
	text, err := json.Marshal(nodes)
	if err != nil {
		return err
	}
	packed, err := packNodes(text)
	if err != nil {
		return err
	}
	unstructured.RemoveNestedField(wf.Object, "status", "nodes")
	return unstructured.SetNestedField(wf.Object, packed, "status", "compressedNodes")
}

// recreate creates a workflow in the place of old, which was deleted, once nothing is left of that: the
// controller would take its pods and task results for those of the new one.
func (c *WorkflowClient) recreate(ctx context.Context, ch *change, old *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	name, id := ch.object.GetName(), ch.object.GetAnnotations()[naming.AnnotationRetryID]
	if err := c.awaitCollected(ctx, name); err != nil {
		return nil, err
	}
	taken := fmt.Errorf("%w: another client has created a workflow of that name meanwhile", ErrConflict)
	if newer, err := c.newerPast(ctx, old); newer || err != nil { // what was left may have been another's
		return nil, cmp.Or(err, taken)
	}
	ours := func(wf *unstructured.Unstructured) bool { return wf.GetAnnotations()[naming.AnnotationRetryID] == id }
	p := c.pacer()
	for lost := false; ; {
		created, err := c.workflows.Create(ctx, ch.object, metav1.CreateOptions{})
		switch {
		case err == nil:
			c.createEvent(ctx, created, ch.event)
			return created, nil
		case apierrors.IsAlreadyExists(err):
			existing, failed := c.getWith(ctx, p, name)
			switch {
			case failed == nil && ours(existing):
				return existing, nil
			case failed == nil && lost:
				return nil, unknown(taken) // this call's may have run, and been deleted
			case failed == nil, notFound(failed) && !lost:
				return nil, taken
			}
			err = failed
		case fault.MayHaveHappened(err):
			lost = true
		}
		if ctx.Err() == nil && p.Retryable(err) && p.Pause(ctx, err) {
			if !lost {
				continue
			}
			past, failed := c.past(ctx, name, "") // it may have run and been deleted since
			switch {
			case failed == nil && (past == nil || !ours(past)):
				continue
			case failed == nil:
				ch.past = true
				return past, nil
			}
			err = failed
		}
		if lost {
			return nil, unknownOutcome(ctx, err)
		}
		return nil, pace.Ended(ctx, err)
	}
}

// awaitCollected blocks until nothing is left of workflows of that name.
func (c *WorkflowClient) awaitCollected(ctx context.Context, name string) error {
	every := newPacer(time.Now().Add(c.retryFor))
	for {
		left, err := c.remains(ctx, c.pacer(), name)
		switch {
		case err != nil, left == "":
			return err
		case !every.PauseSilently(ctx, nil):
			return pace.Ended(ctx, fmt.Errorf("%w: %s of the deleted workflow still exists", ErrUnavailable, left))
		}
	}
}
