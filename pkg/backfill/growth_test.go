package backfill

import (
	"fmt"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestTimeGrowsWithTheNodes(t *testing.T) {
	growth.Linear(t, "Status", func(n int) func() {
		s := atGates(1, waitingGate("g"))
		for i := range n {
			retry, attempt := fmt.Sprint("r-", i), fmt.Sprint("a-", i)
			s.Nodes = append(s.Nodes, // no attempt is active, so the search doesn't end early
				&status.Node{ID: retry, Type: status.NodeTypeRetry, Phase: status.NodeRunning, Children: []string{attempt}},
				&status.Node{ID: attempt, Type: status.NodeTypeSteps, Phase: status.NodeRunning})
		}
		b := newDecider(t, &decider{recorder: recorder{runs: []*status.WorkflowStatus{s}}})
		return func() {
			if st, err := b.Status(t.Context()); err != nil || st.State != StatePaused {
				t.Errorf("%+v, %v", st, err)
			}
		}
	})
}
