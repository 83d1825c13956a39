package workflow

import (
	"context"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Observer is told what a client does, for metrics, traces and logs; see [Options.Observer].
// Its methods are called from the goroutines that do the work, by many at once, and hold them up:
// they have to return soon. They must not call the client. [NoObserver] is there to be embedded.
type Observer interface {
	// Begin is called when an operation begins, before anything is checked or sent. What the
	// operation does has the context that Begin returns: ctx, or one derived from it.
	Begin(ctx context.Context, call Call) context.Context
	// End is called once after each Begin, with the context that Begin has returned, when the
	// operation has ended: a sequence when its range is left. err is what the caller gets, or
	// says that the call did not return, where the caller's own code has panicked in it.
	End(ctx context.Context, call Call, err error)
	// Note is called for what happens meanwhile. ctx is that of an operation, or has no values at
	// all where it is about a watch that many of them share.
	Note(ctx context.Context, event Event)
}

// Call is an operation on the way.
type Call struct {
	Op        Op
	Backend   string // see [Options.Backend]
	Namespace string
	// Name is the workflow's; "" for List and CheckAccess, and until a Start has chosen one: when it ends, it is
	// the name that was chosen.
	Name string
	// DryRun: it is a Start or Resubmit that only asks whether it could be done.
	DryRun bool
	// Found: a Start or Resubmit has found its workflow, which an earlier one with the same
	// key had created. Outcome is how the workflow of either stands. Both are known when it ends.
	Found   bool
	Outcome status.Outcome
	Began   time.Time
}

// Event is one of [Retrying], [WatchOpened], [WatchClosed], [Reached], [WorkflowEnded] and
// [EventNotRecorded]. There will be more.
type Event interface{ isEvent() }

// Retrying tells that an attempt of an operation has failed and is repeated. With [OpWatch] and without an
// operation in the context, it is that of a shared watch to open.
type Retrying struct {
	Op        Op
	Backend   string
	Namespace string
	Name      string
	// Err is what the attempt has failed with. With [Reason] Conflict, somebody else was quicker
	// to write, and the change is worked out anew.
	Err error
	// After is how long it is until the next attempt.
	After time.Duration
}

// WatchOpened tells that a watch has been opened.
type WatchOpened struct {
	Backend   string
	Namespace string
	Name      string // of the one workflow it is for; "": one that calls for many workflows share
	Again     bool   // it takes the place of one that has ended
}

// WatchClosed tells that a watch that was opened has ended. There is one for each [WatchOpened].
type WatchClosed struct {
	Backend   string
	Namespace string
	Name      string // as in [WatchOpened]
	// Err is the fault that it ended by, after which another one is opened; with [Reason]
	// Unavailable also where it had become silent. nil: it was not needed any more or not as it
	// was, or the API server has closed it, as it does every few minutes.
	Err error
}

// Reached tells that a call of Wait or Watch has seen the state that it was for.
type Reached struct {
	Op      Op
	Backend string
	// Status is that state. It is the caller's as well, so it must not be changed or kept.
	Status *status.WorkflowStatus
	// Delay is the time from when the state arrived at the client until it was looked at: what
	// the client itself adds. 0: it was so from the beginning.
	Delay time.Duration
}

// WorkflowEnded tells that a workflow that this client followed has ended. It is noted once however many
// calls follow the workflow, and not for one that had ended before they began. After a Retry it
// can end again.
type WorkflowEnded struct {
	Backend string
	// Status is the last state. It is shared, so it must not be changed.
	Status *status.WorkflowStatus
}

// EventNotRecorded tells that a change was made, but the Kubernetes Event that tells of it could not be
// written; see [Options.EventSource].
type EventNotRecorded struct {
	Op        Op
	Backend   string
	Namespace string
	Name      string
	Err       error // why it could not
}

func (Retrying) isEvent()         {}
func (WatchOpened) isEvent()      {}
func (WatchClosed) isEvent()      {}
func (Reached) isEvent()          {}
func (WorkflowEnded) isEvent()    {}
func (EventNotRecorded) isEvent() {}

// NoObserver does nothing. Embed it to implement only a part of [Observer].
type NoObserver struct{}

// Begin implements [Observer].
func (NoObserver) Begin(ctx context.Context, _ Call) context.Context { return ctx }

// End implements [Observer].
func (NoObserver) End(context.Context, Call, error) {}

// Note implements [Observer].
func (NoObserver) Note(context.Context, Event) {}

// Observers is the observer that tells all of these, one after the other; nil ones are left out, and
// of none there is none: nil. Each sees the contexts that those before it have returned.
func Observers(observers ...Observer) Observer {
	var all observerList
	for _, o := range observers {
		if o != nil {
			all = append(all, o)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

type observerList []Observer

func (l observerList) Begin(ctx context.Context, call Call) context.Context {
	for _, o := range l {
		ctx = o.Begin(ctx, call)
	}
	return ctx
}

func (l observerList) End(ctx context.Context, call Call, err error) {
	for _, o := range l {
		o.End(ctx, call, err)
	}
}

func (l observerList) Note(ctx context.Context, event Event) {
	for _, o := range l {
		o.Note(ctx, event)
	}
}
