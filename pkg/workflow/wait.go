package workflow

import (
	"context"
	"fmt"
	"iter"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/watchhub"
)

// WaitOption is an option of [Waiter.Wait], [Waiter.Watch] and [WaitMany]. If one is given twice,
// the later one applies. A nil WaitOption has no effect.
type WaitOption interface {
	applyTo(o *WaitOptions, name string)
}

// WaitOptions is what the options of a call set. Implementations of [Waiter] read them with
// [WaitOptionsFor].
type WaitOptions struct {
	// UID is the UID that the workflow must have. "" means any.
	UID types.UID
	// EndOnly is set by [WithEndOnly].
	EndOnly bool
}

// WaitOptionsFor returns what the options of a call set for the workflow of that name.
//
//go:noinline
func WaitOptionsFor(name string, opts ...WaitOption) WaitOptions {
	var o WaitOptions
	for _, option := range opts {
		if option != nil {
			option.applyTo(&o, name)
		}
	}
	return o
}

// WithUID restricts Wait and Watch to the workflow with that UID. They end with [ErrReplaced] if
// another workflow has its name, and with [ErrDeleted] if none has, also if that was so when the
// call began. The caller and the condition see no state of another workflow. An empty UID means no
// restriction, like that of the other verbs' options.
//
// A workflow keeps its UID for as long as it exists. Pass it whenever you wait for a workflow that
// you have started or read before.
func WithUID(uid types.UID) WaitOption { return uidOption(uid) }

type uidOption types.UID

func (u uidOption) applyTo(o *WaitOptions, _ string) { o.UID = types.UID(u) }

// WithUIDs is [WithUID] for [WaitMany]. It has the UID of each workflow by its name. A workflow
// without one is not restricted.
func WithUIDs(uids map[string]types.UID) WaitOption { return uidsOption(uids) }

type uidsOption map[string]types.UID

func (u uidsOption) applyTo(o *WaitOptions, name string) { o.UID = u[name] }

// WithEndOnly restricts the states of Wait to the first one and those in which the workflow has ended. It is
// for conditions such as [Completed], which hold for no others.
//
// The clients of [NewForConfig] then follow what `kubectl get --watch` shows of the workflow, its phase and
// message, and read the workflow once it has ended: a small part of the bytes. Other implementations of
// [Waiter], and API servers that make no such tables, send whole workflows as without the option; what Wait
// shows is the same:
//
//   - the condition is evaluated for the first state, for an end, and for a state with a StartDiagnostic;
//   - an end after which the workflow was retried at once may be missed, and the wait goes on;
//   - a [WaitError] and a [DeletedError] have the state that was read last, with the phase and the message of
//     the last row;
//   - if the workflow is deleted before it is read at its end, its state has no nodes, and
//     [status.ErrNodesNotRead] as NodesErr.
//
// With the option, Watch fails with [ErrInvalid].
func WithEndOnly() WaitOption { return endOnlyOption{} }

type endOnlyOption struct{}

func (endOnlyOption) applyTo(o *WaitOptions, _ string) { o.EndOnly = true }

