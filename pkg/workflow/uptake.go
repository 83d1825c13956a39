package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// The controller of Argo 3.7.4 stores the response to its own write in its cache, even if a watch
// has delivered a newer version since. That hides a change that another client makes between the
// write and its response, until the workflow changes again or for 20 minutes. So after a decision
// that may have been made at such a moment, the client changes an annotation (it "touches" the
// workflow) until a state shows that the controller has acted: a few times, at increasing
// intervals. See docs/adr/0015-uptake.md.

const (
	// quietFor is how long a workflow must be unchanged before a touch. A controller takes less
	// time from a write to the update of its cache.
	quietFor = 150 * time.Millisecond
	// longQuietFor replaces quietFor for a change whose effect need not show soon. Such a change is
	// touched only once.
	longQuietFor = 300 * time.Millisecond
	// followUpFor limits how long a touch waits for a workflow that other clients keep writing.
	// Each of their writes also makes the controller look at the workflow.
	followUpFor = 3 * time.Second
	// lookFor is the time limit of a look. If it expires, the next touch is sent anyway.
	lookFor = 900 * time.Millisecond
	// restedFor is how long a workflow must have been unchanged before a change, so that the
	// controller has cached its own last write by then. The API server sets the time of a write
	// before it stores it, and may take 34 s to store it. The rest allows for the controller, and
	// for API servers whose clocks differ and whose timestamps are whole seconds.
	restedFor = 45 * time.Second
	// askedAtOnce is the end of the annotation of a touch that did not wait until the workflow was
	// quiet.
	askedAtOnce = " at once"
)

// uptake describes how later states show that the controller has acted on a change.
type uptake struct {
	// acted reports whether a later state shows it. Nil means that no state does.
	acted func(now *status.WorkflowStatus) bool
	// soon means that the effect shows as soon as the controller looks at the workflow, whatever
	// else is in progress.
	soon bool
	// expires is when the controller completes one of the changed nodes by itself; zero means never.
	expires time.Time
}

// followUpStep is one step of a followUp.
type followUpStep struct {
	after time.Duration
	touch bool // false: only look
}

// quiet returns how long the workflow must be unchanged before a touch.
func (u *uptake) quiet() time.Duration {
	if u.soon {
		return quietFor
	}
	return longQuietFor
}

// expired reports whether the controller may have begun to complete one of the changed nodes by
// itself when the change was written. It then replaces the change, or a part of it.
func (u *uptake) expired(written *unstructured.Unstructured) bool {
	const clocks = 10 * time.Second // by which those of the controller and the API server may differ
	at, known := lastWrite(written)
	return !u.expires.IsZero() && (!known || at.After(u.expires.Add(-clocks)))
}

func (u *uptake) steps() []followUpStep {
	if !u.soon {
		return []followUpStep{{0, true}}
	}
	return []followUpStep{
		{50 * time.Millisecond, false},
		{100 * time.Millisecond, true},
		{150 * time.Millisecond, false},
		{200 * time.Millisecond, true},
		{500 * time.Millisecond, false},
		{500 * time.Millisecond, true},
	}
}

// followUp ensures that the controller sees a change that was written.
type followUp struct {
	client *WorkflowClient
	change *change
	uid    types.UID
	pacer  *pace.Pacer

	until   time.Time                  // after this, a touch doesn't wait for other writers
	now     *unstructured.Unstructured // the newest state seen
	seen    *status.WorkflowStatus     // the last state that was read after the change, decoded
	since   time.Time                  // when now was first seen
	touched bool                       // the workflow was touched when it was quiet
	refused error                      // why the last touch was not accepted
}

// errTakenUp ends a followUp: the controller has acted on the change, or does not need to any more.
var errTakenUp = errors.New("taken up")

// followUp blocks until the controller was seen to act on a written change, or a touch or another
// client's write has made it look. It then returns nil. before is the state that the change was
// written on, or nil if that is unknown. Any other result is the error of ctx, of an API server
// that was unavailable for too long, or of a touch that was not accepted. The change itself has
// been written in any case. seen is the last state that followUp has read, or nil if it has read none.
func (c *WorkflowClient) followUp(
	ctx context.Context, ch *change, before, written *unstructured.Unstructured,
) (seen *status.WorkflowStatus, err error) {
	if ch.uptake == nil || rested(before, written) && !ch.uptake.expired(written) {
		return nil, nil
	}
	now := time.Now()
	f := &followUp{
		client: c, change: ch, uid: written.GetUID(), pacer: c.pacer(),
		until: now.Add(followUpFor), now: written, since: now,
	}
	if before == nil && f.takenUp(ctx) {
		return f.seen, nil // this state was read after the response was lost, so it may show the effect
	}
	err = f.run(ctx)
	return f.seen, err
}

// run takes the steps of the change's uptake.
func (f *followUp) run(ctx context.Context) error {
	for _, step := range f.change.uptake.steps() {
		err := pace.Sleep(ctx, step.after)
		switch {
		case err != nil:
		case step.touch:
			err = f.touch(ctx)
		default:
			err = f.look(ctx)
		}
		switch {
		case errors.Is(err, errTakenUp):
			return nil
		case err != nil && f.touched:
			return nil // further touches only help if the controller is slower than usual
		case err != nil:
			return err
		}
	}
	if f.touched {
		return nil
	}
	return f.refused
}

