package api

import (
	"context"
	"fmt"
	"net/http"

	"k8s.io/apimachinery/pkg/types"
)

// precondition is embedded in the options of each change, which can be bound to a run.
type precondition struct {
	// Run is the number of the run that the caller saw; nil: any run.
	Run *int `json:"run"`

	uid types.UID // of that run's workflow; empty for any run
}

// holds returns nil if the run is still the same. It may change a moment later, so a decision is also
// bound to the UID.
func (p *precondition) holds(ctx context.Context, status statusFunc) error {
	if p.Run == nil {
		return nil
	}
	v, err := status(ctx)
	if err != nil {
		return err
	}
	if v.Status.Run != *p.Run {
		return &requestError{"Conflict", fmt.Sprintf("the backfill is now at run %d instead of run %d; nothing was changed", v.Status.Run, *p.Run)}
	}
	if v.Status.Workflow != nil {
		p.uid = v.Status.Workflow.UID
	}
	return nil
}

// bound are options with a precondition.
type bound interface {
	holds(ctx context.Context, status statusFunc) error
}

type statusFunc func(context.Context) (view, error)

// change reads the body into options, makes the requested change to the backfill, and makes its
// followers look immediately. A backfill handles one change at a time.
func (s *Server) change(ctx context.Context, r *http.Request, options bound, do func(Backfill) (answer, error)) (answer, error) {
	b, err := s.find(r)
	if err != nil {
		return answer{}, err
	}
	if err := read(r, options); err != nil {
		return answer{}, err
	}
	changing := s.changes[b.Session]
	if changing.take(ctx) != nil {
		return answer{}, &requestError{"TooManyCalls", "other changes of this backfill are in progress; nothing was changed"}
	}
	defer changing.give()
	if err := options.holds(ctx, s.statusOf[b.Session].get); err != nil {
		return answer{}, err
	}
	a, err := do(b)
	s.publisher.look(b.Session)
	return a, err
}

func (s *Server) start(ctx context.Context, r *http.Request) (answer, error) {
	var options struct {
		precondition
		Restart bool `json:"restart"`
	}
	return s.change(ctx, r, &options, func(b Backfill) (answer, error) {
		start := b.Start
		if options.Restart {
			start = b.Restart
		}
		st, err := start(ctx)
		if err != nil {
			return answer{}, err
		}
		return ok(viewOf(st)), nil
	})
}

func (s *Server) pause(ctx context.Context, r *http.Request) (answer, error) {
	return s.change(ctx, r, &precondition{}, func(b Backfill) (answer, error) { return done(), b.Pause(ctx) })
}

// stop doesn't wait for the end.
func (s *Server) stop(ctx context.Context, r *http.Request) (answer, error) {
	return s.change(ctx, r, &precondition{}, func(b Backfill) (answer, error) {
		return answer{http.StatusAccepted, nil}, b.Stop(ctx)
	})
}

func (s *Server) scale(ctx context.Context, r *http.Request) (answer, error) {
	var options struct {
		precondition
		Workers int `json:"workers"`
	}
	return s.change(ctx, r, &options, func(b Backfill) (answer, error) { return done(), b.Scale(ctx, options.Workers) })
}