// Wait blocks until the condition holds for a state of the workflow, and returns that state. It
// begins with the current state, which it reads from the API server. From then on it watches the
// workflow until ctx ends. It continues over closed watches, expired resource versions and restarts
// of the API server, with the same workflow: the one with the UID of [WithUID], or else the one that
// it read first.
//
// The condition receives each state that the API server delivers, once and in order. While the
// condition runs, further states are queued, and other calls are not delayed. The states have no
// Raw object. If the workflow has no phase for [Options.DiagnoseStartAfter], the condition receives
// its state once more, with a StartDiagnostic.
//
// Calls of Wait, Watch and Logs on one client share their watches. Up to eight workflows have a
// watch each. For more, there is one watch of the namespace, narrowed to the labels that all of
// them have in common, until no more than four workflows are left.
//
// If the workflow is not in the cluster when the call begins, or was deleted without Wait seeing its end,
// Wait asks [Options.History] for it: by its UID if that is known, or else for the one of that name that
// started last. The state in which it ended counts like any other, with [status.SourceHistory].
//
// A workflow that has failed is not an error. Errors: what the condition returned; [ErrCompleted]
// if the workflow ended before the condition was met; [ErrNotFound] if it did not exist when the
// call began; a [*DeletedError], which matches [ErrDeleted] or [ErrReplaced], if it was deleted or
// replaced since, or is not the one of [WithUID], and the history does not have it; a [*GoneError] if the
// history has it without its end; [ErrHistory] if the history cannot be asked; [ErrForbidden] (needs get
// and watch; see [Requirements]), [ErrUnauthorized], [ErrNotInstalled], [ErrInvalid]; [ErrNodesOffloaded],
// [ErrNodesGone] and [ErrUnreadable] (unreadable nodes) from [Suspended]; a [*WaitError] with the last state when ctx ends. If access is lost during the wait,
// Wait keeps retrying for [Options.RetryFor], so that roles and tokens can be renewed.
func (c *WorkflowClient) Wait(ctx context.Context, name string, until Condition, opts ...WaitOption) (s *status.WorkflowStatus, err error) {
	ctx, o := c.begin(ctx, OpWait, name, &err)
	defer o.emitEnd(ctx)
	if until == nil {
		return nil, c.error(OpWait, name, noCondition())
	}
	w := awaiting{until: until}
	target := targetOf(name, opts)
	if err = c.follow(ctx, target, w.visit); err != nil && !w.refused {
		err = c.visitPast(ctx, target, err, w.visit)
	}
	if err != nil {
		return nil, c.error(OpWait, name, err)
	}
	o.returned(w.reached)
	return w.reached, nil
}

// targetOf is not inlined, since its options would stay on the stack of each wait.
//
//go:noinline
func targetOf(name string, opts []WaitOption) watchhub.Target {
	o := WaitOptionsFor(name, opts...)
	return watchhub.Target{Name: name, UID: o.UID, EndOnly: o.EndOnly}
}

func endOnlyWatch() error {
	return invalid(field.Forbidden(field.NewPath("endOnly"), "Watch shows each state; wait for an end with Wait"))
}

func noCondition() error {
	return invalid(field.Required(field.NewPath("until"), "a condition such as Completed"))
}

// awaiting is a visitor that is done when a condition holds.
type awaiting struct {
	until   Condition
	reached *status.WorkflowStatus
	refused bool // it returned an error
}

func (w *awaiting) visit(s *status.WorkflowStatus) (bool, error) {
	done, err := w.until(s)
	switch {
	case err != nil:
		w.refused = true
		return true, err
	case done:
		w.reached = s
		return true, nil
	case s.Completed():
		w.refused = true
		return true, fmt.Errorf("%w: it ended %s before the condition was met", ErrCompleted, s.Outcome())
	}
	return false, nil
}

// Watch yields the current state of the workflow and then each further one that the API server
// delivers, until the workflow has ended. The last state is the one in which it ended. Watch does
// not send a request before the sequence is ranged over, and leaves nothing behind when the loop
// ends. States and watches are as in [WorkflowClient.Wait]. After an interruption that is longer
// than the API server keeps old states, the next state is the current one. If the workflow is not in the
// cluster, the last state is that of [Options.History], as in Wait.
//
// An error is yielded once, as the last element, with a nil status. Errors: [ErrNotFound]; a
// [*DeletedError], which matches [ErrDeleted] or [ErrReplaced]; a [*GoneError]; [ErrHistory]; [ErrForbidden]
// (needs get and watch; see [Requirements]), [ErrUnauthorized], [ErrNotInstalled], [ErrInvalid], [ErrUnreadable] (an object
// that cannot be read); a [*WaitError] with the last state when ctx ends.
func (c *WorkflowClient) Watch(ctx context.Context, name string, opts ...WaitOption) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		var err error
		ctx, o := c.begin(ctx, OpWatch, name, &err)
		defer o.emitEnd(ctx)
		target := targetOf(name, opts)
		if target.EndOnly {
			err = c.error(OpWatch, name, endOnlyWatch())
			yield(nil, err)
			return
		}
		visit := func(s *status.WorkflowStatus) (bool, error) {
			if !yield(s, nil) {
				return true, errLeft
			}
			return s.Completed(), nil
		}
		if err = c.follow(ctx, target, visit); err != nil && err != errLeft { //nolint:errorlint // as returned above
			err = c.visitPast(ctx, target, err, visit)
		}
		switch {
		case err == errLeft: //nolint:errorlint // as returned above
			err = nil
		case err != nil:
			err = c.error(OpWatch, name, err)
			yield(nil, err)
		}
	}
}
