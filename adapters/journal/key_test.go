package journal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestKeyIsOfOneCall(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		before := time.Now().Add(-time.Second)
		for range 2 { // two attempts of one call
			if err := j.RecordStart(t.Context(), start("w", "k", "one"), ""); err != nil {
				t.Fatal(err)
			}
		}
		for name, other := range map[string]*unstructured.Unstructured{"same name": start("w", "k", "two"), "other name": start("other", "k", "three")} {
			if err := j.RecordStart(t.Context(), other, ""); !errors.Is(err, workflow.ErrAlreadyExists) || errors.Is(err, workflow.ErrHistory) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := j.RecordStart(t.Context(), start("other", "k2", "four"), ""); err != nil {
			t.Errorf("%v", err)
		}
		for range 2 {
			if err := j.RecordStart(t.Context(), start("keyless", "", "x"), ""); err != nil {
				t.Errorf("without a key: %v", err)
			}
		}
		if _, err := j.ByName(t.Context(), "ma", "w"); !errors.Is(err, workflow.ErrNotFound) {
			t.Errorf("a start without a workflow is found: %v", err)
		}
		for _, err := range j.List(t.Context(), workflow.HistoryQuery{Namespace: "ma"}) {
			t.Error("a start without a workflow is listed", err)
		}
		listed := 0
		for u, err := range j.List(t.Context(), workflow.HistoryQuery{Namespace: "ma", Selector: selector(t, "argoservice.opensearch.org/idempotency-key=k")}) {
			if err != nil {
				t.Fatal(err)
			}
			if listed++; u.GetName() != "w" || u.GetUID() != "" || !strings.Contains(u.GetAnnotations()["argoservice.opensearch.org/start"], `"id":"one"`) {
				t.Errorf("%v", u.Object)
			}
		}
		if listed != 1 {
			t.Errorf("a list by the key has %d starts", listed)
		}

		refused(t, j, start("w", "k", "two")) // which has not recorded it
		starts, err := j.Unresolved(t.Context(), "ma")
		if err != nil || len(starts) != 2 || starts[0].Namespace != "ma" || starts[0].Name != "w" || starts[0].Recorded.Before(before) || starts[0].Recorded.After(time.Now()) {
			t.Fatalf("%v %v", starts, err)
		}
		refused(t, j, start("other", "k2", "four"))
		if err := j.RecordStart(t.Context(), start("other", "k2", "five"), ""); err != nil {
			t.Errorf("it was not created: %v", err)
		}
	})
}

func TestReleasedKeyIsFree(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		if err := j.RecordStart(t.Context(), start("w", "k", "one"), ""); err != nil {
			t.Fatal(err)
		}
		starts, err := j.Unresolved(t.Context(), "ma")
		if err != nil || len(starts) != 1 {
			t.Fatalf("%v %v", starts, err)
		}
		other := starts[0]
		other.Recorded = other.Recorded.Add(-time.Second)
		if err := j.Release(t.Context(), other); !errors.Is(err, workflow.ErrNotFound) {
			t.Errorf("another start was released: %v", err)
		}
		if err := j.Release(t.Context(), starts[0]); err != nil {
			t.Fatal(err)
		}
		if err := j.Release(t.Context(), starts[0]); !errors.Is(err, workflow.ErrNotFound) {
			t.Errorf("released twice: %v", err)
		}
		if err := j.RecordStart(t.Context(), start("w", "k", "two"), ""); err != nil {
			t.Fatal(err)
		}
		created(t, j, state{name: "w", uid: "u", key: "k", version: 1})
		if starts, err := j.Unresolved(t.Context(), "ma"); err != nil || len(starts) > 0 {
			t.Errorf("%v %v", starts, err)
		}
		if err := j.RecordStart(t.Context(), start("w", "k", "three"), ""); !errors.Is(err, workflow.ErrAlreadyExists) {
			t.Errorf("%v", err)
		}
	})
}

