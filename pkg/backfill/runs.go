package backfill

import (
	"context"
	"iter"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Run is a run of a session: one workflow.
type Run struct {
	Session string
	Number  int // from 1
	// State is that of the workflow alone. A stopped run is [StateStopped] even if some of its pods remain.
	State State
	// Workflow is never nil. Its Source says whether it is still in the cluster.
	Workflow *status.WorkflowStatus
}

// Runs yields the runs of a session, or if session is "", of all sessions in the namespace of workflows.
// Those in the cluster come first, in the order of their names. Those that only the history of the client
// has follow, the ones that started last first. Without [workflow.Options.History] there are none of these.
// A copy of a run that another client has made, such as by argo resubmit, is not a run.
//
// Runs sends no request until the sequence is ranged over. Errors, which of them end the sequence, and
// permissions are those of [workflow.WorkflowClient.List].
func Runs(ctx context.Context, workflows workflow.Reader, session string) iter.Seq2[Run, error] {
	opts := workflow.ListOptions{LabelSelector: labelSession, Archived: true}
	if session != "" {
		opts.LabelSelector += "=" + session
	}
	return func(yield func(Run, error) bool) {
		for s, err := range workflows.List(ctx, opts) {
			run := Run{Workflow: s}
			if err == nil {
				run.Session, run.Number, run.State = s.Labels[labelSession], runOf(s), stateOf(s, nil)
				if s.Name != runName(run.Session, run.Number) {
					continue
				}
			}
			if !yield(run, err) {
				return
			}
		}
	}
}
