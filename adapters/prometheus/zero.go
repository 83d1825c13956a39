package argoprom

import (
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// beginWithZero creates the series in which a single increase matters.
func (i *instruments) beginWithZero(backend string) {
	for _, op := range []workflow.Op{workflow.OpGet, workflow.OpList, workflow.OpWatch, workflow.OpWait, workflow.OpGates, workflow.OpLogs} {
		i.operations.WithLabelValues(string(op), backend, resultOK)
		i.inFlight.WithLabelValues(string(op), backend)
	}
	for _, op := range workflow.Ops() {
		if !op.Changes() {
			continue
		}
		i.operations.WithLabelValues(string(op), backend, resultOK)
		i.operations.WithLabelValues(string(op), backend, workflow.Reason(workflow.ErrUnknownOutcome))
		i.inFlight.WithLabelValues(string(op), backend)
	}
	for _, op := range []workflow.Op{workflow.OpGet, workflow.OpWait, workflow.OpStart, workflow.OpResubmit} { // which set Call.Source
		i.answers.WithLabelValues(string(op), backend, string(status.SourceHistory))
	}
	for _, outcome := range []status.Outcome{
		status.OutcomeSucceeded, status.OutcomeFailed, status.OutcomeErrored, status.OutcomeStopped, status.OutcomeTerminated,
	} {
		i.ended.WithLabelValues(backend, string(outcome))
	}
	i.watches.WithLabelValues(backend, scopeOf(""))
}