// A workflow that replaces another one takes its key. If it is not created, the other one has it again.
func TestReplacementTakesTheKey(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		replacing := changed("w", "k", "two")
		if err := j.RecordStart(t.Context(), start("w", "k", "one"), ""); err != nil {
			t.Fatal(err)
		}
		if err := j.RecordStart(t.Context(), replacing, "old"); !errors.Is(err, workflow.ErrAlreadyExists) {
			t.Fatalf("of a start in progress: %v", err)
		}
		created(t, j, state{name: "w", uid: "old", key: "k", version: 1})
		for name, err := range map[string]error{
			"its own workflow is known": j.RecordStart(t.Context(), start("w", "k", "one"), ""),
			"the same request":          j.RecordStart(t.Context(), start("w", "k", "three"), ""),
			"another request":           j.RecordStart(t.Context(), replacing, ""),
			"another is replaced":       j.RecordStart(t.Context(), replacing, "older"),
		} {
			if !errors.Is(err, workflow.ErrAlreadyExists) || errors.Is(err, workflow.ErrHistory) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if uids := uidsOf(t, j, "k"); len(uids) != 1 || uids[0] != "old" {
			t.Errorf("after refusals, the key is of %q", uids)
		}
		for range 2 {
			if err := j.RecordStart(t.Context(), replacing, "old"); err != nil {
				t.Fatal(err)
			}
		}
		if uids := uidsOf(t, j, "k"); len(uids) != 1 || uids[0] != "" {
			t.Errorf("%q", uids)
		}
		refused(t, j, replacing)
		if uids := uidsOf(t, j, "k"); len(uids) != 1 || uids[0] != "old" {
			t.Errorf("after it was not created, the key is of %q", uids)
		}
		if err := j.RecordStart(t.Context(), replacing, "old"); err != nil {
			t.Fatal(err)
		}
		starts, err := j.Unresolved(t.Context(), "ma")
		if err != nil || len(starts) != 1 {
			t.Fatalf("%v %v", starts, err)
		}
		if err := j.Release(t.Context(), starts[0]); err != nil {
			t.Fatal(err)
		}
		if uids := uidsOf(t, j, "k"); len(uids) != 1 || uids[0] != "old" {
			t.Errorf("after it was released, the key is of %q", uids)
		}
		if err := j.RecordStart(t.Context(), replacing, "old"); err != nil {
			t.Fatal(err)
		}
		created(t, j, state{name: "w", uid: "new", key: "k", version: 2, started: "2026-11-02T09:00:00Z"})
		refused(t, j, replacing) // too late
		if uids := uidsOf(t, j, "k"); len(uids) != 1 || uids[0] != "new" {
			t.Errorf("%q", uids)
		}
		u, err := j.ByName(t.Context(), "ma", "w")
		if s := read(t, u, err); s.UID != "new" {
			t.Errorf("%s", s.UID)
		}
		if s := byUID(t, j, "old"); s.Name != "w" {
			t.Errorf("%+v", s)
		}
	})
}

// The workflow that is replaced ends, and is recorded for the first time, after its successor's start was.
func TestReplacedWorkflowDoesNotResolveTheStart(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		replacing := changed("w", "k", "two")
		if err := j.RecordStart(t.Context(), replacing, "old"); err != nil {
			t.Fatal(err)
		}
		observed(t, j, state{name: "w", uid: "old", key: "k", version: 2, phase: status.PhaseFailed})
		observed(t, j, state{name: "w", uid: "old", key: "k", version: 3, phase: status.PhaseFailed})
		if uids := uidsOf(t, j, "k"); len(uids) != 1 || uids[0] != "" {
			t.Errorf("the start is taken for that of %q", uids)
		}
		refused(t, j, replacing)
		if uids := uidsOf(t, j, "k"); len(uids) != 1 || uids[0] != "old" {
			t.Errorf("after it was not created, the key is of %q", uids)
		}

		// One of another key gets none.
		created(t, j, state{name: "w2", uid: "other", key: "k-other", version: 1})
		if err := j.RecordStart(t.Context(), changed("w2", "k2", "three"), "other"); err != nil {
			t.Fatal(err)
		}
		refused(t, j, changed("w2", "k2", "three"))
		if uids := uidsOf(t, j, "k2"); len(uids) > 0 {
			t.Errorf("%q", uids)
		}
		if uids := uidsOf(t, j, "k-other"); len(uids) != 1 {
			t.Errorf("%q", uids)
		}
	})
}

