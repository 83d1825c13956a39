package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func routed(op workflow.Op, name string, backend workflow.Backend) legacy.Route {
	return legacy.Route{Op: op, Namespace: "ma", Name: name, Backend: backend}
}

func TestLedgerKeepsWhatComesAfterAMark(t *testing.T) {
	l := &ledger{}
	l.routed(routed(workflow.OpStart, "a", workflow.BackendKubectl))
	at := l.here()
	l.routed(routed(workflow.OpGet, "a", workflow.BackendNative))
	l.differed(legacy.Difference{Op: workflow.OpGet, Name: "a", Paths: []string{"status.phase", "spec"}})
	routes, differences := l.since(at)
	if len(routes) != 1 || routes[0].Op != workflow.OpGet || len(differences) != 1 {
		t.Fatalf("%v, %q", routes, differences)
	}
	if text := differences[0]; !strings.Contains(text, "a differs") || !strings.Contains(text, "status.phase, spec") {
		t.Errorf("%q", text)
	}
	if before := l.upTo(at); len(before) != 1 || before[0].Op != workflow.OpStart {
		t.Errorf("%v", before)
	}
	if s := calls(l.upTo(l.here())); s != (split{kubectl: 1, native: 1}) {
		t.Errorf("%+v", s)
	}
}

func TestCallsGoWhereTheRolloutSays(t *testing.T) {
	native, old := workflow.BackendNative, workflow.BackendKubectl
	for name, tc := range map[string]struct {
		by     legacy.Rollout
		routes []legacy.Route
		want   []string
	}{
		"all as it says":    {legacy.Rollout{Percent: 100}, []legacy.Route{routed(workflow.OpGet, "a", native)}, nil},
		"one behind":        {legacy.Rollout{Percent: 100}, []legacy.Route{routed(workflow.OpGet, "a", old)}, []string{"get of a"}},
		"one past a switch": {legacy.Rollout{Force: old, Percent: 100}, []legacy.Route{routed(workflow.OpList, "", native), routed(workflow.OpGet, "b", old)}, []string{"list went to the native"}},
	} {
		t.Run(name, func(t *testing.T) { contains(t, astray(tc.routes, tc.by), tc.want) })
	}
}

func TestMovedBack(t *testing.T) {
	native, old := workflow.BackendNative, workflow.BackendKubectl
	before := []legacy.Route{routed(workflow.OpStart, "a", native), routed(workflow.OpStart, "b", old)}
	for name, tc := range map[string]struct {
		now  []legacy.Route
		want []string
	}{
		"none":      {[]legacy.Route{routed(workflow.OpGet, "a", native), routed(workflow.OpGet, "b", native), routed(workflow.OpGet, "c", old)}, nil},
		"one, once": {[]legacy.Route{routed(workflow.OpGet, "a", old), routed(workflow.OpWait, "a", old)}, []string{"get of a returned to kubectl"}},
	} {
		t.Run(name, func(t *testing.T) { contains(t, movedBack(before, tc.now), tc.want) })
	}
}

// contains checks that each string contains the wanted one at its index.
func contains(t *testing.T, found, want []string) {
	t.Helper()
	if !slices.EqualFunc(found, want, strings.Contains) {
		t.Errorf("found %q, want %q", found, want)
	}
}
