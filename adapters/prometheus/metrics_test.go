package argoprom_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	argoprom "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus"
	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus/internal/metricdoc"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const docs = "../../docs/metrics.md"

// ended returns a workflow that has ended in a phase.
func ended(phase status.Phase) *status.WorkflowStatus {
	return &status.WorkflowStatus{Name: "secret-name", Namespace: "secret-namespace", Phase: phase}
}

// call makes an operation that began some time ago.
func call(o workflow.Observer, op workflow.Op, ago time.Duration, err error) {
	c := workflow.Call{Op: op, Backend: "native", Namespace: "secret-namespace", Began: time.Now().Add(-ago)}
	ctx := o.Begin(context.Background(), c)
	c.Name = "secret-name"
	o.End(ctx, c, err)
}

// everything reports every kind of event to an observer.
func everything(o workflow.Observer) {
	ctx := context.Background()
	for _, op := range ops() {
		for _, err := range append(sentinels(), nil, errors.New("a condition's"),
			&workflow.WaitError{Err: context.Canceled}, &workflow.WaitError{Err: context.DeadlineExceeded}) {
			call(o, op, time.Second, err)
		}
	}
	const backend, namespace, name = "native", "secret-namespace", "secret-name"
	for _, source := range []status.Source{status.SourceLive, status.SourceHistory} {
		c := workflow.Call{Op: workflow.OpGet, Backend: backend, Namespace: namespace, Name: name, Source: source, Began: time.Now()}
		o.End(o.Begin(ctx, c), c, nil)
	}
	o.OnEvent(ctx, workflow.Retrying{Op: workflow.OpStop, Backend: backend, Namespace: namespace, Name: name, Err: workflow.ErrConflict, After: time.Second})
	o.OnEvent(ctx, workflow.WatchOpened{Backend: backend, Namespace: namespace})
	o.OnEvent(ctx, workflow.WatchOpened{Backend: backend, Namespace: namespace, Name: name, Again: true})
	o.OnEvent(ctx, workflow.WatchClosed{Backend: backend, Namespace: namespace, Name: name, Err: workflow.ErrUnavailable})
	o.OnEvent(ctx, workflow.Reached{Op: workflow.OpWait, Backend: backend, Status: ended(status.PhaseError), Delay: time.Millisecond})
	o.OnEvent(ctx, workflow.WorkflowEnded{Backend: backend, Status: ended(status.PhaseError)})
	o.OnEvent(ctx, workflow.EventNotRecorded{Op: workflow.OpStop, Backend: backend, Namespace: namespace, Name: name, Err: workflow.ErrForbidden})
}

func TestDocumentedClient(t *testing.T) {
	for _, opts := range []argoprom.Options{{}, {NativeHistograms: true}, {Backends: []workflow.Backend{"kubectl"}}} {
		observer := argoprom.NewObserver(opts)
		everything(observer)
		metricdoc.Check(t, docs, "## Client", observer)
	}
}

func TestDocumentedBackfill(t *testing.T) {
	b := argoprom.NewBackfill()
	b.Observe(&backfill.Status{
		Session: "secret-session", State: backfill.StateRunning,
		Shards:          workflow.ResultOf(backfill.Shards{State: backfill.ShardsRunning, Total: 4, Completed: 1, InProgress: 3, Percentage: 25, ETA: time.Minute}, nil),
		FailedDocuments: workflow.ResultOf(backfill.FailedDocuments{Presence: backfill.PresencePresent}, nil),
	})
	metricdoc.Check(t, docs, "## Backfill", b)
}

