package workflow

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Recorder is a [History] that also keeps what the calls of clients see and decide, such as that of
// adapters/journal. A client whose [Options.History] is a Recorder calls it. Its methods must be safe for
// concurrent use, and must not block for longer than about a second. What they fail to keep has no effect
// on the client's call.
type Recorder interface {
	// Observed receives each state that a call of Wait, Watch or Logs sees, several times if several calls
	// see it, the final state that a Get sees, and the state that a Retry returns. When Observed returns, a
	// final state should be stored, and so should be that a workflow runs again. The caller may change s after
	// that.
	Observed(ctx context.Context, s *status.WorkflowStatus)
	// Decided receives each decision about gates that Approve or Reject has made. A decision that was
	// repeated without an effect is not one.
	Decided(ctx context.Context, decision DecisionRecord)
}

// AnnotationAbridged is on an object of a [History] from which parts are left out. Its value says which:
// some of spec, nodes and outputs, separated by spaces. Retry and Resubmit need a whole object.
const AnnotationAbridged = naming.AnnotationAbridged

// checkWhole returns an error if an object of the history lacks parts without which it cannot run again.
func checkWhole(past *unstructured.Unstructured) error {
	omitted := past.GetAnnotations()[naming.AnnotationAbridged]
	if omitted == "" {
		return nil
	}
	return fmt.Errorf("%w: the history has the workflow without parts of it (%s), so it cannot run again; start it from its template",
		ErrUnsupported, shown.Quoted(omitted))
}

// DecisionRecord says who has decided which gates of a workflow, and why.
type DecisionRecord struct {
	Op          Op // OpApprove or OpReject
	Namespace   string
	Name        string
	UID         types.UID
	By, Message string // of the [Decision]
	Gates       []Gate // that were decided, as they were before
	At          time.Time
}

// recorderOf returns the recorder that the history is, or nil.
func recorderOf(h History) Recorder {
	r, _ := h.(Recorder)
	return r
}

// recordedVisit returns visit, preceded by the recorder if there is one.
//
//go:noinline
func (c *WorkflowClient) recordedVisit(ctx context.Context, visit visitor) visitor {
	if c.recording == nil {
		return visit
	}
	return func(s *status.WorkflowStatus) (bool, error) {
		c.recording.Observed(ctx, s) // before visit, since the caller owns the state afterwards
		return visit(s)
	}
}

// recordRead has the recorder keep the end of a workflow that was read from the cluster.
func (c *WorkflowClient) recordRead(ctx context.Context, s *status.WorkflowStatus) {
	if c.recording != nil && s.Completed() {
		c.recording.Observed(ctx, s)
	}
}

// recordDecision has the recorder keep that the call has decided gates.
func (c *WorkflowClient) recordDecision(ctx context.Context, name string, uid types.UID, d *decision, gates []Gate) {
	if c.recording != nil && len(gates) > 0 {
		c.recording.Decided(context.WithoutCancel(ctx), DecisionRecord{
			Op: d.verb.op, Namespace: c.namespace, Name: name, UID: uid,
			By: d.by, Message: d.message, Gates: gates, At: time.Now().UTC(),
		})
	}
}
