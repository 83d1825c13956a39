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

// Argo 3.7.4 puts the answer to its own write into its cache, over whatever a watch has brought
// in since. A change that another client writes between that write and its answer is hidden from
// it until the workflow changes once more, or for 20 minutes. So a decision that may have come in
// between is followed up: until a later state shows that the controller has acted on it, an
// annotation is changed ("touched"), few times and further apart. See docs/adr/0015-uptake.md.

const (
	// quietFor is how long the newest version of a workflow has to be the newest before a touch:
	// longer than a controller takes from a write to its cache.
	quietFor = 150 * time.Millisecond
	// longQuietFor is that of a change to which no reaction shows, which is touched once only.
	longQuietFor = 300 * time.Millisecond
	// followUpFor bounds how long a touch waits for a workflow that others keep writing. Each of
	// their writes has the controller look at it, too.
	followUpFor = 3 * time.Second
	// lookFor bounds a look. Without its answer the next touch is sent all the same.
	lookFor = 900 * time.Millisecond
	// restedFor is for how long a workflow has to have been as it was for a change of it to come
	// after the controller has put its own last write into its cache. An API server notes the time
	// of a write before it has stored it, and takes up to 34 s for that. The rest is for the
	// controller, and for the clocks of several API servers, which count in seconds.
	restedFor = 45 * time.Second
	// askedAtOnce ends the annotation of a touch that did not wait until the workflow was quiet.
	askedAtOnce = " at once"
)

// uptake is how it shows that the controller has acted on a change.
type uptake struct {
	// acted reports whether a later state shows it. nil: no state does.
	acted func(now *status.WorkflowStatus) bool
	// soon: there is something to show as soon as the controller looks, whatever else goes on.
	soon bool
}

// followUpStep is one step of following a change up.
type followUpStep struct {
	after time.Duration
	touch bool // else it only looks
}

// quiet is how long the workflow has to be as it is before a touch.
func (u *uptake) quiet() time.Duration {
	if u.soon {
		return quietFor
	}
	return longQuietFor
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

// followUp is a change on its way from the API server into the controller.
type followUp struct {
	client *WorkflowClient
	change *change
	uid    types.UID
	pacer  *pace.Pacer

	until   time.Time                  // after it, no touch waits for a workflow that others write
	now     *unstructured.Unstructured // the newest state seen
	since   time.Time                  // when it was seen first
	touched bool                       // the workflow was quiet, and then touched
	refused error                      // why the API server did not accept the last touch
}

// errTakenUp ends following a change up: it has been acted on, or is not needed any more.
var errTakenUp = errors.New("taken up")

// followUp has the controller look at a change that was written. before is the state that it was
// written on, nil if that is not known. It returns nil if the controller has been seen to act on
// the change, or a touch came through. Otherwise the error is that of ctx, of an API server that
// was away for too long, or of one that does not accept a touch. The change itself has not failed.
func (c *WorkflowClient) followUp(
	ctx context.Context, ch *change, before, written *unstructured.Unstructured,
) error {
	if ch.uptake == nil || rested(before, written) {
		return nil
	}
	now := time.Now()
	f := &followUp{
		client: c, change: ch, uid: written.GetUID(), pacer: c.pacer(),
		until: now.Add(followUpFor), now: written, since: now,
	}
	if before == nil && f.takenUp(ctx) {
		return nil // a state that was read later, since the answer was lost, can show it already
	}
	for _, step := range ch.uptake.steps() {
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
			return nil // more than that is for a controller that is slower than usual
		case err != nil:
			return err
		}
	}
	if f.touched {
		return nil
	}
	return f.refused
}

// look reads the workflow. A failure of that says nothing about the change.
func (f *followUp) look(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	now, err := f.client.workflows.Get(within, f.now.GetName(), metav1.GetOptions{})
	switch {
	case err != nil && ctx.Err() != nil:
		return pace.Interruption(ctx, err)
	case notFound(err), err == nil && now.GetUID() != f.uid:
		return errTakenUp // there is nothing left to act on
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
	s, err := f.client.read(ctx, f.now)
	return err == nil && (s.Completed() || f.change.uptake.acted != nil && f.change.uptake.acted(s))
}

// touch changes the annotation once the workflow has been quiet. A conflict shows that another
// client has written since: then it looks, and waits once more.
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
				f.touched = true // by another call, which will do as well
				return nil
			}
			if !time.Now().Before(f.until) {
				return nil // the writes of others have the controller look at it, too
			}
		case !f.pacer.Again(err):
			f.refused = err
			return nil
		case !f.pacer.Pause(ctx, err):
			return pace.Ended(ctx, err)
		default:
			f.until = time.Now().Add(followUpFor) // meanwhile the API server was away
		}
	}
}

// asked is the annotation in the newest state seen.
func (f *followUp) asked() string { return f.now.GetAnnotations()[naming.AnnotationAsked] }

// touch writes an annotation of no meaning, if the workflow is still as in now. It is written by
// the verb that the change was written by, which is the one that is permitted.
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

// withAsked returns a copy of a workflow with that annotation.
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

// askAgain is for a decision that is written already: it changes something of no meaning, so that
// the controller looks at the workflow, in case that it has overlooked the decision. The
// controller may have written just now, so that this is overlooked, too, and is followed up.
func askAgain() *change {
	annotations := map[string]any{naming.AnnotationAsked: askedAt() + askedAtOnce}
	return &change{
		patch:   map[string]any{"metadata": map[string]any{"annotations": annotations}},
		uptake:  &uptake{},
		touches: true,
	}
}

// rested reports whether a workflow had not changed for so long when it was changed that the
// controller had put its own last write into its cache by then. That goes by the times at which
// the API server has noted who wrote; where these are missing, nothing is known.
func rested(before, after *unstructured.Unstructured) bool {
	then, known := lastWrite(before)
	now, knownToo := lastWrite(after)
	return known && knownToo && now.Sub(then) >= restedFor
}

// lastWrite is when a workflow was last written, in whole seconds, by the clock of the API server
// that took the write.
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
