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
	decisions   []legacy.Decision
	differences []string
}

// decided is for OnDecision.
func (l *ledger) decided(d legacy.Decision) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.decisions = append(l.decisions, d)
}

// differed is for OnDifference. It records paths, but no values: they may be secret.
func (l *ledger) differed(d legacy.Difference) {
	text := fmt.Sprintf("%s of %s differs between the backends at %s", d.Op, d.Name, strings.Join(d.Paths, ", "))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.differences = append(l.differences, text)
}

// mark is a position in the ledger.
type mark struct{ decisions, differences int }

// here returns the end of the ledger.
func (l *ledger) here() mark {
	l.mu.Lock()
	defer l.mu.Unlock()
	return mark{len(l.decisions), len(l.differences)}
}

// since returns what was recorded after a mark.
func (l *ledger) since(m mark) ([]legacy.Decision, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.decisions[m.decisions:]), slices.Clone(l.differences[m.differences:])
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

// calls counts decisions by backend.
func calls(decisions []legacy.Decision) split {
	var s split
	for _, d := range decisions {
		s.add(d.Backend)
	}
	return s
}

// astray returns the calls that did not go to the backend that a rollout selects.
func astray(decisions []legacy.Decision, by legacy.Rollout) []string {
	var found []string
	for _, d := range decisions {
		if want := by.Backend(d.Namespace, d.Name); d.Backend != want {
			found = append(found, fmt.Sprintf("%s went to the %s backend instead of the %s backend", call(d), d.Backend, want))
		}
	}
	return found
}

// movedBack returns the workflows that the native client had before and kubectl has now, which
// raising a percentage must not cause.
func movedBack(before, now []legacy.Decision) []string {
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

func call(d legacy.Decision) string {
	if d.Op == workflow.OpList {
		return string(d.Op)
	}
	return fmt.Sprintf("%s of %s", d.Op, d.Name)
}

// upTo returns the decisions before a mark.
func (l *ledger) upTo(m mark) []legacy.Decision {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.decisions[:m.decisions])
}
