package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// planner plans the write for one state of a workflow. It must not change obj. A nil change means
// that there is nothing to write. edit calls it again for a newer state if another client wrote
// first.
type planner func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error)

// change is one write, conditional on the state that it was planned from: either a merge patch or
// the whole object. Without either, prepare makes the change.
type change struct {
	patch  map[string]any // without metadata.resourceVersion and uid, which write adds
	object *unstructured.Unstructured
	// prepare, if not nil, is called right before the write. If it fails, the write is not sent.
	// After a failure or a conflict, the prepare of the next change is called.
	prepare func(ctx context.Context) error
	// nodes, if not nil, returns nodes to store after prepare, and the write names their version. The
	// controller removes nodes that no workflow names.
	nodes func() ([]byte, error)
	// tookEffect reports whether a later state contains the change, after the response was lost. It
	// must not mistake another client's write for the change. It returns an error if the state
	// can't show it.
	tookEffect func(now *status.WorkflowStatus) (bool, error)
	// confirm, if not nil, compares the change with the last state that the call has read since. Its
	// error is what the call returns for a change that another writer has replaced.
	confirm func(now *status.WorkflowStatus) error
	// restarts says that the change makes an ended workflow run again.
	restarts bool
	// creates says that object is a new workflow, in the place of one that only the history has.
	creates bool
	past    bool // that has run and been deleted by now
	// event returns the event to record for the change; nil records none.
	event func() eventDetails
	// written, if not nil, is called when the change is written.
	written func()
	// uptake describes how to see that the controller acted on the change; nil skips that.
	uptake *uptake
	// touches says that the decision was written before, and that this write only makes the
	// controller look at the workflow again.
	touches bool
	// result is what the call returns after the write.
	result error

	version string // of the state that it was planned from
}

// edit reads the workflow, plans a change and writes it. The write is conditional on the state that
// was read, so that it never overwrites another client's update: after a conflict, edit starts
// over. It acts on one run of one workflow: the workflow must have uid, unless that is empty, and
// must not have been retried since the first read. After the write, edit blocks until the
// controller has acted on it, as far as the change's uptake says.
//
// It returns the object in its last state, also if there was nothing to write.
func (c *WorkflowClient) edit(
	ctx context.Context, name string, uid types.UID, plan planner,
) (*unstructured.Unstructured, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	p := c.pacer()
	var first *run
	var sent *change // a write whose response was lost
	gone := false
	for {
		obj, err := c.getWith(ctx, p, name)
		if notFound(err) && c.history != nil {
			return c.editPast(ctx, pastEdit{name: name, uid: uid, plan: plan, first: first, sent: sent, notFound: err})
		}
		if err != nil {
			return nil, sent.unknownIfSent(err)
		}
		obj, s, err := c.readCurrent(ctx, obj)
		if err != nil {
			return nil, sent.unknownIfSent(err)
		}
		if uid == "" {
			uid = s.UID // the same workflow after a conflict
		}
		if s.UID != uid {
			return nil, sent.unknownIfSent(fmt.Errorf("%w: its UID is %s, not %s", ErrReplaced, s.UID, uid))
		}
		if first == nil {
			first = runOf(s)
		}
		if sent != nil && sent.version != s.ResourceVersion {
			switch did, err := sent.isIn(s, first); {
			case err != nil:
				return nil, sent.unknownIfSent(err)
			case did:
				c.wrote(ctx, obj, sent)
				return c.awaitUptake(ctx, sent, nil, obj)
			}
			sent = nil // its version has passed, so it can't take effect any more
		}
		next, err := plan(obj, s)
		switch {
		case errors.Is(err, ErrNodesGone) && s.NodesErr == nil && p.Pause(ctx, err):
			continue // another client has written meanwhile
		case err != nil && (contextEnded(err) || errors.Is(err, ErrHistory)):
			return nil, sent.unknownIfSent(err)
		case err != nil:
			return nil, err
		}
		if next == nil {
			return obj, nil
		}
		if retried := first.checkSame(s); retried != nil && !next.touches {
			return nil, retried
		}
		if s.Phase == status.PhaseUnknown {
			next.uptake = nil // no controller has written the workflow, so none can miss the change
		}
		next.version = s.ResourceVersion
		began := time.Now()
		if err = c.prepare(ctx, obj, next); err == nil {
			p.Until = p.Until.Add(time.Since(began)) // that time doesn't count as retrying
		}
		if err == nil && next.patch == nil && next.object == nil {
			c.wrote(ctx, obj, next)
			return obj, next.result
		}
		if err == nil {
			var written *unstructured.Unstructured
			if written, err = c.write(ctx, s, next); err == nil {
				c.wrote(ctx, written, next)
				return c.awaitUptake(ctx, next, obj, written)
			}
			if fault.MayHaveHappened(err) && !next.touches {
				sent = next
			}
		}
		if notFound(err) && c.history != nil && !gone {
			gone = true // if it was deleted meanwhile, the history has it
			continue
		}
		retry := apierrors.IsConflict(err) || p.Retryable(err)
		if retry && ctx.Err() == nil && p.Pause(ctx, err) {
			continue
		}
		switch {
		case next.touches && forbidden(err):
			return obj, next.result // a client that may not write did not write the decision either
		case next.touches && apierrors.IsConflict(err) && ctx.Err() == nil:
			return obj, next.result // the writes of others make the controller look, too
		}
		if next.result != nil && ctx.Err() == nil {
			return nil, next.notTouched(err)
		}
		return nil, sent.unknownIfSent(pace.Ended(ctx, err))
	}
}

