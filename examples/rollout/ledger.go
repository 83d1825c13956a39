package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// ledger records what the router reports: which backend got each call, and where two answers
// differ. A service would turn this into metrics and log lines.
type ledger struct {
	mu          sync.Mutex
	routes      []legacy.Route
	differences []string
}

// routed is for OnRoute.
func (l *ledger) routed(r legacy.Route) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.routes = append(l.routes, r)
}

// differed is for OnDifference. It records paths, but no values: they may be secret.
func (l *ledger) differed(d legacy.Difference) {
	text := fmt.Sprintf("%s of %s differs between the backends at %s", d.Op, d.Name, strings.Join(d.Paths, ", "))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.differences = append(l.differences, text)
}

// mark is a position in the ledger.
type mark struct{ routes, differences int }

// here returns the end of the ledger.
func (l *ledger) here() mark {
	l.mu.Lock()
	defer l.mu.Unlock()
	return mark{len(l.routes), len(l.differences)}
}

// since returns what was recorded after a mark.
func (l *ledger) since(m mark) ([]legacy.Route, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.routes[m.routes:]), slices.Clone(l.differences[m.differences:])
}

// split is a count for each backend.
type split struct{ kubectl, native int }

func (s *split) add(b workflow.Backend) {
	if b == workflow.BackendNative {
		s.native++
	} else {
		s.kubectl++
	}
}

// calls counts routes by backend.
func calls(routes []legacy.Route) split {
	var s split
	for _, d := range routes {
		s.add(d.Backend)
	}
	return s
}

// astray returns the calls that did not go to the backend that a rollout selects.
func astray(routes []legacy.Route, by legacy.Rollout) []string {
	var found []string
	for _, d := range routes {
		if want := by.Backend(d.Namespace, d.Name); d.Backend != want {
			found = append(found, fmt.Sprintf("%s went to the %s backend instead of the %s backend", call(d), d.Backend, want))
		}
	}
	return found
}

// movedBack returns the workflows that the native client had before and kubectl has now, which
// raising a percentage must not cause.
func movedBack(before, now []legacy.Route) []string {
	native := map[string]bool{}
	for _, d := range before {
		if d.Backend == workflow.BackendNative {
			native[d.Name] = true
		}
	}
	var found []string
	for _, d := range now {
		if d.Backend == workflow.BackendKubectl && native[d.Name] {
			native[d.Name] = false // report it once
			found = append(found, call(d)+" returned to kubectl although the percentage was raised")
		}
	}
	return found
}

func call(d legacy.Route) string {
	if d.Op == workflow.OpList {
		return string(d.Op)
	}
	return fmt.Sprintf("%s of %s", d.Op, d.Name)
}

// upTo returns the routes before a mark.
func (l *ledger) upTo(m mark) []legacy.Route {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.routes[:m.routes])
}
