package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// planner works out, from the present state of a workflow, what to write. It must not
// change obj. A nil change means that nothing is to be done. It is called again for each
// newer state when somebody else was quicker to write.
type planner func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error)

// change is one write, bound to the state it was planned from: either a merge patch or the
// whole object anew.
type change struct {
	patch  map[string]any // without metadata.resourceVersion and uid, which are added
	object *unstructured.Unstructured
	// prepare, if given, does what has to come right before the write. Where it fails, the
	// write is not sent; then, and after a conflict, it is called again with the next change.
	prepare func(ctx context.Context) error
	// happened recognizes the change in a later state, after its answer was lost. What somebody
	// else did instead does not count. It fails where that state doesn't show it.
	happened func(now *status.WorkflowStatus) (bool, error)
	// tells is what an event tells of it; nil: none does.
	tells func() happening

	version string // of the state it was planned from
}

// edit reads the workflow, has the change planned and writes it, until that succeeds. The
// write is conditional on the state that was read: answered with a conflict, it is planned
// anew, so that nobody's update is lost. If uid is given the workflow has to have it.
//
// It returns the object as it is afterwards, also when there was nothing to do.
func (c *WorkflowClient) edit(
	ctx context.Context, name string, uid types.UID, plan planner,
) (*unstructured.Unstructured, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	p := c.pacer()
	var sent *change // a write whose answer was lost
	for {
		obj, err := c.getWith(ctx, p, name)
		if err != nil {
			return nil, sent.orUnknown(err)
		}
		s, err := status.FromUnstructured(obj)
		if err != nil {
			return nil, err
		}
		if uid == "" {
			uid = s.UID // it stays the one that was found, also over conflicts
		}
		if s.UID != uid {
			return nil, fmt.Errorf("%w: its UID is %s, not %s", ErrReplaced, s.UID, uid)
		}
		if sent != nil && sent.version != s.ResourceVersion {
			switch did, err := sent.happened(s); {
			case err != nil:
				return nil, sent.orUnknown(err)
			case did:
				c.record(ctx, obj, sent.tells)
				return obj, nil
			}
			sent = nil // nor can it happen any more: it was bound to a version that is past
		}
		next, err := plan(obj, s)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return obj, nil
		}
		next.version = s.ResourceVersion
		if next.prepare != nil {
			began := time.Now()
			if err = next.prepare(ctx); err == nil {
				p.Until = p.Until.Add(time.Since(began)) // what that waited for was no failure
			}
		}
		if err == nil {
			var written *unstructured.Unstructured
			if written, err = c.write(ctx, s, next); err == nil {
				c.record(ctx, written, next.tells)
				return written, nil
			}
			if fault.MayHaveHappened(err) {
				sent = next
			}
		}
		again := apierrors.IsConflict(err) || p.Again(err)
		if !again || ctx.Err() != nil || !p.Pause(ctx, err) {
			return nil, sent.orUnknown(pace.Ended(ctx, err))
		}
	}
}

func (c *WorkflowClient) write(ctx context.Context, s *status.WorkflowStatus, ch *change) (*unstructured.Unstructured, error) {
	if ch.object != nil {
		return c.workflows.Update(ctx, ch.object, metav1.UpdateOptions{})
	}
	bound := map[string]any{"resourceVersion": s.ResourceVersion, "uid": string(s.UID)}
	if metadata, ok := ch.patch["metadata"].(map[string]any); ok {
		mergeInto(bound, metadata)
	}
	ch.patch["metadata"] = bound
	patch, err := json.Marshal(ch.patch)
	if err != nil {
		return nil, err
	}
	return c.workflows.Patch(ctx, s.Name, types.MergePatchType, patch, metav1.PatchOptions{})
}

// orUnknown is err, or that the outcome is not known if a write was sent.
func (ch *change) orUnknown(err error) error {
	if ch == nil {
		return err
	}
	return unknown(err)
}

// mergeInto applies a JSON merge patch without nulls.
func mergeInto(target, patch map[string]any) {
	for key, value := range patch {
		change, isObject := value.(map[string]any)
		old, wasObject := target[key].(map[string]any)
		if isObject && wasObject {
			mergeInto(old, change)
			continue
		}
		target[key] = value
	}
}
