package workflow

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Observer receives what a client does, for metrics, traces and logs; see [Options.Observer]. Its
// methods must be safe for concurrent use. The client calls them synchronously, so they have to
// return soon. They must not call the client. Embed [NopObserver] to implement only some of them.
type Observer interface {
	// Begin is called when an operation begins, before anything is checked or sent. It returns the
	// context for the operation: ctx, or one derived from it.
	Begin(ctx context.Context, call Call) context.Context
	// End is called once after each Begin, with the context that Begin returned. An operation that
	// returns a sequence ends when its range loop does. err is the error that the caller receives.
	// If a condition or a range body panics or calls [runtime.Goexit], err says that the call did
	// not return.
	End(ctx context.Context, call Call, err error)
	// OnEvent is called for events during operations. ctx is the context of the operation, or for a
	// watch that operations share, one without any of their values.
	OnEvent(ctx context.Context, event Event)
}

// Call describes an operation.
type Call struct {
	Op        Op
	Backend   Backend
	Namespace string
	// Name is the name of the workflow. It is empty for List and CheckPermissions, and for a Start until
	// it has chosen a name. End receives the chosen name.
	Name string
	// DryRun reports whether a Start or Resubmit is a dry run, which creates nothing.
	DryRun bool
	// Found reports whether a Start or Resubmit found its workflow, which existed before the call;
	// see [StartResult]. Outcome is that of the workflow, whether found or created. Replaced is
	// [StartResult.Replaced]. They are set when End is called.
	Found    bool
	Outcome  status.Outcome
	Replaced types.UID
	// Source is where the workflow was read that a Get, Wait, Start or Resubmit has returned. It is set when
	// End is called.
	Source status.Source
	Began  time.Time
}

// Event is one of [Retrying], [WatchOpened], [WatchClosed], [Reached], [WorkflowEnded] and
// [EventNotRecorded]. More may be added.
type Event interface{ isEvent() }

// Retrying reports that an attempt of an operation failed and will be repeated. With [OpWatch] and
// without an operation in the context, the attempt was one to open a shared watch.
type Retrying struct {
	Op        Op
	Backend   Backend
	Namespace string
	Name      string
	// Err is the error of the attempt. If its [Reason] is Conflict, another client wrote the
	// workflow first, and the change is computed again from the new state.
	Err error
	// After is the delay before the next attempt.
	After time.Duration
}

// WatchOpened reports that a watch was opened.
type WatchOpened struct {
	Backend   Backend
	Namespace string
	Name      string // of the watched workflow; "" if calls for many workflows share the watch
	Again     bool   // it replaces a watch that ended
}

// WatchClosed reports that a watch ended. There is one for each [WatchOpened].
type WatchClosed struct {
	Backend   Backend
	Namespace string
	Name      string // as in [WatchOpened]
	// Err is the fault that ended the watch; another watch is then opened. A watch that became
	// silent has an error whose [Reason] is Unavailable. Err is nil if the watch was no longer
	// needed, had to be replaced by a different one, or was closed by the API server, which happens
	// every few minutes.
	Err error
}

// Reached reports that a call of Wait saw its condition hold, or that one of Watch saw the workflow
// completed.
type Reached struct {
	Op      Op
	Backend Backend
	// Status is that state. The caller receives it too, so the observer must not modify or retain
	// it.
	Status *status.WorkflowStatus
	// Delay is the time between the arrival of the state at the client and its evaluation: the
	// latency that the client adds. It is 0 if the call began with that state.
	Delay time.Duration
}

// WorkflowEnded reports that a workflow ended while calls of this client watched it. It is emitted
// once, however many calls watch the workflow, and again if the workflow ends again after a Retry.
// A workflow that had ended before the calls began does not cause one.
type WorkflowEnded struct {
	Backend Backend
	// Status is the final state. It is shared, so the observer must not modify it.
	Status *status.WorkflowStatus
}

// EventNotRecorded reports that a change was made, but its Kubernetes Event could not be recorded;
// see [Options.EventSource].
type EventNotRecorded struct {
	Op        Op
	Backend   Backend
	Namespace string
	Name      string
	Err       error // of the request to record it
}

func (Retrying) isEvent()         {}
func (WatchOpened) isEvent()      {}
func (WatchClosed) isEvent()      {}
func (Reached) isEvent()          {}
func (WorkflowEnded) isEvent()    {}
func (EventNotRecorded) isEvent() {}

// NopObserver does nothing. Embed it to implement only some methods of [Observer].
type NopObserver struct{}

// Begin implements [Observer].
func (NopObserver) Begin(ctx context.Context, _ Call) context.Context { return ctx }

// End implements [Observer].
func (NopObserver) End(context.Context, Call, error) {}

// OnEvent implements [Observer].
func (NopObserver) OnEvent(context.Context, Event) {}

// MultiObserver returns an observer that calls the given ones in order. It skips nil observers, and
// returns nil if none remains. Each observer receives the context that the one before it returned
// from Begin.
func MultiObserver(observers ...Observer) Observer {
	var all multiObserver
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

type multiObserver []Observer

func (l multiObserver) Begin(ctx context.Context, call Call) context.Context {
	for _, o := range l {
		ctx = o.Begin(ctx, call)
	}
	return ctx
}

func (l multiObserver) End(ctx context.Context, call Call, err error) {
	for _, o := range l {
		o.End(ctx, call, err)
	}
}

func (l multiObserver) OnEvent(ctx context.Context, event Event) {
	for _, o := range l {
		o.OnEvent(ctx, event)
	}
}
