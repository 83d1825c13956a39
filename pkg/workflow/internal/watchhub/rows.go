package watchhub

import (
	"context"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// ended reports whether a row shows that the workflow has ended. A phase that is not known may be an
// end, too.
func (s *snapshot) ended() bool {
	switch status.Phase(s.row.Phase) {
	case status.PhaseUnknown, status.PhasePending, status.PhaseRunning:
		return false
	}
	return true
}

// acceptRow records a row, and reports whether the call has to see to it. A row does not say whether
// it is of the workflow that was read: another one of its name follows a deletion, or a list, which
// says so.
func (s *subscription) acceptRow(u update) bool {
	if !newer(u.id.ResourceVersion, s.version) {
		return false
	}
	s.row, s.version = u.snapshot, u.id.ResourceVersion
	return u.deleted || u.ended()
}

// lastRow returns the last row that has arrived for a call, or nil.
func (h *Hub) lastRow(s *subscription) *snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	return s.row
}

// takeRow reads a workflow that a row shows as ended, and shows it if it has.
func (c *call) takeRow(ctx context.Context, u update) error {
	if u.deleted {
		return c.showGone(ctx, u.snapshot)
	}
	found, err := c.retry(ctx, func() (*snapshot, error) { return c.hub.readSnapshot(ctx, c.sub.topic.name) })
	switch {
	case notFound(err), err == nil && found.id.UID != c.uid:
		return c.showGone(ctx, u.snapshot)
	case err != nil:
		return err
	}
	c.hub.skip(c.sub, found.id.ResourceVersion)
	return c.prepare(ctx, found)
}

// showGone shows a workflow that was deleted as its last row does, if that is an end.
func (c *call) showGone(ctx context.Context, row *snapshot) error {
	s, err := c.decodeLast(ctx)
	if err != nil {
		return err
	}
	if s = withRow(s, row); s.Completed() {
		c.now = s
	}
	return nil
}

// withRow returns a state with what a later row shows.
func withRow(s *status.WorkflowStatus, row *snapshot) *status.WorkflowStatus {
	later := *s
	later.Phase, later.Message, later.ResourceVersion = status.Phase(row.row.Phase), row.row.Message, row.id.ResourceVersion
	if later.Phase != status.PhaseUnknown {
		later.StartDiagnostic = nil
	}
	if later.Completed() {
		later.Nodes, later.NodesErr = nil, status.ErrNodesNotRead
	}
	return &later
}
