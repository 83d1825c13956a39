package workflow

import (
	"context"
	"fmt"
	"sync"
)

// recorder is an observer that keeps the events that it receives.
type recorder struct {
	mu     sync.Mutex
	begun  []Call
	ended  []endedCall
	events []Event
	// alien are the events whose context is not that of the operation.
	alien []string
}

type endedCall struct {
	Call

	err error
}

// opKey is the key of a value that only the context of an operation has.
type opKey struct{}

func (r *recorder) Begin(ctx context.Context, call Call) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = append(r.begun, call)
	return context.WithValue(ctx, opKey{}, call.Op)
}

func (r *recorder) End(ctx context.Context, call Call, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, endedCall{call, err})
	if ctx.Value(opKey{}) != call.Op {
		r.alien = append(r.alien, fmt.Sprint("end of ", call.Op))
	}
}

func (r *recorder) OnEvent(ctx context.Context, event Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event)
	shared := false
	switch e := event.(type) {
	case WatchOpened, WatchClosed:
		shared = true
	case Retrying:
		shared = e.Op == OpWatch && ctx.Value(opKey{}) == nil
	}
	if !shared && ctx.Value(opKey{}) == nil {
		r.alien = append(r.alien, fmt.Sprintf("%T", event))
	}
}

// noted returns the events of one type.
func noted[E Event](r *recorder) (found []E) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, event := range r.events {
		if e, ok := event.(E); ok {
			found = append(found, e)
		}
	}
	return found
}
