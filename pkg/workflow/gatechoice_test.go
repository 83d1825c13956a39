package workflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/nodeselection"
)

// delayYAML is a workflow with a gate and two delays beside it.
const delayYAML = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, uid: u-1, resourceVersion: "7"}
spec: {templates: [{name: wait, suspend: {duration: 10m}}, {name: ask, suspend: {}}]}
status:
  phase: Running
  nodes:
    gate: {id: gate, displayName: approve, type: Suspend, phase: Running, templateName: ask, startedAt: "2026-01-01T00:00:00Z"}
    one: {id: one, displayName: cool-down, type: Suspend, phase: Running, templateName: wait, startedAt: "2026-01-01T00:00:00Z"}
    two: {id: two, displayName: settle, type: Suspend, phase: Running, templateName: wait, startedAt: "2026-01-01T00:01:00Z"}
`

// chosenIDs makes the choice of a decision, and returns the IDs of the nodes to decide.
func chosenIDs(ctx context.Context, s *status.WorkflowStatus, d Decision, verb decisionVerb) (string, error) {
	read, problems, _ := readDecision(d, verb)
	if len(problems) > 0 {
		return "", invalid(problems...)
	}
	chosen, err := read.choose(ctx, s, nil)
	if err != nil {
		return "", err
	}
	ids := make([]string, len(chosen.nodes))
	for i, n := range chosen.nodes {
		ids[i] = n.ID
	}
	return strings.Join(ids, " "), nil
}

func suspendNode(id, name string, phase status.NodePhase) *status.Node {
	return &status.Node{ID: id, DisplayName: name, Type: status.NodeTypeSuspend, Phase: phase}
}

func TestDecisionsChooseGates(t *testing.T) {
	s := &status.WorkflowStatus{Phase: status.PhaseRunning, Nodes: []*status.Node{
		suspendNode("1", "shard-a", status.NodeRunning), suspendNode("2", "shard-b", status.NodeRunning), suspendNode("3", "final", status.NodeRunning),
		suspendNode("4", "early", status.NodeSucceeded), suspendNode("5", "bad", status.NodeFailed),
		suspendNode("6", "load(0:s3://b/1)", status.NodeRunning), suspendNode("7", "load(1:s3://b/2)", status.NodeRunning),
		suspendNode("8", "later", status.NodePending), {ID: "9", DisplayName: "work", Type: status.NodeTypePod, Phase: status.NodeRunning},
	}}
	for name, tc := range map[string]struct {
		decision Decision
		reject   bool
		want     string // IDs
		err      error
		says     string
	}{
		"by name":            {decision: Decision{Gates: []string{"final"}}, want: "3"},
		"by ID":              {decision: Decision{Gates: []string{"2"}}, want: "2"},
		"with a slash":       {decision: Decision{Gates: []string{"load*"}}, want: "6 7"},
		"every gate":         {decision: Decision{Gates: []string{"*"}}, want: "1 2 3 6 7"},
		"by bucket":          {decision: Decision{Gates: []string{"load(*:s3://b/2)"}}, want: "7"},
		"with signs":         {decision: Decision{Gates: []string{"load(0:s3://b/1)"}}, want: "6"},
		"by pattern":         {decision: Decision{Gates: []string{"shard-*"}}, want: "1 2"},
		"some":               {decision: Decision{Gates: []string{"final", "shard-?", "3"}}, want: "3 1 2"},
		"all":                {decision: Decision{All: true}, want: "1 2 3 6 7"},
		"by selector":        {decision: Decision{Selector: "displayName!=final"}, want: "1 2 6 7"},
		"by both":            {decision: Decision{Gates: []string{"shard-*", "3"}, Selector: "id!=2"}, want: "1 3"},
		"approved before":    {decision: Decision{Gates: []string{"early"}}},
		"by a selector":      {decision: Decision{Selector: "displayName=early,phase=Running"}},
		"one of them before": {decision: Decision{Gates: []string{"early", "final"}}, want: "3"},
		"rejected before":    {decision: Decision{Gates: []string{"bad"}}, err: ErrNotSuspended, says: `"bad" (gate "bad" is Failed); waiting gates: shard-a,`},
		"by the selector":    {decision: Decision{Selector: "id=5"}, err: ErrNotSuspended, says: `"id=5" (gate "bad" is Failed)`},
		"to reject again":    {decision: Decision{Gates: []string{"bad"}}, reject: true},
		"to reject approved": {decision: Decision{Gates: []string{"early"}}, reject: true, err: ErrNotSuspended, says: `gate "early" is Succeeded`},
		"unknown": {decision: Decision{Gates: []string{"final", "fnal"}}, err: ErrNotSuspended,
			says: `"fnal"; waiting gates: shard-a, shard-b, final, load(0:s3://b/1), load(1:s3://b/2); did you mean "final"?`},
		"not reached":      {decision: Decision{Gates: []string{"later"}}, err: ErrNotSuspended, says: `gate "later" is Pending`},
		"not a gate":       {decision: Decision{Gates: []string{"9"}}, err: ErrNotSuspended, says: `"work" is not a gate, its type is Pod`},
		"not matched":      {decision: Decision{Gates: []string{"final"}, Selector: "id=1"}, err: ErrNotSuspended, says: `"final" is not matched by the selector`},
		"selecting none":   {decision: Decision{Selector: "displayName=none"}, err: ErrNotSuspended, says: `"displayName=none"; waiting gates: shard-a`},
		"nothing":          {err: ErrInvalid, says: "gates: Required"},
		"no gates":         {decision: Decision{Gates: []string{}}, err: ErrInvalid, says: "gates: Required"},
		"no gates of some": {decision: Decision{Gates: []string{}, Selector: "id=1"}, err: ErrInvalid, says: "gates: Required"},
		"all and some":     {decision: Decision{Gates: []string{"a"}, All: true}, err: ErrInvalid, says: "all: Forbidden"},
		"all and selected": {decision: Decision{Selector: "id=1", All: true}, err: ErrInvalid, says: "all: Forbidden"},
		"a bad selector":   {decision: Decision{Selector: "display=a"}, err: ErrInvalid, says: "selector"},
		"a bad pattern":    {decision: Decision{Gates: []string{"x", "[a"}}, err: ErrInvalid, says: "gates[1]"},
		"an empty name":    {decision: Decision{Gates: []string{""}}, err: ErrInvalid, says: "gates[0]"},
	} {
		verb := approval()
		if tc.reject {
			verb = rejection()
		}
		got, err := chosenIDs(t.Context(), s, tc.decision, verb)
		if got != tc.want || !errors.Is(err, tc.err) || tc.err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestDecisionsBySelector(t *testing.T) {
	s, err := status.FromUnstructured(workflowObject(t, gatesYAML))
	if err != nil {
		t.Fatal(err)
	}
	for selector, want := range map[string]string{
		"displayName=approve":                          "one",
		"displayName==second":                          "two",
		"displayName!=second":                          "one",
		"inputs.parameters.stage.value=prod":           "one",
		"phase=Running,displayName=second":             "two",
		"id=two":                                       "two",
		"templateName=,inputs.parameters.stage.value=": "two",
	} {
		if got, err := chosenIDs(t.Context(), s, Decision{Selector: selector}, approval()); got != want || err != nil {
			t.Errorf("%s: %q, %v", selector, got, err)
		}
	}
}

// Other writers, even pods, choose the names of gates. Such a name must not make a decision by ID
// select a gate that the caller has not looked at.
func TestIDSelectsItsGateOnly(t *testing.T) {
	for name, id := range map[string]string{"the same name": "w-1", "a pattern": "*", "a part of a pattern": "w-[12]"} {
		s := &status.WorkflowStatus{Phase: status.PhaseRunning, Nodes: []*status.Node{
			suspendNode("w-0", id, status.NodeRunning), suspendNode(id, "w-0", status.NodeRunning),
			suspendNode("w-2", id, status.NodeSucceeded), suspendNode("w-3", "w-1", status.NodeRunning),
		}}
		if got, err := chosenIDs(t.Context(), s, Decision{Gates: []string{id}}, approval()); err != nil || got != id {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// An exact name selects the gates that have it, also if it is a pattern that others match, or the name
// of the workflow, which is the ID of its root.
func TestExactNamesAreNotPatterns(t *testing.T) {
	s := &status.WorkflowStatus{Name: "w", Phase: status.PhaseRunning, Nodes: []*status.Node{
		{ID: "w", DisplayName: "w", Type: status.NodeTypeSteps, Phase: status.NodeRunning},
		suspendNode("1", "approve(0:logs-*)", status.NodeRunning), suspendNode("2", "approve(1:logs-2026)", status.NodeRunning),
		suspendNode("3", "approve(2:logs-202?)", status.NodeRunning), suspendNode("4", "approve(3:logs-2026)", status.NodeRunning),
		suspendNode("5", "approve(4:logs-[a])", status.NodeSucceeded), suspendNode("6", "approve(4:logs-a)", status.NodeRunning),
		suspendNode("7", "w", status.NodeRunning),
	}}
	for name, want := range map[string]string{
		"approve(0:logs-*)": "1", `approve(0:logs-\*)`: "1", "approve(2:logs-202?)": "3", "approve(?:logs-*)": "1 2 3 4 6",
		"approve(4:logs-[a])": "", "approve(?:logs-[a])": "6", "w": "7",
	} {
		if got, err := chosenIDs(t.Context(), s, Decision{Gates: []string{name}}, approval()); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// A delay is decided by its ID or its exact name only.
func TestDecisionsAndDelays(t *testing.T) {
	s, err := status.FromUnstructured(workflowObject(t, delayYAML))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []decisionVerb{approval(), rejection()} {
		for name, tc := range map[string]struct {
			decision Decision
			want     string
			says     string
		}{
			"all":             {decision: Decision{All: true}, want: "gate"},
			"a pattern":       {decision: Decision{Gates: []string{"*"}}, want: "gate"},
			"a selector":      {decision: Decision{Selector: "phase=Running"}, want: "gate"},
			"its ID":          {decision: Decision{Gates: []string{"one"}}, want: "one"},
			"its name":        {decision: Decision{Gates: []string{"settle"}}, want: "two"},
			"both":            {decision: Decision{Gates: []string{"cool-down", "approve"}}, want: "one gate"},
			"with a selector": {decision: Decision{Gates: []string{"cool-down"}, Selector: "templateName=wait"}, want: "one"},
			"only delays match": {decision: Decision{Gates: []string{"cool*"}},
				says: `"cool-down" is a delay, which passes by itself at 2026-01-01T00:10:00Z; only its ID or exact name selects it`},
			"its template": {decision: Decision{Selector: "templateName=wait"}, says: `"cool-down" is a delay`},
		} {
			got, err := chosenIDs(t.Context(), s, tc.decision, verb)
			if got != tc.want || (err != nil) != (tc.says != "") || err != nil && (!errors.Is(err, ErrNotSuspended) || !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
	if gates, err := GatesOf(s); err != nil || len(gates) != 1 || gates[0].ID != "gate" {
		t.Errorf("%+v, %v", gates, err)
	}
}

// After a stop only gates in exit handlers are decided.
func TestDecisionsAfterAStop(t *testing.T) {
	exit := suspendNode("2", "clean-up", status.NodeRunning)
	exit.BoundaryID = "exit"
	s := &status.WorkflowStatus{Phase: status.PhaseRunning, Shutdown: status.ShutdownStop, Nodes: []*status.Node{
		suspendNode("1", "main", status.NodeRunning), exit, {ID: "exit", DisplayName: "w.onExit", Type: status.NodeTypeSteps},
	}}
	if got, err := chosenIDs(t.Context(), s, Decision{All: true}, approval()); got != "2" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	_, err := chosenIDs(t.Context(), s, Decision{Gates: []string{"main"}}, approval())
	if !errors.Is(err, ErrNotSuspended) || !strings.Contains(err.Error(), `"main" is about to fail`) || !strings.Contains(err.Error(), "waiting gates: clean-up") {
		t.Error(err)
	}
	if gates, err := GatesOf(s); err != nil || len(gates) != 1 || gates[0].ID != "2" {
		t.Errorf("%+v, %v", gates, err)
	}
}

// After the end of a workflow, a decision is either one that was made before, or an error with the
// outcome.
func TestDecisionsAfterTheEnd(t *testing.T) {
	s := &status.WorkflowStatus{Name: "w", Phase: status.PhaseFailed, Nodes: []*status.Node{
		suspendNode("1", "approve", status.NodeSucceeded), suspendNode("2", "check", status.NodeFailed), suspendNode("3", "left", status.NodeRunning),
	}}
	for name, tc := range map[string]struct {
		decision Decision
		reject   bool
		refused  bool
		gates    int
	}{
		"approved before":   {decision: Decision{Gates: []string{"approve"}}},
		"all, approved":     {decision: Decision{All: true}},
		"by selector":       {decision: Decision{Selector: "id=1"}},
		"rejected before":   {decision: Decision{Gates: []string{"check"}}, reject: true},
		"the opposite":      {decision: Decision{Gates: []string{"check"}}, refused: true, gates: 1},
		"one of them":       {decision: Decision{Gates: []string{"approve", "check"}}, refused: true, gates: 1},
		"never decided":     {decision: Decision{Gates: []string{"left"}}, reject: true, refused: true, gates: 1},
		"unknown":           {decision: Decision{Gates: []string{"none"}}, refused: true},
		"selected, unknown": {decision: Decision{Selector: "id=9"}, refused: true},
	} {
		verb := approval()
		if tc.reject {
			verb = rejection()
		}
		got, err := chosenIDs(t.Context(), s, tc.decision, verb)
		var ended *CompletedError
		if got != "" || errors.As(err, &ended) != tc.refused || (err != nil) != tc.refused {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if tc.refused && (!errors.Is(err, ErrCompleted) || errors.Is(err, ErrNotSuspended) || ended.Name != "w" || ended.Outcome != status.OutcomeFailed || len(ended.Gates) != tc.gates) {
			t.Errorf("%s: %+v", name, ended)
		}
	}
	s.Nodes = s.Nodes[2:]
	if _, err := chosenIDs(t.Context(), s, Decision{All: true}, approval()); !errors.Is(err, ErrCompleted) {
		t.Errorf("all, and none was decided: %v", err)
	}
	s.Nodes, s.NodesErr = nil, status.ErrNodesOffloaded
	if _, err := chosenIDs(t.Context(), s, Decision{All: true}, approval()); !errors.Is(err, ErrCompleted) {
		t.Errorf("ended, unreadable nodes: %v", err)
	}
	s.Phase = status.PhaseRunning
	if _, err := chosenIDs(t.Context(), s, Decision{All: true}, approval()); !errors.Is(err, ErrNodesOffloaded) {
		t.Errorf("unreadable nodes: %v", err)
	}
}

func TestContextEndsAChoice(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("closing time")
	cancel(cause)
	s := &status.WorkflowStatus{Phase: status.PhaseRunning, Nodes: []*status.Node{suspendNode("3", "final", status.NodeRunning)}}
	if _, err := chosenIDs(ended, s, Decision{Gates: []string{"final"}}, approval()); !errors.Is(err, cause) || !contextEnded(err) {
		t.Error(err)
	}
}

// The error of a decision has its gates as data. Its string quotes and truncates what others wrote.
func TestNotSuspendedErrors(t *testing.T) {
	long := "a\n\x1b[31m" + strings.Repeat("x", 5_000)
	s := &status.WorkflowStatus{Phase: status.PhaseRunning}
	for i := range 500 {
		s.Nodes = append(s.Nodes, suspendNode(fmt.Sprint("w", i), long, status.NodeRunning))
		rejected := suspendNode(fmt.Sprint("r", i), "bad-"+long, status.NodeFailed)
		rejected.Message = long
		s.Nodes = append(s.Nodes, rejected)
	}
	for pattern, gates := range map[string]int{"bad-*": mostGateStates, long + "*": 0} {
		if gates == 0 {
			pattern = "b" + strings.Repeat("y", 1<<20)
		}
		_, err := chosenIDs(t.Context(), s, Decision{Gates: []string{pattern}}, approval())
		var e *NotSuspendedError
		if !errors.As(err, &e) || e.Selected != pattern || len(e.Gates) != gates || len(e.Waiting) != mostGateStates {
			t.Fatalf("%.200v", err)
		}
		if gates > 0 && (e.Gates[0].ID != "r0" || e.Gates[0].Phase != status.NodeFailed || e.Gates[0].Message != long) {
			t.Errorf("%.200v", e.Gates[0])
		}
		if text := err.Error(); len(text) > 16<<10 || strings.ContainsAny(text, "\n\x1b") || !strings.Contains(text, "and 492 more") {
			t.Errorf("%d bytes: %.500s", len(text), text)
		}
	}
}

// The errors of decisions have the states of the gates that were meant.
func TestErrorHasTheStatesOfGates(t *testing.T) {
	const nodes = `
    a: {id: a, displayName: approve, name: w.approve, type: Suspend, phase: Succeeded, message: "approved by ann", finishedAt: "2026-01-01T00:00:05Z"}
    b: {id: b, displayName: reject, type: Suspend, phase: Failed, message: "LONG"}
    c: {id: c, displayName: "od\nd", type: Suspend, phase: Pending}
    d: {id: d, displayName: work, type: Pod, phase: Running}
    w: {id: w, displayName: waits, type: Suspend, phase: Running}
`
	long := strings.Repeat(`\u001b[31mx`, 1_000)
	running := "kind: Workflow\nstatus:\n  phase: Running\n  nodes:" + strings.Replace(nodes, "LONG", long, 1)
	stopped := strings.Replace(strings.Replace(running, "phase: Running", "phase: Failed", 1), "kind: Workflow", "kind: Workflow\nspec: {shutdown: Stop}", 1)
	succeeded := strings.Replace(running, "phase: Running", "phase: Succeeded", 1)
	for name, tc := range map[string]struct {
		text string
		d    Decision
		verb decisionVerb
		err  error
		says string
	}{
		"passed":           {running, Decision{Gates: []string{"a"}}, rejection(), ErrNotSuspended, `"a" (gate "approve" is Succeeded since 2026-01-01T00:00:05Z: "approved by ann"); waiting gates: waits`},
		"by a selector":    {running, Decision{Selector: "displayName=approve"}, rejection(), ErrNotSuspended, `"displayName=approve" (gate "approve" is Succeeded since`},
		"rejected":         {running, Decision{Gates: []string{"b"}}, approval(), ErrNotSuspended, `gate "reject" is Failed: "\x1b[31mx\x1b`},
		"not reached":      {running, Decision{Gates: []string{"c"}}, approval(), ErrNotSuspended, `gate "od\nd" is Pending`},
		"not a gate":       {running, Decision{Gates: []string{"d"}}, approval(), ErrNotSuspended, `"work" is not a gate, its type is Pod`},
		"a path":           {running, Decision{Gates: []string{"w.approve"}}, approval(), ErrNotSuspended, `"w.approve"; waiting gates: waits`},
		"unknown":          {running, Decision{Gates: []string{"x y"}}, approval(), ErrNotSuspended, `"x y"; waiting gates: waits`},
		"misspelt":         {running, Decision{Gates: []string{"wait"}}, approval(), ErrNotSuspended, `did you mean "waits"?`},
		"not selected":     {running, Decision{Gates: []string{"w"}, Selector: "displayName=x"}, approval(), ErrNotSuspended, `"waits" is not matched by the selector`},
		"another stopped":  {stopped, Decision{Gates: []string{"a"}}, rejection(), ErrCompleted, `it ended Stopped (gate "approve" is Succeeded`},
		"another approved": {succeeded, Decision{Gates: []string{"a"}}, rejection(), ErrCompleted, `it ended Succeeded (gate "approve" is Succeeded`},
		"ended, no match":  {stopped, Decision{Selector: "displayName=none"}, approval(), ErrCompleted, `it ended Stopped`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := status.FromUnstructured(workflowObject(t, tc.text))
			if err != nil {
				t.Fatal(err)
			}
			_, err = chosenIDs(t.Context(), s, tc.d, tc.verb)
			if !errors.Is(err, tc.err) || !strings.Contains(err.Error(), tc.says) || len(err.Error()) > 8_000 || strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

// The selector's values of parameters can be secret.
func TestDecisionsKeepSelectedValuesToThemselves(t *testing.T) {
	c := scripted(t, func(*http.Request) (any, error) { return gateObject(t, "1", "Running", ""), nil })
	for _, selector := range []string{"inputs.parameters.token.value=s3cr3t", "inputs.parameters.token=s3cr3t", "inputs.parameters.token.value~s3cr3t"} {
		_, err := c.Reject(t.Context(), "w", Decision{Selector: selector})
		if err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%v", err)
		}
	}
}

func TestChoicesTakeLinearTime(t *testing.T) {
	gates := func(n int, phase status.NodePhase) *status.WorkflowStatus {
		s := &status.WorkflowStatus{Phase: status.PhaseRunning}
		for i := range n {
			s.Nodes = append(s.Nodes, suspendNode(fmt.Sprint(i), fmt.Sprint("gate-", i), phase))
		}
		return s
	}
	for _, phase := range []status.NodePhase{status.NodeRunning, status.NodeSucceeded, status.NodeFailed} {
		for what, decided := range map[string]func(n int) Decision{
			"all":        func(int) Decision { return Decision{All: true} },
			"by pattern": func(int) Decision { return Decision{Gates: []string{"gate-*"}} },
			"by name": func(n int) (d Decision) {
				for i := range min(n, nodeselection.MaxNames) {
					d.Gates = append(d.Gates, fmt.Sprint("gate-", i))
				}
				return d
			},
		} {
			growth.Linear(t, what+", "+string(phase), func(n int) func() {
				s, read := gates(n, phase), decided(n)
				return func() { _, _ = chosenIDs(t.Context(), s, read, approval()) }
			})
		}
	}
}