// changed is start with another request.
func changed(name, key, call string) *unstructured.Unstructured {
	u := start(name, key, call)
	u.SetAnnotations(map[string]string{
		"argoservice.opensearch.org/start": fmt.Sprintf(`{"version":1,"name":%q,"id":%q,"key":%q,"request":"changed"}`, name, call, key),
	})
	return u
}

// uidsOf returns the UIDs of what a list by a key has.
func uidsOf(t *testing.T, h workflow.History, key string) (uids []types.UID) {
	t.Helper()
	for u, err := range h.List(t.Context(), workflow.HistoryQuery{Namespace: "ma", Selector: selector(t, "argoservice.opensearch.org/idempotency-key="+key)}) {
		if err != nil {
			t.Fatal(err)
		}
		uids = append(uids, u.GetUID())
	}
	return uids
}

// Of two workflows that a key has started, the one that was recorded last may be the older one: a process
// that saw its end was behind.
func TestNewerWorkflowHasTheKey(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		created(t, j, state{name: "w", uid: "new", key: "k", version: 5, started: "2026-11-03T09:00:00Z"})
		old := state{name: "w", uid: "old", key: "k", version: 4, phase: status.PhaseFailed, started: "2026-11-02T09:00:00Z"}
		observed(t, j, old)
		if s := byUID(t, j, "old"); s.Phase != status.PhaseFailed {
			t.Errorf("%s", s.Phase)
		}
		if uids := uidsOf(t, j, "k"); len(uids) != 1 || uids[0] != "new" {
			t.Errorf("the key is of %q", uids)
		}
		created(t, j, state{name: "w", uid: "newest", key: "k", version: 6, started: "2026-11-04T09:00:00Z"})
		if uids := uidsOf(t, j, "k"); len(uids) != 1 || uids[0] != "newest" {
			t.Errorf("the key is of %q", uids)
		}
		created(t, j, state{name: "forged", uid: "forged", key: "k", version: 7, started: "2026-11-05T09:00:00Z"})
		if uids := uidsOf(t, j, "k"); len(uids) != 1 || uids[0] != "newest" {
			t.Errorf("after another one got the mark, the key is of %q", uids)
		}
	})
}

// A key whose process was killed is resolved by whoever sees its workflow.
func TestKeyIsResolvedByAState(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		for _, name := range []string{"w", "copied"} {
			if err := j.RecordStart(t.Context(), start(name, "k-"+name, "one"), ""); err != nil {
				t.Fatal(err)
			}
		}
		observed(t, j, state{name: "w", uid: "u", key: "k-w", version: 3, phase: status.PhaseSucceeded})
		// A copy that another client has made of a workflow has its label and its annotation.
		copied := state{name: "copied", uid: "u2", key: "k-copied", version: 3, phase: status.PhaseSucceeded}.object()
		copied.SetName("copied-again")
		s, err := status.FromUnstructured(copied)
		if err != nil {
			t.Fatal(err)
		}
		j.Observed(t.Context(), s)
		stored(t, j, state{uid: "u2", version: 3})
		starts, err := j.Unresolved(t.Context(), "ma")
		if err != nil || len(starts) != 1 || starts[0].Name != "copied" {
			t.Errorf("%v %v", starts, err)
		}
	})
}
