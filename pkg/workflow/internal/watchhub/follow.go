package watchhub

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Target is a workflow to follow.
type Target struct {
	Name string
	// UID is that of a workflow that has existed, so if there is no workflow of that name, it was
	// deleted. "" means the workflow that is read first.
	UID types.UID
	// Known, if not nil, is a state that the caller has seen before. It is not shown again, and UID
	// must be its UID.
	Known *status.WorkflowStatus
	// EndOnly: of the states after the first one, only ends are shown. Then a watch of rows will do,
	// where the source has those.
	EndOnly bool
}

// State is a state to look at.
type State struct {
	Status *status.WorkflowStatus // without the raw object
	// Arrived is when the state arrived from the API server. It is zero for the one that the call
	// began with, and for one that is shown again for its StartDiagnostic.
	Arrived time.Time
	// FirstEnd reports whether the workflow has ended with this state while the call followed it,
	// and no other call has seen that before.
	FirstEnd bool
}

// Follow calls visit, in the caller's goroutine, for each state of the workflow, until visit is
// done or fails, and returns visit's error. It blocks until then, or until the workflow is deleted
// or replaced or ctx ends, which is a [*FollowError]. Any other error is that of a request: a
// refusal, or an object that cannot be read; transient faults are retried for as long as ctx lasts.
// A workflow without a phase is shown again once, with its StartDiagnostic.
//
// With EndOnly, a workflow is read once it has ended. If it is gone by then, the state has no nodes: it
// is the one before with the phase, the message and the version of its last row, and so is the last
// state of a [*FollowError].
func (h *Hub) Follow(ctx context.Context, target Target, visit func(State) (done bool, err error)) error {
	if target.EndOnly && h.rows != nil {
		h = h.rows
	}
	c := &call{
		hub: h, uid: target.UID, known: target.Known, endOnly: target.EndOnly,
		unended: target.Known != nil && !target.Known.Completed(),
	}
	return c.run(ctx, target.Name, visit)
}
