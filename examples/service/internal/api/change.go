package api

import (
	"context"
	"net/http"
)

// change does what a request asks for to its backfill, once the body has been read into options, and
// has those that follow the backfill look at once.
func (s *Server) change(w http.ResponseWriter, r *http.Request, options any, do func(Backfill) (answer, error)) (answer, error) {
	b, err := s.find(r)
	if err != nil {
		return answer{}, err
	}
	if err := read(w, r, options); err != nil {
		return answer{}, err
	}
	a, err := do(b)
	s.news.look(b.Session)
	return a, err
}

func (s *Server) start(ctx context.Context, w http.ResponseWriter, r *http.Request) (answer, error) {
	var options struct {
		Restart bool `json:"restart"`
	}
	return s.change(w, r, &options, func(b Backfill) (answer, error) {
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

func (s *Server) pause(ctx context.Context, w http.ResponseWriter, r *http.Request) (answer, error) {
	return s.change(w, r, &struct{}{}, func(b Backfill) (answer, error) { return done(), b.Pause(ctx) })
}

// stop doesn't wait for the end.
func (s *Server) stop(ctx context.Context, w http.ResponseWriter, r *http.Request) (answer, error) {
	return s.change(w, r, &struct{}{}, func(b Backfill) (answer, error) { return answer{http.StatusAccepted, nil}, b.Stop(ctx) })
}

func (s *Server) scale(ctx context.Context, w http.ResponseWriter, r *http.Request) (answer, error) {
	var options struct {
		Workers int `json:"workers"`
	}
	return s.change(w, r, &options, func(b Backfill) (answer, error) { return done(), b.Scale(ctx, options.Workers) })
}
