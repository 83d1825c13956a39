package legacy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// gateCluster has a workflow with a gate. Each write by kubectl creates a new version of it.
type gateCluster struct {
	lastWrite string // when the workflow was written before the decision, as the API server records it
	actsAfter int    // the controller acts on the decision after this many writes; 0: never

	mu     sync.Mutex
	writes int
	sent   []string
}

func (c *gateCluster) ExecuteCommand(_ context.Context, cmd Command) (CommandOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	verb := cmd.Args[0]
	if verb == "patch" && !slices.Contains(cmd.Args, "--show-managed-fields") {
		return CommandOutput{}, fmt.Errorf("%s does not ask for the times of writes", verb)
	}
	if verb == "patch" {
		c.writes++
		if strings.Contains(string(cmd.Stdin), "asked-again") {
			verb = "touch"
		}
	}
	c.sent = append(c.sent, verb)
	acted := verb == "get" && c.actsAfter > 0 && c.writes >= c.actsAfter
	return CommandOutput{Stdout: c.object(acted)}, nil
}

func (c *gateCluster) object(acted bool) string {
	phase, children, last := "Running", "", c.lastWrite
	if c.writes > 0 {
		phase, last = "Succeeded", "2026-01-01T00:01:00Z"
	}
	version := c.writes
	if acted {
		children, version = `"next"`, version+100
	}
	return fmt.Sprintf(`{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": {"name": "w", "namespace": "ma", "uid": "u", "resourceVersion": "%d",
			"managedFields": [{"manager": "m", "time": %q}]},
		"spec": {}, "status": {"phase": "Running", "nodes": {
			"w": {"id": "w", "name": "w", "type": "Steps", "phase": "Running", "children": ["g"]},
			"g": {"id": "g", "name": "w[0].approve", "displayName": "approve", "type": "Suspend",
				"phase": %q, "boundaryID": "w", "children": [%s]}}}}`, version, last, phase, children)
}

// Decisions made with kubectl are followed up like those of the native client.
func TestDecisionsByKubectlAreFollowedUp(t *testing.T) {
	const atOnce, rested = "2026-01-01T00:00:59Z", "2026-01-01T00:00:00Z"
	for name, tc := range map[string]struct {
		cluster *gateCluster
		want    string
	}{
		"taken up after the first touch": {&gateCluster{lastWrite: atOnce, actsAfter: 2}, "get patch get touch get"},
		"never taken up":                 {&gateCluster{lastWrite: atOnce}, "get patch get touch get touch get touch"},
		"of a workflow that has rested":  {&gateCluster{lastWrite: rested}, "get patch"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := kubectl(t, tc.cluster)
				if _, err := c.Approve(t.Context(), "w", workflow.Decision{Gates: []string{"g"}}); err != nil {
					t.Fatal(err)
				}
				if sent := strings.Join(tc.cluster.sent, " "); sent != tc.want {
					t.Errorf("sent %s, want %s", sent, tc.want)
				}
			})
		})
	}
}
