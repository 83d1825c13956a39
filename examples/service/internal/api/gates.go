package api

import (
	"context"
	"net/http"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// gateList lists gates: those that wait, or those that were just decided.
type gateList struct {
	Gates []workflow.Gate `json:"gates"`
	// More is the number of gates that are left out.
	More int `json:"more,omitempty"`
}

func listed(gates []workflow.Gate) answer {
	shown, more := shownGates(gates)
	return ok(gateList{shown, more})
}

func decided(result *workflow.DecisionResult, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return listed(result.Gates), nil
}

func (s *Server) approve(ctx context.Context, r *http.Request) (answer, error) {
	var options struct {
		precondition
		choice
		Outputs map[string]any `json:"outputs"`
	}
	return s.change(ctx, r, &options, func(b Backfill) (answer, error) {
		decision := options.decision(s.user(r))
		decision.UID, decision.Outputs = options.uid, options.Outputs
		return decided(b.Approve(ctx, decision))
	})
}

func (s *Server) reject(ctx context.Context, r *http.Request) (answer, error) {
	var options struct {
		precondition
		choice
	}
	return s.change(ctx, r, &options, func(b Backfill) (answer, error) {
		decision := options.decision(s.user(r))
		decision.UID = options.uid
		return decided(b.Reject(ctx, decision))
	})
}

// choice says which gates are decided, and why.
type choice struct {
	Gates   []string `json:"gates"`
	All     bool     `json:"all"`
	Message string   `json:"message"`
}

// decision returns the decision of a user; "" if the service doesn't know who it is. Only the proxy
// can name the user: a name in the body could be anyone's.
func (c choice) decision(user string) workflow.Decision {
	return workflow.Decision{Gates: c.Gates, All: c.All, Message: c.Message, By: user}
}
