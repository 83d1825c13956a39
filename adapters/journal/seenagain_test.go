package journal_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A start finds the live workflow of its key, whose record was deleted meanwhile.
func TestFoundWorkflowIsRecordedAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		w := state{name: "w", uid: "u", key: "k", version: 1}
		created(t, j, w)
		if _, err := p.database(t).ExecContext(t.Context(), "DELETE FROM argoservice_journal_records"); err != nil {
			t.Fatal(err)
		}
		created(t, j, w)
		if err := j.RecordStart(t.Context(), start("w", "k", "c"), ""); !errors.Is(err, workflow.ErrAlreadyExists) {
			t.Errorf("its key is free: %v", err)
		}
	})
}

// A workflow is kept from when it was seen last, also if it has not changed.
func TestRetentionBeginsAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{Retention: -1})
		for _, name := range []string{"old", "started", "waited"} {
			created(t, j, state{name: name, uid: name, key: "key-" + name, version: 1, phase: status.PhaseSucceeded})
		}
		const aging = "UPDATE argoservice_journal_records SET updated = updated - 5400000000"
		if _, err := p.database(t).ExecContext(t.Context(), aging); err != nil {
			t.Fatal(err)
		}
		if err := j.RecordCreated(t.Context(), state{name: "started", uid: "started", key: "key-started", version: 1, phase: status.PhaseSucceeded}.object()); err != nil &&
			!errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		other := p.open(t, journal.Options{Retention: -1}) // another process
		other.Observed(t.Context(), state{name: "waited", uid: "waited", key: "key-waited", version: 1, phase: status.PhaseSucceeded}.status())
		if err := errors.Join(j.Close(), other.Close()); err != nil { // which store what is queued
			t.Fatal(err)
		}
		j = p.open(t, journal.Options{Retention: time.Hour}) // which looks at once
		eventually(t, func() error {
			if _, err := j.ByUID(t.Context(), "ma", "old"); !errors.Is(err, workflow.ErrNotFound) {
				return errors.Join(err, errors.New("it is still there"))
			}
			return nil
		})
		for _, uid := range []string{"started", "waited"} {
			byUID(t, j, uid)
		}
	})
}

// The nodes of an end could not be read at first. Once they are known, they are not lost again.
func TestNodesAreAdded(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		whole := fromYAML(t, ended).Raw()
		offloaded := func(version int) *unstructured.Unstructured {
			u := whole.DeepCopy()
			u.SetResourceVersion(strconv.Itoa(version))
			unstructured.RemoveNestedField(u.Object, "status", "nodes")
			if err := unstructured.SetNestedField(u.Object, "fnv:1", "status", "offloadNodeStatusVersion"); err != nil {
				t.Fatal(err)
			}
			return u
		}
		record := func(j *journal.Journal, u *unstructured.Unstructured) {
			t.Helper()
			if err := j.RecordCreated(t.Context(), u); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
		check := func(nodes int, omitted string) {
			t.Helper()
			eventually(t, func() error {
				u, err := p.open(t, journal.Options{}).ByUID(t.Context(), "ma", "u")
				if err != nil {
					return err
				}
				s := read(t, u, nil)
				if got := s.Annotations[workflow.AnnotationAbridged]; len(s.Nodes) != nodes || got != omitted {
					return errors.New(strconv.Itoa(len(s.Nodes)) + " nodes, left out: " + got)
				}
				if documents, _ := s.Outputs.Parameter("documents"); documents != "12" {
					t.Errorf("%+v", s.Outputs)
				}
				return nil
			})
		}
		first := p.open(t, journal.Options{})
		record(first, offloaded(7))
		check(0, "spec nodes")
		first.Observed(t.Context(), fromYAML(t, ended)) // of the same version
		check(2, "spec")
		second := p.open(t, journal.Options{}) // another process
		record(second, offloaded(7))
		record(second, offloaded(8))
		record(first, offloaded(9))
		if err := errors.Join(first.Close(), second.Close()); err != nil {
			t.Fatal(err)
		}
		check(2, "spec")
		again := fromYAML(t, strings.NewReplacer(`"7"`, `"10"`, "team: search", "team: find").Replace(ended))
		third := p.open(t, journal.Options{})
		third.Observed(t.Context(), again)
		stored(t, third, state{uid: "u", version: 10})
		check(2, "spec")
	})
}

// A state in between says that it lacks nodes and outputs.
func TestStateBetweenIsAbridged(t *testing.T) {
	j := inFile(t).open(t, journal.Options{})
	created(t, j, state{name: "w", uid: "u", version: 1, phase: status.PhaseRunning})
	if got := byUID(t, j, "u").Annotations[workflow.AnnotationAbridged]; got != "spec nodes outputs" {
		t.Errorf("%q", got)
	}
}

// The cluster is restored from a backup, so its resource versions begin again at an earlier one.
func TestRestoredCluster(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		at := func(version int, phase status.Phase, finished string) *status.WorkflowStatus {
			u := state{name: "w", uid: "u", version: version, phase: phase, started: "2026-11-01T09:00:00Z"}.object()
			if finished != "" {
				if err := unstructured.SetNestedField(u.Object, finished, "status", "finishedAt"); err != nil {
					t.Fatal(err)
				}
			}
			s, err := status.FromUnstructured(u)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		j.Observed(t.Context(), at(1000, status.PhaseRunning, ""))
		stored(t, j, state{uid: "u", version: 1000})
		j.Observed(t.Context(), at(800, status.PhaseFailed, "2026-11-01T10:00:00Z"))
		stored(t, j, state{uid: "u", version: 800})
		j.Observed(t.Context(), at(700, status.PhaseSucceeded, "2026-11-01T10:30:00Z")) // restored once more
		stored(t, j, state{uid: "u", version: 700})
		second := p.open(t, journal.Options{}) // is behind
		second.Observed(t.Context(), at(900, status.PhaseFailed, "2026-11-01T10:00:00Z"))
		second.Observed(t.Context(), at(650, status.PhaseRunning, ""))
		if err := second.Close(); err != nil {
			t.Fatal(err)
		}
		if s := byUID(t, j, "u"); s.Phase != status.PhaseSucceeded {
			t.Errorf("%s of version %s", s.Phase, s.ResourceVersion)
		}
	})
}
