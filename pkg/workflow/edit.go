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
// newer state when another client was quicker to write.
type planner func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error)

// change is one write, bound to the state it was planned from: either a merge patch or the
// whole object.
type change struct {
	patch  map[string]any // without metadata.resourceVersion and uid, which are added
	object *unstructured.Unstructured
	// prepare, if given, does what has to come right before the write. Where it fails, the
	// write is not sent; then, and after a conflict, it is called again with the next change.
	prepare func(ctx context.Context) error
	// happened recognizes the change in a later state, after its answer was lost. What another
	// client did instead does not count. It fails where that state doesn't show it.
	happened func(now *status.WorkflowStatus) (bool, error)
	// restarts: it sets an ended workflow going again, as another run.
	restarts bool
	// tells is what an event tells of it; nil: none does.
	tells func() happening
	// uptake is how it shows that the controller has acted on it; nil: that is not followed up.
	uptake *uptake
	// again: the decision was written before, and this has the controller look at it once more.
	again bool
	// answer, if given, is the error of the call once that is done.
	answer error

	version string // of the state it was planned from
}

// edit reads the workflow, has the change planned and writes it, until that succeeds. The
// write is conditional on the state that was read: answered with a conflict, it is planned
// again, so that no update is lost. If uid is given the workflow has to have it. What is
// planned again is for the same run of the workflow: one that was retried meanwhile is not
// changed. A change that is written is followed up until the controller has taken it up.
//
// It returns the object as it is afterwards, also when there was nothing to do.
func (c *WorkflowClient) edit(
	ctx context.Context, name string, uid types.UID, plan planner,
) (*unstructured.Unstructured, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	p := c.pacer()
	var meant *run
	var sent *change // a write whose answer was lost
	for {
		obj, err := c.getWith(ctx, p, name)
		if err != nil {
			return nil, sent.orUnknown(err)
		}
		s, err := c.read(ctx, obj)
		if err != nil {
			return nil, sent.orUnknown(err)
		}
		if uid == "" {
			uid = s.UID // it stays the one that was found, also over conflicts
		}
		if s.UID != uid {
			return nil, fmt.Errorf("%w: its UID is %s, not %s", ErrReplaced, s.UID, uid)
		}
		if meant == nil {
			meant = runOf(s)
		}
		if sent != nil && sent.version != s.ResourceVersion {
			switch did, err := sent.hasHappened(meant, s); {
			case err != nil:
				return nil, sent.orUnknown(err)
			case did:
				c.record(ctx, obj, sent.tells)
				return c.written(ctx, sent, nil, obj)
			}
			sent = nil // nor can it happen any more: it was bound to a version that is past
		}
		next, err := plan(obj, s)
		switch {
		case err != nil && contextEnded(err):
			return nil, sent.orUnknown(err)
		case err != nil:
			return nil, err
		}
		if next == nil {
			return obj, nil
		}
		if other := meant.otherThan(s); other != nil && !next.again {
			return nil, other
		}
		if s.Phase == status.PhaseUnknown {
			next.uptake = nil // there is no write of a controller's that could hide it
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
				return c.written(ctx, next, obj, written)
			}
			if fault.MayHaveHappened(err) && !next.again {
				sent = next
			}
		}
		again := apierrors.IsConflict(err) || p.Again(err)
		if again && ctx.Err() == nil && p.Pause(ctx, err) {
			continue
		}
		if next.again && forbidden(err) {
			return obj, next.answer // a client that may not write has not written the decision either
		}
		if next.answer != nil && ctx.Err() == nil {
			return nil, next.notAsked(err)
		}
		return nil, sent.orUnknown(pace.Ended(ctx, err))
	}
}

// written has a change taken up that was written on the state before, which is nil if that is not
// known.
func (c *WorkflowClient) written(
	ctx context.Context, ch *change, before, now *unstructured.Unstructured,
) (*unstructured.Unstructured, error) {
	err := c.followUp(ctx, ch, before, now)
	switch {
	case err == nil:
		return now, ch.answer
	case ch.answer != nil:
		return nil, ch.notAsked(err)
	}
	return nil, unknown(fmt.Errorf("it is written, but the controller has not been seen to act on it: %w", err))
}

// notAsked is the answer of a call that could not have the controller look again because of err.
func (ch *change) notAsked(err error) error {
	return fmt.Errorf("%w; the controller could not be asked to look again: %s", ch.answer, err.Error())
}

// hasHappened reports whether the change has happened, from a later state. A later run doesn't
// show what became of a change of the one before.
func (ch *change) hasHappened(meant *run, now *status.WorkflowStatus) (bool, error) {
	other := meant.otherThan(now)
	if other != nil && !ch.restarts {
		return false, other
	}
	did, err := ch.happened(now)
	if !did && err == nil {
		err = other
	}
	return did, err
}

// run is what tells a run of a workflow from the one after a retry.
type run struct {
	started time.Time
	retry   string // the id of the retry that began it; "": none of this library's
}

func runOf(s *status.WorkflowStatus) *run {
	return &run{started: s.StartTime, retry: s.Annotations[annotationRetryID]}
}

// otherThan is an error if a state is of another run. One that had not begun begins as the same.
func (r *run) otherThan(s *status.WorkflowStatus) error {
	now := runOf(s)
	if now.retry == r.retry && (now.started.Equal(r.started) || r.started.IsZero()) {
		return nil
	}
	return fmt.Errorf("%w: the workflow was retried meanwhile", ErrConflict)
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