// prepare does what has to be done before a change is written.
func (c *WorkflowClient) prepare(ctx context.Context, obj *unstructured.Unstructured, ch *change) error {
	if ch.prepare != nil {
		if err := ch.prepare(ctx); err != nil {
			return err
		}
	}
	if ch.nodes != nil {
		return c.storeNodes(ctx, obj, ch)
	}
	return nil
}

// wrote tells others of a change that is written.
func (c *WorkflowClient) wrote(ctx context.Context, obj *unstructured.Unstructured, ch *change) {
	if ch.written != nil {
		ch.written()
	}
	c.createEvent(ctx, obj, ch.event)
}

// awaitUptake blocks until the controller has acted on a change, and returns the result of the
// call. before is the state that the change was written on, or nil if it is unknown.
func (c *WorkflowClient) awaitUptake(
	ctx context.Context, ch *change, before, now *unstructured.Unstructured,
) (*unstructured.Unstructured, error) {
	seen, err := c.followUp(ctx, ch, before, now)
	if seen != nil && ch.confirm != nil {
		if replaced := ch.confirm(seen); replaced != nil {
			return nil, replaced
		}
	}
	switch {
	case err == nil:
		return now, ch.result
	case ch.result != nil:
		return nil, ch.notTouched(err)
	}
	return nil, unknown(fmt.Errorf("the change is written, but the controller was not seen to act on it: %w", err))
}

// notTouched returns the result of a call whose touch failed with err.
func (ch *change) notTouched(err error) error {
	return fmt.Errorf("%w; the controller could not be asked to look again: %s", ch.result, err.Error())
}

// run identifies a run of a workflow. A retry begins another one.
type run struct {
	started time.Time
	retry   string // the ID of the retry that began it; "" if this library didn't
}

func runOf(s *status.WorkflowStatus) *run {
	return &run{started: s.StartTime, retry: s.Annotations[naming.AnnotationRetryID]}
}

// checkSame returns an error if s is a state of another run. A run without a start time may get
// one.
func (r *run) checkSame(s *status.WorkflowStatus) error {
	now := runOf(s)
	if now.retry == r.retry && (now.started.Equal(r.started) || r.started.IsZero()) {
		return nil
	}
	return fmt.Errorf("%w: the workflow was retried meanwhile", ErrConflict)
}

func (c *WorkflowClient) write(ctx context.Context, s *status.WorkflowStatus, ch *change) (*unstructured.Unstructured, error) {
	if ch.nodes != nil { // a request that is held up must not arrive when they have been removed
		limited, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		ctx = limited
	}
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
