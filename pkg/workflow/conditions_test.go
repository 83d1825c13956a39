package workflow

import (
	"errors"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// A wait for a gate ignores delays, and ends at the gate that follows them.
func TestSuspendedIgnoresDelays(t *testing.T) {
	before, err := status.FromUnstructured(workflowObject(t, strings.Replace(delayYAML, "phase: Running, templateName: ask", "phase: Pending, templateName: ask", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if done, err := Suspended(before); done || err != nil {
		t.Error(done, err)
	}
	if (ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}}).match(before) {
		t.Error("it is listed")
	}
	if got := (&WaitError{Last: before, Err: errors.New("late")}).Error(); !strings.Contains(got, "Running, unfinished: cool-down, settle") {
		t.Error(got)
	}
	after, err := status.FromUnstructured(workflowObject(t, delayYAML))
	if err != nil {
		t.Fatal(err)
	}
	if done, err := Suspended(after); !done || err != nil {
		t.Error(done, err)
	}
}

func TestAtGate(t *testing.T) {
	s, err := status.FromUnstructured(workflowObject(t, delayYAML)) // waits at "approve" and at two delays
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		names []string
		want  bool
	}{
		"any":                     {nil, true},
		"by name":                 {[]string{"approve"}, true},
		"by ID":                   {[]string{"gate"}, true},
		"by pattern":              {[]string{"appr*"}, true},
		"one of several":          {[]string{"other", "approve"}, true},
		"another":                 {[]string{"other"}, false},
		"a delay by its name":     {[]string{"cool-down"}, true},
		"a delay by its ID":       {[]string{"two"}, true},
		"not a delay by pattern":  {[]string{"cool*"}, false},
		"not a delay by template": {[]string{"wait"}, false},
	} {
		if got, err := AtGate(tc.names...)(s); got != tc.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	s.Shutdown = status.ShutdownStop
	if got, err := AtGate()(s); got || err != nil {
		t.Errorf("about to fail: %v, %v", got, err)
	}
}

func TestAtGateEnds(t *testing.T) {
	var early *EndedBeforeSuspendError
	if _, err := AtGate("a")(&status.WorkflowStatus{Name: "w", Phase: status.PhaseFailed}); !errors.As(err, &early) || early.Name != "w" || !errors.Is(err, ErrCompleted) {
		t.Error(err)
	}
	if _, err := AtGate("a")(&status.WorkflowStatus{Phase: status.PhaseRunning, NodesErr: status.ErrNodesOffloaded}); !errors.Is(err, ErrNodesOffloaded) {
		t.Error(err)
	}
	if done, err := AtGate("a")(&status.WorkflowStatus{SpecSuspended: true, Phase: status.PhaseRunning}); done || err != nil {
		t.Error(done, err)
	}
	for _, names := range [][]string{{"[a"}, {""}, {"a", `\`}, {}} {
		if _, err := AtGate(names...)(&status.WorkflowStatus{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", names, err)
		}
	}
}
