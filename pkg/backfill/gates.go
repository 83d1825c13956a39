package backfill

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func (b *argoBackfill) Gates(ctx context.Context) ([]workflow.Gate, error) {
	s, err := b.latestRun(ctx)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return []workflow.Gate{}, nil
	}
	gates, err := workflow.GatesOf(s)
	return gates, b.wrap(err)
}

func (b *argoBackfill) Approve(ctx context.Context, decision workflow.Decision) (*workflow.DecisionResult, error) {
	return b.decide(ctx, decision, b.deps.Workflows.Approve)
}

func (b *argoBackfill) Reject(ctx context.Context, decision workflow.Decision) (*workflow.DecisionResult, error) {
	return b.decide(ctx, decision, b.deps.Workflows.Reject)
}

// decideFunc is the method Approve or Reject of a [workflow.Gatekeeper].
type decideFunc func(ctx context.Context, name string, decision workflow.Decision) (*workflow.DecisionResult, error)

// decide makes a decision about the latest run. The decision is bound to it: the gates of a run
// that is started under its name in the meantime are other ones.
func (b *argoBackfill) decide(ctx context.Context, decision workflow.Decision, decide decideFunc) (*workflow.DecisionResult, error) {
	s, err := b.latestRun(ctx)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return nil, b.wrap(ErrNotStarted)
	case decision.UID == "":
		decision.UID = s.UID
	}
	result, err := decide(ctx, s.Name, decision)
	return result, b.wrap(err)
}

func (b *deploymentBackfill) Gates(context.Context) ([]workflow.Gate, error) {
	return []workflow.Gate{}, nil
}

func (b *deploymentBackfill) Approve(context.Context, workflow.Decision) (*workflow.DecisionResult, error) {
	return nil, b.wrap(errNoGates)
}

func (b *deploymentBackfill) Reject(context.Context, workflow.Decision) (*workflow.DecisionResult, error) {
	return nil, b.wrap(errNoGates)
}

var errNoGates = fmt.Errorf("%w: %w", workflow.ErrUnsupported, errors.New("a backfill without a workflow has no gates"))
