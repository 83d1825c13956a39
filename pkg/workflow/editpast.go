package workflow

import (
	"cmp"
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// pastEdit is an edit of a workflow that is not in the cluster (any more).
type pastEdit struct {
	name     string
	uid      types.UID // "" if any workflow of the name is meant
	plan     planner
	first    *run    // nil if the workflow was not read before
	sent     *change // a write whose response was lost, or nil
	notFound error   // what the API server answered
}

// editPast returns what edit returns for a workflow that has ended and that only the history has: mostly
// that it has ended, or nothing if there is nothing to write. A retry makes a workflow of it again.
func (c *WorkflowClient) editPast(ctx context.Context, e pastEdit) (*unstructured.Unstructured, error) {
	obj, err := c.past(ctx, e.name, e.uid)
	if err != nil {
		return nil, e.sent.unknownIfSent(err)
	}
	if obj == nil {
		return nil, e.sent.unknownIfSent(e.notFound)
	}
	if obj, err = runnable(obj); err != nil {
		return nil, e.sent.unknownIfSent(err)
	}
	s, err := c.readPast(ctx, obj)
	switch {
	case err != nil:
		return nil, e.sent.unknownIfSent(err)
	case !s.Completed():
		return nil, e.sent.unknownIfSent(e.notFound)
	}
	if e.sent != nil {
		switch did, err := e.sent.isIn(s, e.first); {
		case err != nil:
			return nil, e.sent.unknownIfSent(err)
		case did:
			return obj, e.sent.result
		case e.sent.restarts: // the run that it may have begun is not in the history
			return nil, e.sent.unknownIfSent(e.notFound)
		}
	}
	next, err := e.plan(obj, s)
	switch {
	case err != nil:
		return nil, err
	case next == nil:
		return obj, nil
	case next.creates:
		if newer, err := c.newerPast(ctx, obj); newer || err != nil {
			return nil, cmp.Or(err, fmt.Errorf("%w: another workflow had the name since", ErrReplaced))
		}
		return c.recreate(ctx, next, obj)
	}
	return nil, e.sent.unknownIfSent(e.notFound)
}

// newerPast reports whether the history has a later state of the workflow obj, or a later workflow of its name.
func (c *WorkflowClient) newerPast(ctx context.Context, obj *unstructured.Unstructured) (bool, error) {
	newest, err := c.past(ctx, obj.GetName(), "")
	return newest == nil || newest.GetUID() != obj.GetUID() || newest.GetResourceVersion() != obj.GetResourceVersion(), err
}
