package api

import (
	"context"
	"net/http"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// gateList lists gates: those that wait, or those that were just decided.
type gateList struct {
	Gates []backfill.Gate `json:"gates"`
	// More is the number of gates that are left out.
	More int `json:"more,omitempty"`
}

func listed(gates []backfill.Gate) answer {
	shown, more := shownGates(gates)
	return ok(gateList{shown, more})
}

// decidedError is a failure after some gates were decided.
type decidedError struct {
	gates []backfill.Gate
	err   error
}

func (e *decidedError) Error() string { return e.err.Error() }
func (e *decidedError) Unwrap() error { return e.err }

func decided(gates []backfill.Gate, err error) (answer, error) {
	if err != nil {
		return answer{}, &decidedError{gates, err}
	}
	return listed(gates), nil
}

func (s *Server) approve(ctx context.Context, r *http.Request) (answer, error) {
	var options struct {
		precondition
		Gates   []string       `json:"gates"`
		All     bool           `json:"all"`
		Outputs map[string]any `json:"outputs"`
	}
	return s.change(ctx, r, &options, func(b Backfill) (answer, error) {
		return decided(b.Approve(ctx, backfill.Approval{Gates: options.Gates, All: options.All, Outputs: options.Outputs}))
	})
}

func (s *Server) reject(ctx context.Context, r *http.Request) (answer, error) {
	var options struct {
		precondition
		Gates   []string `json:"gates"`
		All     bool     `json:"all"`
		Message string   `json:"message"`
	}
	return s.change(ctx, r, &options, func(b Backfill) (answer, error) {
		return decided(b.Reject(ctx, backfill.Rejection{Gates: options.Gates, All: options.All, Message: options.Message}))
	})
}
