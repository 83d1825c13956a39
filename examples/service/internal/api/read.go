package api

import (
	"context"
	"net/http"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// find returns the backfill of a request.
func (s *Server) find(r *http.Request) (Backfill, error) {
	b, known := s.backfills[r.PathValue("session")]
	if !known {
		return b, &requestError{"NoSuchAddress", "this service has no backfill with that session"}
	}
	return b, nil
}

// list returns the state of all backfills. One that can't be read doesn't hide the others.
func (s *Server) list(ctx context.Context, _ *http.Request) (answer, error) {
	all := make([]listItem, len(s.opts.Backfills))
	var reading sync.WaitGroup
	for i, b := range s.opts.Backfills {
		reading.Go(func() {
			all[i] = listItem{b.Session, workflow.ResultOf(s.statusOf[b.Session].get(ctx))}
		})
	}
	reading.Wait()
	return ok(map[string]any{"backfills": all}), nil
}

func (s *Server) status(ctx context.Context, r *http.Request) (answer, error) {
	b, err := s.find(r)
	if err != nil {
		return answer{}, err
	}
	v, err := s.statusOf[b.Session].get(ctx)
	if err != nil {
		return answer{}, err
	}
	return ok(v), nil
}

// config returns the configuration, whose secrets mask themselves.
func (s *Server) config(_ context.Context, r *http.Request) (answer, error) {
	b, err := s.find(r)
	if err != nil {
		return answer{}, err
	}
	return ok(b.Describe()), nil
}

func (s *Server) gates(ctx context.Context, r *http.Request) (answer, error) {
	b, err := s.find(r)
	if err != nil {
		return answer{}, err
	}
	waiting, err := s.gatesOf[b.Session].get(ctx)
	if err != nil {
		return answer{}, err
	}
	return listed(waiting), nil
}
