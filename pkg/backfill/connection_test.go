package backfill

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/fakekube"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// twoWorkloads are the workers of a workflow w: a Deployment d of four, with a pod that is
// terminating, and a ReplicaSet r of one.
const twoWorkloads = `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d, labels: {workflows.argoproj.io/workflow: w}},
   spec: {replicas: 4, selector: {matchLabels: {app: bulk-loader}}}}
- {apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r, namespace: ma, uid: r, labels: {workflows.argoproj.io/workflow: w}},
   spec: {selector: {matchExpressions: [{key: app, operator: In, values: [old-loader]}]}}}
- {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: ma, uid: p, deletionTimestamp: "2026-01-01T00:00:00Z",
   labels: {workflows.argoproj.io/workflow: w}}, status: {phase: Running}}
- {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: w, namespace: ma}}
`

// poolOver returns the workers of twoWorkloads.
func poolOver(t *testing.T, around fakekube.Around, deps Dependencies) *workers.Pool {
	t.Helper()
	deps.Kubernetes = fakekube.New(t, twoWorkloads).Client(around)
	return newConnection(deps).ofWorkflow("ma", "w", "")
}

// recordingObserver records the operations on workers.
type recordingObserver struct {
	workflow.NopObserver
	ended   []workflow.Op
	errs    []error
	retries int
}

func (o *recordingObserver) End(_ context.Context, call workflow.Call, err error) {
	o.ended = append(o.ended, call.Op)
	o.errs = append(o.errs, err)
}

func (o *recordingObserver) OnEvent(_ context.Context, event workflow.Event) {
	if retrying, ok := event.(workflow.Retrying); ok && slices.Contains(Ops(), retrying.Op) {
		o.retries++
	}
}

func unavailable() error { return apierrors.NewServiceUnavailable("unavailable") }

func TestOperationsOnWorkersAreRetriedForRetryFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for retryFor, most := range map[time.Duration]time.Duration{0: workflow.DefaultRetryFor, time.Minute: time.Minute, -1: 0} {
			observer := &recordingObserver{}
			pool := poolOver(t, fakekube.FailReads(unavailable), Dependencies{RetryFor: retryFor, Observer: observer})
			began := time.Now()
			_, err := pool.Pods(t.Context())
			took := time.Since(began)
			var failed *workflow.Error
			if !errors.Is(err, workflow.ErrUnavailable) || !errors.As(err, &failed) || failed.Op != OpReadWorkers || took > most || took < most-10*time.Second {
				t.Errorf("RetryFor %v: %v after %v", retryFor, err, took)
			}
			if len(observer.ended) != 1 || observer.ended[0] != OpReadWorkers || !errors.Is(observer.errs[0], err) || observer.retries > 0 != (most > 0) {
				t.Errorf("RetryFor %v: observed %+v", retryFor, observer)
			}
		}
	})
}

// Conflicts and transient faults are retried until the context ends. Then the error is the
// context's cause.
func TestScalingIsRetried(t *testing.T) {
	resource := schema.GroupResource{Group: "apps", Resource: "deployments"}
	conflict := apierrors.NewConflict(resource, "d", errors.New("changed"))
	failing := func(t *testing.T, times int, err error) (pool *workers.Pool, tries *atomic.Int64) {
		tries = new(atomic.Int64)
		return poolOver(t, fakekube.FailWrites(func() error {
			if int(tries.Add(1)) <= times {
				return err
			}
			return nil
		}), Dependencies{}), tries
	}
	synctest.Test(t, func(t *testing.T) {
		for _, err := range []error{conflict, unavailable()} {
			pool, _ := failing(t, 9, err)
			if err := pool.Pause(t.Context()); err != nil {
				t.Error(err)
			}
			found, err := pool.List(t.Context())
			if err != nil || found[0].Replicas != 0 || found[0].Record.Replicas != 4 || found[1].Record.Replicas != 1 {
				t.Errorf("%+v, %v", found, err)
			}
		}
		pool, _ := failing(t, 1000, conflict)
		if err := pool.Pause(t.Context()); !errors.Is(err, workflow.ErrConflict) {
			t.Errorf("a conflict each time: %v", err)
		}
		pool, tries := failing(t, 1000, apierrors.NewForbidden(resource, "d", nil))
		if err := pool.Pause(t.Context()); !errors.Is(err, workflow.ErrForbidden) || tries.Load() != 1 {
			t.Errorf("%v, after %d tries", err, tries.Load())
		}
		writes := 0
		pool = poolOver(t, fakekube.FailWrites(func() error {
			if writes++; writes == 2 { // after the record
				return apierrors.NewNotFound(resource, "d")
			}
			return nil
		}), Dependencies{})
		if err := pool.Pause(t.Context()); err != nil {
			t.Errorf("a workload that was deleted: %v", err)
		}
		tired := errors.New("tired")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, tired)
		defer cancel()
		pool, _ = failing(t, 1000, conflict)
		if err := pool.Pause(ctx); !errors.Is(err, tired) {
			t.Errorf("%v", err)
		}
	})
}

// A write whose response was lost may have taken effect.
func TestLostWriteIsAnUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := poolOver(t, fakekube.FailWrites(func() error { return apierrors.NewTimeoutError("too slow", 0) }), Dependencies{})
		err := pool.Pause(t.Context())
		var failed *workflow.Error
		if !errors.Is(err, workflow.ErrUnknownOutcome) || !errors.As(err, &failed) || failed.Op != OpScaleWorkers || !slices.Contains(Ops(), failed.Op) {
			t.Errorf("%v", err)
		}
	})
}

// Every error of package workers is mapped to its public sentinel and names the operation.
func TestErrorsOfWorkers(t *testing.T) {
	for name, tc := range map[string]struct {
		err, want error
	}{
		"none":       {workers.ErrNone, ErrNoWorkers},
		"several":    {workers.ErrSeveral, workflow.ErrUnsupported},
		"stopped":    {workers.ErrStopped, ErrNotStarted},
		"replaced":   {&workers.ReplacedError{UID: "u"}, workflow.ErrReplaced},
		"lost write": {&workers.LostWriteError{Err: errors.New("cut off")}, workflow.ErrUnknownOutcome},
		"another":    {errKilled, errKilled},
	} {
		run := newConnection(Dependencies{RetryFor: -1}).runner("ma", "w")
		err := run(t.Context(), workers.OpScale, func(context.Context) error { return tc.err })
		var failed *workflow.Error
		if !errors.Is(err, tc.want) || !errors.As(err, &failed) || failed.Op != OpScaleWorkers || failed.Name != "w" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The check of permissions is retried like other operations, and observed.
func TestCreateChecksPermissionsForRetryFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for retryFor, most := range map[time.Duration]time.Duration{time.Minute: time.Minute, -1: 0} {
			observer := &recordingObserver{}
			b, err := New(config(t, "", ""), Dependencies{
				Workflows: &recorder{}, RetryFor: retryFor, Observer: observer,
				Kubernetes: fakekube.New(t, twoWorkloads).Client(fakekube.FailReads(unavailable)),
			})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			err = b.Create(t.Context())
			took := time.Since(began)
			if !errors.Is(err, workflow.ErrUnavailable) || took > most || took < most-10*time.Second {
				t.Errorf("RetryFor %v: %v after %v", retryFor, err, took)
			}
			if !slices.Equal(observer.ended, []workflow.Op{workflow.OpCheckPermissions}) || observer.retries > 0 != (most > 0) {
				t.Errorf("RetryFor %v: observed %+v", retryFor, observer)
			}
		}
	})
}
