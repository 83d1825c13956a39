package backfill

import (
	"context"
	"fmt"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// decider is a client of one workflow, and decides the gates of each request.
type decider struct {
	recorder
	decided *status.WorkflowStatus
}

func (d *decider) Resume(_ context.Context, _ string, opts workflow.ResumeOptions) (*workflow.ResumeResult, error) {
	byID := d.runs[0].NodesByID()
	result := &workflow.ResumeResult{}
	for _, id := range opts.NodeIDs {
		result.Nodes = append(result.Nodes, byID[id])
	}
	return result, nil
}

func (d *decider) Stop(context.Context, string, workflow.StopOptions) error { return nil }

func (d *decider) Get(context.Context, string) (*status.WorkflowStatus, error) { return d.decided, nil }

func TestTimeGrowsWithTheNodes(t *testing.T) {
	gates := func(n int, phase status.NodePhase) *status.WorkflowStatus {
		s := &status.WorkflowStatus{Name: "w", Phase: status.PhaseRunning}
		for i := range n {
			s.Nodes = append(s.Nodes, &status.Node{
				ID: fmt.Sprint("w-", i), DisplayName: fmt.Sprint("gate-", i), BoundaryID: "w", Type: status.NodeTypeSuspend, Phase: phase,
			})
		}
		return s
	}
	of := func(running, decided *status.WorkflowStatus) Backfill {
		d := &decider{recorder: recorder{runs: []*status.WorkflowStatus{running}}, decided: decided}
		b, err := New(config(t, "", ""), Dependencies{Workflows: d})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	growth.Linear(t, "Status", func(n int) func() {
		s := gates(1, status.NodeRunning)
		for i := range n {
			retry, attempt := fmt.Sprint("r-", i), fmt.Sprint("a-", i)
			s.Nodes = append(s.Nodes, // no attempt is active, so the search doesn't end early
				&status.Node{ID: retry, Type: status.NodeTypeRetry, Phase: status.NodeRunning, Children: []string{attempt}},
				&status.Node{ID: attempt, Type: status.NodeTypeSteps, Phase: status.NodeRunning})
		}
		b := of(s, nil)
		return func() {
			if st, err := b.Status(t.Context()); err != nil || st.State != StatePaused {
				t.Errorf("%+v, %v", st, err)
			}
		}
	})
	for what, some := range map[string]func([]string) ([]string, bool){
		"by pattern": func([]string) ([]string, bool) { return []string{"*"}, false },
		"by name":    func(names []string) ([]string, bool) { return names, false },
		"all":        func([]string) ([]string, bool) { return nil, true },
	} {
		chosen := func(n int) (names []string, all bool) {
			names = make([]string, n)
			for i := range names {
				names[i] = fmt.Sprint("gate-", i)
			}
			return some(names)
		}
		growth.Linear(t, "Approve "+what, func(n int) func() {
			b := of(gates(n, status.NodeRunning), nil)
			names, all := chosen(n)
			return func() {
				if done, err := b.Approve(t.Context(), Approval{Gates: names, All: all}); err != nil || len(done) != n {
					t.Errorf("%d, %v", len(done), err)
				}
			}
		})
		growth.Linear(t, "Reject "+what, func(n int) func() {
			b := of(gates(n, status.NodeRunning), gates(n, status.NodeFailed))
			names, all := chosen(n)
			return func() {
				if done, err := b.Reject(t.Context(), Rejection{Gates: names, All: all}); err != nil || len(done) != n {
					t.Errorf("%d, %v", len(done), err)
				}
			}
		})
	}
	growth.Linear(t, "gates after a stop", func(n int) func() {
		s := gates(n, status.NodeRunning)
		s.Shutdown = status.ShutdownStop
		for i, gate := range s.Nodes[1:] { // each within the one before
			gate.BoundaryID = s.Nodes[i].ID
		}
		s.Nodes[0].DisplayName = "w.onExit"
		return func() {
			if open := waitingGates(s); len(open) != n {
				t.Errorf("%d of %d", len(open), n)
			}
		}
	})
}
