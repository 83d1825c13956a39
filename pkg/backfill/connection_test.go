package backfill

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// ears hears what is done with the workers.
type ears struct {
	workflow.NoObserver
	ended   []workflow.Op
	failed  []error
	retries int
}

func (e *ears) End(_ context.Context, call workflow.Call, err error) {
	e.ended = append(e.ended, call.Op)
	e.failed = append(e.failed, err)
}

func (e *ears) Note(_ context.Context, event workflow.Event) {
	if retrying, ok := event.(workflow.Retrying); ok && slices.Contains(Ops(), retrying.Op) {
		e.retries++
	}
}

func TestWorkersKeepTryingForRetryFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for retryFor, most := range map[time.Duration]time.Duration{0: workflow.DefaultRetryFor, time.Minute: time.Minute, -1: 0} {
			client := newApps(t, workersYAML)
			*client.away = func() error { return apierrors.NewServiceUnavailable("away") }
			heard := &ears{}
			w := &workers{
				connection: newConnection(Dependencies{Kubernetes: client, RetryFor: retryFor, Observer: heard}), namespace: "ma", workflow: "w",
			}
			began := time.Now()
			_, err := w.pods(t.Context())
			took := time.Since(began)
			var failed *workflow.Error
			if !errors.Is(err, workflow.ErrUnavailable) || !errors.As(err, &failed) || failed.Op != OpReadWorkers || took > most || took < most-10*time.Second {
				t.Errorf("RetryFor %v: %v after %v", retryFor, err, took)
			}
			if len(heard.ended) != 1 || heard.ended[0] != OpReadWorkers || !errors.Is(heard.failed[0], err) || heard.retries > 0 != (most > 0) {
				t.Errorf("RetryFor %v: heard %+v", retryFor, heard)
			}
		}
	})
}

// A write whose answer was lost may have been made.
func TestALostWriteToWorkersIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, client := testWorkers(t, workersYAML)
		*client.fail = func() error { return apierrors.NewTimeoutError("too slow", 0) }
		err := w.pauseOnce(t.Context())
		var failed *workflow.Error
		if !errors.Is(err, workflow.ErrUnknownOutcome) || !errors.As(err, &failed) || failed.Op != OpScaleWorkers || !slices.Contains(Ops(), failed.Op) {
			t.Errorf("%v", err)
		}
	})
}

// The check of permissions is as patient as the rest, and is observed.
func TestCreateChecksPermissionsForRetryFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for retryFor, most := range map[time.Duration]time.Duration{time.Minute: time.Minute, -1: 0} {
			client := newApps(t, workersYAML)
			*client.away = func() error { return apierrors.NewServiceUnavailable("away") }
			heard := &ears{}
			b, err := New(config(t, "", ""), Dependencies{Workflows: &recorder{}, Kubernetes: client, RetryFor: retryFor, Observer: heard})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			err = b.Create(t.Context())
			took := time.Since(began)
			if !errors.Is(err, workflow.ErrUnavailable) || took > most || took < most-10*time.Second {
				t.Errorf("RetryFor %v: %v after %v", retryFor, err, took)
			}
			if !slices.Equal(heard.ended, []workflow.Op{workflow.OpCheckAccess}) || heard.retries > 0 != (most > 0) {
				t.Errorf("RetryFor %v: heard %+v", retryFor, heard)
			}
		}
	})
}