// The table of labels has exactly the existing values.
func TestDocumentedLabels(t *testing.T) {
	labels, err := metricdoc.Labels(docs)
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, s := range backfill.States() {
		states = append(states, string(s))
	}
	var outcomes []string
	for _, s := range []*status.WorkflowStatus{
		ended(status.PhaseSucceeded), ended(status.PhaseFailed), ended(status.PhaseError),
		{Phase: status.PhaseFailed, Shutdown: status.ShutdownStop}, {Phase: status.PhaseFailed, Shutdown: status.ShutdownTerminate},
	} {
		outcomes = append(outcomes, string(s.Outcome()))
	}
	var verbs []string
	for _, op := range backfill.Ops() {
		if op != workflow.OpNew { // which is not an operation of a client
			verbs = append(verbs, string(op))
		}
	}
	for _, c := range []struct {
		label, metric string
		want          []string
	}{
		{"verb", "", verbs},
		{"reason", "", declared(t, "reason.go", `(?:return |Err\w+, )"(\w+)"`)},
		{"outcome", "", outcomes},
		{"source", "", []string{string(status.SourceLive), string(status.SourceHistory)}},
		{"state", "argoservice_backfill_state", states},
	} {
		got, want := metricdoc.Allowed(labels, c.metric, c.label), c.want
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: documented are\n%v\nthere are\n%v", c.label, got, want)
		}
	}
}

// declared returns the strings that a pattern finds in a file of pkg/workflow.
func declared(t *testing.T, file, pattern string) []string {
	t.Helper()
	text, err := os.ReadFile("../../pkg/workflow/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		found = append(found, match[1])
	}
	if len(found) == 0 {
		t.Fatalf("%s: nothing matches %s", file, pattern)
	}
	return found
}

// Each kind of event changes a metric.
func TestEveryEventIsCounted(t *testing.T) {
	samples := map[string]workflow.Event{
		"Retrying": workflow.Retrying{Err: workflow.ErrConflict}, "WatchOpened": workflow.WatchOpened{}, "WatchClosed": workflow.WatchClosed{},
		"Reached": workflow.Reached{Delay: 1}, "WorkflowEnded": workflow.WorkflowEnded{Status: ended(status.PhaseError)},
		"EventNotRecorded": workflow.EventNotRecorded{Err: workflow.ErrForbidden},
	}
	for _, kind := range declared(t, "observer.go", `(?m)^func \((\w+)\) isEvent`) {
		o := bare()
		o.OnEvent(t.Context(), samples[kind])
		if testutil.CollectAndCount(o) == 0 {
			t.Errorf("%s shows nowhere", kind)
		}
	}
}

// Names of workflows never become labels, so more workflows don't make more series.
func TestNamesAreNotLabels(t *testing.T) {
	observer := argoprom.NewObserver(argoprom.Options{})
	everything(observer)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(observer)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if strings.Contains(f.String(), "secret-") {
			t.Errorf("%s tells a name", f.GetName())
		}
	}
	before := testutil.CollectAndCount(observer)
	everything(observer)
	if after := testutil.CollectAndCount(observer); after != before {
		t.Errorf("%d series have become %d", before, after)
	}
}

// ops returns all operations of a client.
func ops() []workflow.Op {
	return []workflow.Op{
		workflow.OpCreate, workflow.OpGet, workflow.OpList, workflow.OpStart, workflow.OpWatch, workflow.OpWait, workflow.OpSuspend,
		workflow.OpResume, workflow.OpStop, workflow.OpTerminate, workflow.OpDelete, workflow.OpResubmit, workflow.OpLogs, workflow.OpRetry,
		workflow.OpGates, workflow.OpApprove, workflow.OpReject,
	}
}

// sentinels returns all kinds of errors.
func sentinels() []error {
	return []error{
		workflow.ErrNotFound, workflow.ErrAlreadyExists, workflow.ErrUnauthorized, workflow.ErrForbidden, workflow.ErrInvalid,
		workflow.ErrConflict, workflow.ErrTemplateNotFound, workflow.ErrNotInstalled, workflow.ErrCompleted, workflow.ErrNotCompleted,
		workflow.ErrNotSuspended, workflow.ErrReplaced, workflow.ErrDeleted, workflow.ErrLogsIncomplete, workflow.ErrNodesOffloaded, workflow.ErrUnreadable,
		workflow.ErrUnsupported, workflow.ErrUnavailable, workflow.ErrUnknownOutcome, workflow.ErrIdempotencyMismatch,
		workflow.ErrNodesGone, workflow.ErrHistory,
	}
}
