package workflow_test

import (
	"context"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// ended is a Waiter whose workflows have all ended with the state of object.
type ended struct {
	workflow.Waiter
	object string // as the API server sends it
}

func (e ended) Wait(context.Context, string, workflow.Condition, ...workflow.WaitOption) (*status.WorkflowStatus, error) {
	return status.FromJSON([]byte(e.object))
}

// Test code that waits for workflows without a cluster.
func ExampleWaiter() {
	report := func(ctx context.Context, w workflow.Waiter, name string) string {
		s, err := w.Wait(ctx, name, workflow.Completed)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(s.Name, " has ended ", s.Outcome())
	}
	double := ended{object: `{"metadata": {"name": "reindex-1", "namespace": "ma"}, "status": {"phase": "Failed"}}`}
	fmt.Println(report(context.Background(), double, "reindex-1"))
	// Output: reindex-1 has ended Failed
}