// look reads the workflow. It ignores a failed read unless ctx has ended, since that says nothing
// about the change.
func (f *followUp) look(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	now, err := f.client.workflows.Get(within, f.now.GetName(), metav1.GetOptions{})
	switch {
	case err != nil && ctx.Err() != nil:
		return pace.Interruption(ctx, err)
	case notFound(err), err == nil && now.GetUID() != f.uid:
		return errTakenUp // nothing is left to act on
	case err != nil || now.GetResourceVersion() == f.now.GetResourceVersion():
		return nil
	}
	f.now, f.since = now, time.Now()
	if f.takenUp(ctx) {
		return errTakenUp
	}
	return nil
}

// takenUp reports whether the newest state shows that the controller has acted on the change.
func (f *followUp) takenUp(ctx context.Context) bool {
	f.seen = nil // it can be large, so it must not stay in memory beside the next one
	s, err := f.client.readStatus(ctx, f.now)
	if err != nil {
		return false
	}
	f.seen = s
	return s.Completed() || f.change.uptake.acted != nil && f.change.uptake.acted(s)
}

// touch changes the annotation once the workflow is quiet. A conflict means that another client has
// written since, so touch looks at the workflow and waits again.
func (f *followUp) touch(ctx context.Context) error {
	for {
		wait := min(f.change.uptake.quiet()-time.Since(f.since), time.Until(f.until))
		if err := pace.Sleep(ctx, wait); err != nil {
			return err
		}
		touched, err := f.client.touch(ctx, f.change, f.now)
		switch {
		case err == nil:
			f.now, f.since, f.touched = touched, time.Now(), true
			return nil
		case ctx.Err() != nil:
			return pace.Interruption(ctx, err)
		case notFound(err):
			return errTakenUp
		case apierrors.IsConflict(err):
			f.since = time.Now()
			asked := f.asked()
			if err := f.look(ctx); err != nil {
				return err
			}
			if now := f.asked(); now != asked && !strings.HasSuffix(now, askedAtOnce) {
				f.touched = true // by another call, which is as good
				return nil
			}
			if !time.Now().Before(f.until) {
				return nil // their writes make the controller look, too
			}
		case !f.pacer.Retryable(err):
			f.refused = err
			return nil
		case !f.pacer.Pause(ctx, err):
			return pace.Ended(ctx, err)
		default:
			f.until = time.Now().Add(followUpFor) // the API server was unavailable meanwhile
		}
	}
}

// asked returns the annotation of the newest state.
func (f *followUp) asked() string { return f.now.GetAnnotations()[naming.AnnotationAsked] }

// touch writes an annotation without a meaning, if the workflow is still in the state now. It uses
// the verb that wrote the change, since the caller may lack permission for the other one.
func (c *WorkflowClient) touch(
	ctx context.Context, ch *change, now *unstructured.Unstructured,
) (*unstructured.Unstructured, error) {
	if ch.object != nil {
		return c.workflows.Update(ctx, withAsked(now, askedAt()), metav1.UpdateOptions{})
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": now.GetResourceVersion(),
		"uid":             string(now.GetUID()),
		"annotations":     map[string]any{naming.AnnotationAsked: askedAt()},
	}})
	if err != nil {
		return nil, err
	}
	return c.workflows.Patch(ctx, now.GetName(), types.MergePatchType, patch, metav1.PatchOptions{})
}

// withAsked returns a copy of a workflow with [naming.AnnotationAsked] set.
func withAsked(wf *unstructured.Unstructured, at string) *unstructured.Unstructured {
	wf = wf.DeepCopy()
	annotations := wf.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[naming.AnnotationAsked] = at
	wf.SetAnnotations(annotations)
	return wf
}

func askedAt() string { return time.Now().UTC().Format(time.RFC3339Nano) }

// askAgain returns a change that only makes the controller look at the workflow, in case it missed
// a decision that was written before. The controller can miss this change for the same reason, so
// it has an uptake too.
func askAgain() *change {
	annotations := map[string]any{naming.AnnotationAsked: askedAt() + askedAtOnce}
	return &change{
		patch:   map[string]any{"metadata": map[string]any{"annotations": annotations}},
		uptake:  &uptake{},
		touches: true,
	}
}

// rested reports whether the workflow had been unchanged for so long before the change that the
// controller had cached its own last write by then. It compares the times in managedFields, and
// returns false if they are missing.
func rested(before, after *unstructured.Unstructured) bool {
	then, known := lastWrite(before)
	now, knownToo := lastWrite(after)
	return known && knownToo && now.Sub(then) >= restedFor
}

// lastWrite returns when a workflow was last written, in whole seconds by the clock of the API
// server that handled the write.
func lastWrite(wf *unstructured.Unstructured) (last time.Time, known bool) {
	if wf == nil {
		return last, false
	}
	metadata, _ := wf.Object["metadata"].(map[string]any)
	managers, _ := metadata["managedFields"].([]any)
	for _, manager := range managers {
		entry, _ := manager.(map[string]any)
		text, _ := entry["time"].(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return last, false
		}
		if at.After(last) {
			last = at
		}
	}
	return last, len(managers) > 0
}
