package backfill

import (
	"errors"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestGateChoice(t *testing.T) {
	suspend := func(id, name string, phase status.NodePhase) *status.Node {
		return &status.Node{ID: id, DisplayName: name, Type: status.NodeTypeSuspend, Phase: phase}
	}
	s := &status.WorkflowStatus{Phase: status.PhaseRunning, Nodes: []*status.Node{
		suspend("1", "shard-a", status.NodeRunning), suspend("2", "shard-b", status.NodeRunning), suspend("3", "final", status.NodeRunning),
		suspend("4", "early", status.NodeSucceeded), suspend("5", "bad", status.NodeFailed),
	}}
	for name, tc := range map[string]struct {
		patterns []string
		all      bool
		become   status.NodePhase
		want     string // ids
		err      error
		says     string
	}{
		"by name":            {patterns: []string{"final"}, want: "3"},
		"by id":              {patterns: []string{"2"}, want: "2"},
		"by pattern":         {patterns: []string{"shard-*"}, want: "1 2"},
		"some":               {patterns: []string{"final", "shard-?", "3"}, want: "3 1 2"},
		"all":                {all: true, want: "1 2 3"},
		"approved before":    {patterns: []string{"early"}},
		"one of them before": {patterns: []string{"early", "final"}, want: "3"},
		"rejected before":    {patterns: []string{"bad"}, err: workflow.ErrConflict, says: "Failed"},
		"to reject again":    {patterns: []string{"bad"}, become: status.NodeFailed},
		"to reject approved": {patterns: []string{"early"}, become: status.NodeFailed, err: workflow.ErrConflict, says: "Succeeded"},
		"nobody":             {patterns: []string{"final", "fnal"}, err: workflow.ErrNotSuspended, says: `"fnal"; waiting are: shard-a, shard-b, final`},
		"none":               {err: workflow.ErrInvalid, says: "gates"},
		"both":               {patterns: []string{"a"}, all: true, err: workflow.ErrInvalid, says: "all"},
		"a bad pattern":      {patterns: []string{"x", "[a"}, err: workflow.ErrInvalid, says: "gates[1]"},
		"an empty name":      {patterns: []string{""}, err: workflow.ErrInvalid, says: "gates[0]"},
	} {
		if tc.become == "" {
			tc.become = status.NodeSucceeded
		}
		c := gateChoice{tc.patterns, tc.all, tc.become}
		err := c.check()
		var meant []*status.Node
		if err == nil {
			meant, err = c.waiting(s)
		}
		ids := make([]string, len(meant))
		for i, n := range meant {
			ids[i] = n.ID
		}
		if got := strings.Join(ids, " "); got != tc.want || !errors.Is(err, tc.err) || tc.err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	s.Phase = status.PhaseSucceeded
	if _, err := (gateChoice{[]string{"final"}, false, status.NodeSucceeded}).waiting(s); !errors.Is(err, workflow.ErrNotSuspended) {
		t.Errorf("an ended workflow: %v", err)
	}
	s.NodesErr = status.ErrNodesOffloaded
	if _, err := (gateChoice{nil, true, status.NodeSucceeded}).waiting(s); !errors.Is(err, status.ErrNodesOffloaded) {
		t.Errorf("nodes that can't be seen: %v", err)
	}
}
