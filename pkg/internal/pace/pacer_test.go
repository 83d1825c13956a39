package pace_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

func TestDoRetriesWithinItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := apierrors.NewTooManyRequests("later", 3)
		began, tries := time.Now(), 0
		got, err := pace.Do(t.Context(), &pace.Pacer{Until: began.Add(10 * time.Second)}, func() (int, error) {
			if tries++; tries < 3 {
				return 0, busy
			}
			return 7, nil
		})
		if err != nil || got != 7 || time.Since(began) < 6*time.Second {
			t.Errorf("%d, %v after %v: Retry-After was not kept", got, err, time.Since(began))
		}

		began = time.Now()
		_, err = pace.Do(t.Context(), &pace.Pacer{Until: began.Add(10 * time.Second)}, func() (int, error) { return 0, busy })
		if !apierrors.IsTooManyRequests(err) || time.Since(began) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}

		tries = 0
		_, err = pace.Do(t.Context(), &pace.Pacer{}, func() (int, error) { tries++; return 0, apierrors.NewBadRequest("no") })
		if tries != 1 || !apierrors.IsBadRequest(err) {
			t.Errorf("%d tries of a lost cause: %v", tries, err)
		}

		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("closing time"))
		defer cancel()
		_, err = pace.Do(ctx, &pace.Pacer{}, func() (int, error) { return 0, busy })
		if err == nil || !strings.HasPrefix(err.Error(), "closing time (last attempt: ") || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestPausesGrowAndAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := apierrors.NewServiceUnavailable("away")
		var reported []time.Duration
		p := &pace.Pacer{Retrying: func(_ context.Context, err error, after time.Duration) {
			if !errors.Is(err, away) {
				t.Errorf("reported %v", err)
			}
			reported = append(reported, after)
		}}
		var waited []time.Duration
		for range 40 {
			began := time.Now()
			if !p.Pause(t.Context(), away) {
				t.Fatal("a pacer without an end stopped")
			}
			waited = append(waited, time.Since(began))
		}
		if waited[0] > 75*time.Millisecond || waited[12] < 3*time.Second {
			t.Errorf("pauses of %v", waited)
		}
		for i := range waited {
			if waited[i] < 50*time.Millisecond || waited[i] > 5*time.Second {
				t.Errorf("pause %d took %v", i, waited[i])
			}
			if waited[i] != reported[i] {
				t.Errorf("pause %d took %v, but was reported as %v", i, waited[i], reported[i])
			}
		}
		if !p.PauseSilently(t.Context(), away) || !p.Pause(t.Context(), nil) || len(reported) != len(waited) {
			t.Errorf("%d reports of %d retries", len(reported), len(waited))
		}
	})
}

// A write that other writers overtake again and again has to hit the moment between two of theirs.
func TestPausesAfterConflictsStayShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conflict := apierrors.NewConflict(schema.GroupResource{Resource: "workflows"}, "w", errors.New("it was modified"))
		p := &pace.Pacer{Until: time.Now().Add(30 * time.Second)}
		attempts := 0
		for p.Pause(t.Context(), conflict) {
			attempts++
		}
		if attempts < 100 || attempts > 200 {
			t.Errorf("%d attempts in 30 s", attempts)
		}
	})
}

func TestRefusalsAreRetriedAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "workflows"}, "w", errors.New("no"))
		unauthorized := apierrors.NewUnauthorized("who?")
		shared := &pace.Outage{}
		p := &pace.Pacer{Outage: shared}
		if p.Retryable(forbidden) || !p.Retryable(unauthorized) || p.Retryable(unauthorized) {
			t.Error("without an outage a refusal is final, but for one renewal of the credentials")
		}
		other := &pace.Pacer{Outage: shared}
		if !other.Retryable(apierrors.NewServiceUnavailable("away")) {
			t.Error("an outage is not retried")
		}
		if !p.Retryable(forbidden) || !p.Retryable(unauthorized) {
			t.Error("a refusal shortly after an outage is final")
		}
		time.Sleep(10 * time.Second)
		if p.Retryable(forbidden) || p.Retryable(unauthorized) {
			t.Error("a refusal long after an outage is retried")
		}
		if (&pace.Pacer{}).Retryable(forbidden) {
			t.Error("a pacer that knows no outage retries a refusal")
		}
	})
}

func TestSleepEndsWithTheContext(t *testing.T) {
	if err := pace.Sleep(t.Context(), 0); err != nil {
		t.Error(err)
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	if err := pace.Ended(ctx, cause); !errors.Is(err, cause) {
		t.Error(err)
	}
	cancel(cause)
	for _, err := range []error{pace.Sleep(ctx, time.Hour), pace.Ended(ctx, errors.New("met before"))} {
		if !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if err := pace.Ended(ctx, nil); err != nil {
		t.Error(err)
	}
}
