package journal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// newQueue returns a journal whose writer does not run.
func newQueue() *Journal {
	return newJournal(nil, sqlite(), Options{MaxObject: DefaultMaxObject})
}

func stateOf(uid string, version int64) record {
	return record{point: point{version: version}, namespace: "ma", name: "w", uid: types.UID(uid)}
}

// put queues a state that has room.
func (j *Journal) put(t *testing.T, r record, now bool) *entry {
	t.Helper()
	e, err := j.enqueue(r, now, fresh)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A caller that waits for a state is released with a later one that takes its place.
func TestReplacedStateIsReleased(t *testing.T) {
	j := newQueue()
	final := j.put(t, stateOf("1", 2), true)
	if again := j.put(t, stateOf("1", 2), true); again != final {
		t.Error("the same state is queued twice")
	}
	if older := j.put(t, stateOf("1", 1), true); older != final {
		t.Error("an older state is queued")
	}
	later := j.put(t, stateOf("1", 3), false)
	other := j.put(t, stateOf("2", 1), false)
	taken := j.urgentEntries()
	if len(taken) != 1 || taken[0] != later {
		t.Fatalf("%d states are urgent", len(taken))
	}
	if final.isStored() {
		t.Error("it is stored before the later one")
	}
	j.stored(later)
	if !final.isStored() || !later.isStored() || other.isStored() {
		t.Error("the wrong callers are released")
	}
	if rest := j.entries(); len(rest) != 1 || rest[0] != other {
		t.Errorf("%d states are left", len(rest))
	}
}

// What could not be stored is stored later, unless a later state is.
func TestFailedStateIsStoredLater(t *testing.T) {
	j := newQueue()
	first, second := j.put(t, stateOf("1", 1), true), j.put(t, stateOf("2", 1), true)
	if taken := j.entries(); len(taken) != 2 {
		t.Fatalf("%d states", len(taken))
	}
	later := j.put(t, stateOf("1", 2), false)
	j.requeue(first)
	j.requeue(second)
	taken := j.entries()
	if len(taken) != 2 || taken[0] != later || taken[1] != second {
		t.Fatalf("%d states", len(taken))
	}
	for _, e := range taken {
		j.stored(e)
	}
	if !first.isStored() {
		t.Error("a caller waits for a state that a later one has replaced")
	}
}

// A state in between that is queued does not delay the end of the workflow.
func TestUrgentAfterQueued(t *testing.T) {
	j := newQueue()
	j.put(t, stateOf("1", 1), false)
	now := j.put(t, stateOf("1", 1), true)
	if taken := j.urgentEntries(); len(taken) != 1 || taken[0] != now {
		t.Fatalf("%d states are urgent", len(taken))
	}
}

// A state that has to be stored at once does not take the place of a later one that waits.
func TestEarlierAfterQueued(t *testing.T) {
	j := newQueue()
	later := j.put(t, stateOf("1", 2), true)
	j.entries()
	j.requeue(later) // it could not be stored
	if e := j.put(t, stateOf("1", 1), true); e != later {
		t.Error("the caller does not wait for the later one")
	}
	if taken := j.urgentEntries(); len(taken) != 1 || taken[0] != later {
		t.Errorf("%v", taken)
	}
}

// The end of a workflow that was retried is not one any more.
func TestRetryIsUrgent(t *testing.T) {
	j := newQueue()
	s := &status.WorkflowStatus{Namespace: "ma", Name: "w", UID: "1", Phase: status.PhaseRunning}
	if j.runsAgain(s) {
		t.Error("one that was not retried is urgent")
	}
	s.Annotations = map[string]string{annotationRetry: "r"}
	if !j.runsAgain(s) {
		t.Error("another process may have recorded its end")
	}
	ended := stateOf("1", 1)
	ended.phase = string(status.PhaseFailed)
	j.put(t, ended, true)
	if !j.runsAgain(s) {
		t.Error("its end is recorded")
	}
	running := stateOf("1", 2)
	running.phase = string(status.PhaseRunning)
	j.put(t, running, true)
	if j.runsAgain(s) {
		t.Error("each state of a retried workflow is urgent")
	}
}

func TestQueueIsBounded(t *testing.T) {
	j := newQueue()
	for i := range mostQueued {
		j.put(t, stateOf(strconv.Itoa(i), 1), false)
	}
	if _, err := j.enqueue(stateOf("one more", 1), true, fresh); !errors.Is(err, errFull) {
		t.Errorf("the queue grows without a bound: %v", err)
	}
	j.put(t, stateOf("1", 2), true) // in place of an earlier one
	if taken := j.entries(); len(taken) != mostTogether {
		t.Errorf("%d states in one transaction", len(taken))
	}
	for range mostQueued {
		if err := j.send(request{}); err != nil {
			t.Fatal(err)
		}
		j.repeat(request{})
	}
	j.repeat(request{})
	if err := j.send(request{}); !errors.Is(err, errFull) || len(j.failed) != mostQueued {
		t.Errorf("%d requests have failed, one more: %v", len(j.failed), err)
	}
}

// States take memory while they wait for the database, within bounds, and none after that.
func TestQueuedBytes(t *testing.T) {
	j := newQueue()
	large := func(i int) record {
		r := stateOf(strconv.Itoa(i), 1)
		r.object = make([]byte, 1<<20)
		return r
	}
	count := 0
	for ; !j.crowded(); count++ {
		j.put(t, large(count), true)
	}
	if count != mostBytes>>20 {
		t.Errorf("crowded with %d MiB", count)
	}
	again := large(count - 1)
	again.version = 2
	if j.put(t, again, true); j.bytes != count<<20 {
		t.Errorf("a replaced state counts: %d bytes", j.bytes)
	}
	var err error
	for err == nil {
		if _, err = j.enqueue(large(count), true, fresh); err == nil {
			count++
		}
	}
	if !errors.Is(err, errFull) || count != 2*mostBytes>>20 {
		t.Errorf("%d MiB are queued: %v", count, err)
	}
	for stored := 0; stored < count; {
		taken := j.urgentEntries()
		if most := bytesTogether >> 20; len(taken) == 0 || len(taken) > most {
			t.Fatalf("%d MiB in one transaction", len(taken))
		}
		j.requeue(taken[0])
		taken[0].now = true
		for _, e := range taken[1:] {
			j.stored(e)
		}
		if stored += len(taken) - 1; len(taken) == 1 {
			break
		}
	}
	if j.bytes != 1<<20 || len(j.queue) != 1 {
		t.Errorf("%d bytes of %d states", j.bytes, len(j.queue))
	}
	held := 0
	for _, e := range j.latest {
		held += len(e.object)
	}
	if held != 1<<20 {
		t.Errorf("%d bytes are kept of stored states", held)
	}
}

// With little room, an end is kept without its nodes, and completed when it is seen again.
func TestBriefState(t *testing.T) {
	j := newQueue()
	s, err := status.FromUnstructured(&unstructured.Unstructured{Object: map[string]any{
		"kind": "Workflow", "metadata": map[string]any{"namespace": "ma", "name": "w", "uid": "1", "resourceVersion": "1"},
		"status": map[string]any{"phase": "Failed", "nodes": map[string]any{"n": map[string]any{"id": "n", "type": "Pod"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	brief, err := j.newRecord(s, true)
	if err != nil || strings.Contains(string(brief.object), `"nodes":`) || !strings.Contains(string(brief.object), `"spec nodes outputs"`) {
		t.Fatalf("%s %v", brief.object, err)
	}
	first := j.put(t, brief, true)
	j.entries()
	j.stored(first)
	full, err := j.newRecord(s, false)
	if err != nil || !strings.Contains(string(full.object), `"nodes":`) {
		t.Fatalf("%s %v", full.object, err)
	}
	second := j.put(t, full, true)
	if second == first {
		t.Error("the same version with its nodes is not stored")
	}
	j.entries()
	j.stored(second)
	if third := j.put(t, brief, true); third != second {
		t.Error("the nodes would be lost")
	}
}

// A state that is seen again some time after it was stored is recorded again: its record may be deleted by
// now, and is kept from then on.
func TestStoredStateIsRecordedAgain(t *testing.T) {
	j := newQueue()
	first := j.put(t, stateOf("1", 1), true)
	j.entries()
	j.stored(first)
	if j.put(t, stateOf("1", 1), true) != first {
		t.Error("it is recorded again at once")
	}
	if e, err := j.enqueue(stateOf("1", 1), true, 0); err != nil || e == first {
		t.Errorf("of a start: %v", err)
	}
	j.latest[first.identity()] = first
	first.storedAt = first.storedAt.Add(-fresh)
	if j.put(t, stateOf("1", 1), true) == first {
		t.Error("it is not recorded again")
	}
}

// What a refused start asks for is done in its order, and repeated until it succeeds.
func TestRequestsAreInOrder(t *testing.T) {
	j := newQueue()
	of := func(message string) request {
		return request{failed: func(error) {}, run: func(context.Context, *sql.Tx) error { return errors.New(message) }}
	}
	for _, message := range []string{"1", "2"} {
		if err := j.send(of(message)); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range j.requests() {
		j.repeat(r)
	}
	if err := j.send(of("3")); err != nil {
		t.Fatal(err)
	}
	j.repeatFailed()
	got := ""
	for _, r := range j.requests() {
		got += r.run(t.Context(), nil).Error()
	}
	if got != "123" || len(j.requests()) > 0 {
		t.Errorf("%q", got)
	}
}

// hanging is a database that does not answer.
type hanging struct{}

func (hanging) Connect(ctx context.Context) (driver.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (hanging) Driver() driver.Driver { return nil }

// Close has one time limit, whatever is going on.
func TestCloseWhileTheDatabaseHangs(t *testing.T) {
	for _, asked := range []string{"refusal", "state", "nothing"} {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(sql.OpenDB(hanging{}), sqlite(), Options{Retention: time.Hour, MaxObject: DefaultMaxObject, OnError: func(error) {}})
			j.owned = true
			j.start(t.Context())
			synctest.Wait() // deletes what is too old
			time.Sleep(storeFor / 2)
			switch asked {
			case "refusal":
				if err := j.send(request{failed: func(error) {}, done: make(chan error, 1), run: func(context.Context, *sql.Tx) error { return nil }}); err != nil {
					t.Error(err)
				}
			case "state":
				j.put(t, stateOf("1", 1), false)
			}
			began := time.Now()
			err := j.Close()
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("%s: Close took %s", asked, took)
			}
			if (asked == "nothing") != (err == nil) || err != nil && !errors.Is(err, workflow.ErrHistory) {
				t.Errorf("%s: %v", asked, err)
			}
			if err := j.send(request{}); !errors.Is(err, errClosed) {
				t.Error(err)
			}
		})
	}
}
