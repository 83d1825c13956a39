package backfill

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Approval says which gates to pass.
type Approval struct {
	// Gates are names, IDs, or shell patterns of names such as "shard-*". In a pattern * matches
	// any number of characters, ? one, [a-z] one of these, and [^a-z] or [!a-z] one other; a
	// backslash quotes the character after it. A slash is an ordinary character. An ID selects its
	// own gate only, even if another gate has it as its name.
	Gates []string
	// All passes all waiting gates, instead of Gates.
	All bool
	// Outputs are values for output parameters of the gates, as in
	// [workflow.StartRequest.Parameters]. A gate without such a parameter ignores it.
	Outputs map[string]any
}

// Rejection says which gates to fail.
type Rejection struct {
	// Gates and All are as in [Approval].
	Gates []string
	All   bool
	// Message is set on the gates; see [workflow.StopOptions].
	Message string
}

func (b *argoBackfill) Approve(ctx context.Context, approval Approval) ([]Gate, error) {
	decide := func(name string, uid types.UID, waiting []*status.Node) ([]*status.Node, error) {
		result, err := b.deps.Workflows.Resume(ctx, name, workflow.ResumeOptions{NodeIDs: idsOf(waiting), Outputs: approval.Outputs, UID: uid})
		if err != nil {
			return nil, err
		}
		return result.Nodes, nil
	}
	return b.decide(ctx, gateChoice{approval.Gates, approval.All, status.NodeSucceeded}, decide)
}

func (b *argoBackfill) Reject(ctx context.Context, rejection Rejection) ([]Gate, error) {
	decide := func(name string, uid types.UID, waiting []*status.Node) ([]*status.Node, error) {
		err := b.deps.Workflows.Stop(ctx, name, workflow.StopOptions{NodeIDs: idsOf(waiting), Message: rejection.Message, UID: uid})
		if err != nil {
			return nil, err
		}
		now, err := b.deps.Workflows.Get(ctx, name) // Stop does not return which of them it failed
		if err != nil {
			return nil, err
		}
		after := now.NodesByID()
		return slices.DeleteFunc(waiting, func(n *status.Node) bool {
			now := after[n.ID]
			return now == nil || !now.Phase.Unsuccessful()
		}), nil
	}
	return b.decide(ctx, gateChoice{rejection.Gates, rejection.All, status.NodeFailed}, decide)
}

// decideFunc decides gates of a workflow, and returns those that this call decided.
type decideFunc func(name string, uid types.UID, waiting []*status.Node) ([]*status.Node, error)

// decide finds the gates and decides them in one write. If another client decided some of them
// first, it reads the workflow again: the same decision is a success.
func (b *argoBackfill) decide(ctx context.Context, choice gateChoice, decide decideFunc) ([]Gate, error) {
	if err := choice.check(); err != nil {
		return nil, err
	}
	decided := []Gate{}
	for {
		if ctx.Err() != nil {
			return decided, b.wrap(context.Cause(ctx))
		}
		s, err := b.latestRun(ctx)
		if err != nil {
			return decided, err
		}
		if s == nil {
			return decided, b.wrap(ErrNotStarted)
		}
		waiting, err := choice.waiting(ctx, s)
		if err != nil {
			return decided, b.wrap(err)
		}
		if len(waiting) == 0 {
			if len(decided) == 0 {
				err = choice.repeat(s, decide)
			}
			return decided, b.wrap(err)
		}
		count := len(waiting)
		done, err := decide(s.Name, s.UID, detached(waiting))
		decided = append(decided, gatesOf(done)...)
		if errors.Is(err, workflow.ErrNotSuspended) || errors.Is(err, workflow.ErrCompleted) {
			continue // they no longer wait; the next read shows why
		}
		if err != nil || len(done) == count || choice.all {
			return decided, b.wrap(err)
		}
	}
}

// repeat sends an earlier decision again, so that the controller looks at the workflow again if it
// missed the decision. One of the gates is enough for that.
func (c gateChoice) repeat(s *status.WorkflowStatus, decide decideFunc) error {
	if s.Completed() {
		return nil
	}
	index := newGateIndex(s, nil)
	selected := index.gates
	if !c.all {
		selected = index.selected(c.patterns[0])
	}
	at := slices.IndexFunc(selected, func(n *status.Node) bool { return n.Phase == c.become })
	if at < 0 {
		return nil
	}
	_, err := decide(s.Name, s.UID, detached(selected[at:at+1]))
	if errors.Is(err, workflow.ErrNotSuspended) || errors.Is(err, workflow.ErrCompleted) {
		return nil
	}
	return err
}

// detached returns copies of nodes that do not keep the others in memory while a decision is sent.
func detached(nodes []*status.Node) []*status.Node {
	copies := make([]*status.Node, len(nodes))
	for i, n := range nodes {
		copied := *n
		copies[i] = &copied
	}
	return copies
}

func idsOf(nodes []*status.Node) []string {
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		ids[i] = n.ID
	}
	return ids
}
