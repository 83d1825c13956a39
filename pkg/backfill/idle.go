package backfill

import (
	"context"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// checkIdle returns nil if it is certain that nothing of the session runs.
func (b *argoBackfill) checkIdle(ctx context.Context) error {
	if b.deps.Kubernetes == nil {
		return b.wrap(errNoKubernetes)
	}
	s, err := b.latestRun(ctx)
	if err != nil {
		return err
	}
	return b.checkEnded(ctx, s)
}

// checkEnded returns nil if a run has ended and none of its pods remains, as far as can be seen,
// nor one of the run after it, whose workflow may have been deleted before its workers.
func (b *argoBackfill) checkEnded(ctx context.Context, s *status.WorkflowStatus) error {
	var what []string
	if s != nil && !over(s) {
		what = append(what, fmt.Sprintf("workflow %s/%s is %s", s.Namespace, s.Name, s.Outcome()))
	}
	state := stateOf(s, &Pods{})
	if b.deps.Kubernetes != nil {
		next := &status.WorkflowStatus{Name: runName(b.session, runOf(s)+1)}
		for _, pool := range []*workers.Pool{b.workersOf(s), b.workersOf(next)} {
			remaining, err := pool.Remaining(ctx)
			if err != nil {
				return b.wrap(err)
			}
			what = append(what, remaining...)
		}
		if len(what) > 0 && (s == nil || over(s)) {
			state = StateTerminating
		}
	}
	if len(what) == 0 {
		return nil
	}
	return &RunningError{Session: b.session, State: state, What: what}
}

// checkIdle returns nil if no pod remains and Start would not restore any.
func (b *deploymentBackfill) checkIdle(ctx context.Context) error {
	st, err := b.Status(ctx)
	if err != nil {
		return err
	}
	if st.State == StateStopped {
		return nil
	}
	remaining, err := b.workers.Remaining(ctx)
	if err != nil {
		return b.wrap(err)
	}
	what := append([]string{fmt.Sprintf("%s is %s", b.deployment(), st.State)}, remaining...)
	return &RunningError{Session: b.session, State: st.State, What: what}
}
