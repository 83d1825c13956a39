package argoprom_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	argoprom "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestBackfill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose clock starts in the year 2000
		b := argoprom.NewBackfill()
		b.Observe(&backfill.Status{
			State: backfill.StatePaused,
			Gates: workflow.ResultOf([]workflow.Gate{{}, {}}, nil),
			Pods:  workflow.ResultOf(backfill.Pods{Running: 1, Pending: 2, Terminating: 3, Desired: 4}, nil),
			Shards: workflow.ResultOf(backfill.Shards{
				State: backfill.ShardsRunning, Total: 10, Completed: 5, InProgress: 3, Waiting: 2, Percentage: 50, ETA: 90 * time.Second,
			}, nil),
		})
		expect(t, b, `
			argoservice_backfill_observed_timestamp_seconds 946684800
			argoservice_backfill_state{state="NotStarted"} 0
			argoservice_backfill_state{state="Starting"} 0
			argoservice_backfill_state{state="Running"} 0
			argoservice_backfill_state{state="Paused"} 1
			argoservice_backfill_state{state="Terminating"} 0
			argoservice_backfill_state{state="Stopped"} 0
			argoservice_backfill_state{state="Failed"} 0
			argoservice_backfill_state{state="Succeeded"} 0
			argoservice_backfill_gates_waiting 2
			argoservice_backfill_pods{state="Running"} 1
			argoservice_backfill_pods{state="Pending"} 2
			argoservice_backfill_pods{state="Terminating"} 3
			argoservice_backfill_pods_desired 4
			argoservice_backfill_completed_ratio 0.5
			argoservice_backfill_shards{state="Completed"} 5
			argoservice_backfill_shards{state="InProgress"} 3
			argoservice_backfill_shards{state="Waiting"} 2
			argoservice_backfill_eta_seconds 90
		`)
	})
}

// Values that could not be read, or are not known yet, are absent.
func TestBackfillUnknown(t *testing.T) {
	const always = 1 + 8 // the timestamp, and the states
	unread := errors.New("not read")
	shards := func(s backfill.Shards) workflow.Result[backfill.Shards] { return workflow.ResultOf(s, nil) }
	failed := func(p backfill.Presence) workflow.Result[backfill.FailedDocuments] {
		return workflow.ResultOf(backfill.FailedDocuments{Presence: p}, nil)
	}
	noShards := workflow.ResultOf(backfill.Shards{}, unread)
	noPods := workflow.ResultOf(backfill.Pods{}, unread)
	noGates := workflow.ResultOf[[]workflow.Gate](nil, unread)
	for name, c := range map[string]struct {
		status *backfill.Status
		series int
	}{
		"nothing":           {nil, 0},
		"no part":           {&backfill.Status{Gates: noGates, Pods: noPods, Shards: noShards}, always},
		"no gates, but 0":   {&backfill.Status{Pods: noPods, Shards: noShards}, always + 1},
		"no pods, but 0":    {&backfill.Status{Gates: noGates, Shards: noShards}, always + 4},
		"shards pending":    {&backfill.Status{Gates: noGates, Pods: noPods, Shards: shards(backfill.Shards{State: backfill.ShardsPending})}, always},
		"being laid out":    {&backfill.Status{Gates: noGates, Pods: noPods, Shards: shards(backfill.Shards{State: backfill.ShardsInitializing})}, always},
		"none yet":          {&backfill.Status{Gates: noGates, Pods: noPods, Shards: shards(backfill.Shards{State: backfill.ShardsRunning})}, always + 4},
		"paused":            {&backfill.Status{Gates: noGates, Pods: noPods, Shards: shards(backfill.Shards{State: backfill.ShardsPaused})}, always + 4},
		"completed":         {&backfill.Status{Gates: noGates, Pods: noPods, Shards: shards(backfill.Shards{State: backfill.ShardsCompleted})}, always + 4},
		"with errors":       {&backfill.Status{Gates: noGates, Pods: noPods, Shards: shards(backfill.Shards{State: backfill.ShardsCompletedWithErrors})}, always + 4},
		"documents failed":  {&backfill.Status{Gates: noGates, Pods: noPods, Shards: noShards, FailedDocuments: failed(backfill.PresencePresent)}, always + 1},
		"none failed":       {&backfill.Status{Gates: noGates, Pods: noPods, Shards: noShards, FailedDocuments: failed(backfill.PresenceAbsent)}, always + 1},
		"failed unknown":    {&backfill.Status{Gates: noGates, Pods: noPods, Shards: noShards, FailedDocuments: failed(backfill.PresenceUnknown)}, always},
		"with a time left":  {&backfill.Status{Gates: noGates, Pods: noPods, Shards: shards(backfill.Shards{State: backfill.ShardsRunning, ETA: 1})}, always + 5},
		"zero of all there": {&backfill.Status{Shards: shards(backfill.Shards{State: backfill.ShardsRunning})}, always + 1 + 4 + 4},
	} {
		b := argoprom.NewBackfill()
		if n := testutil.CollectAndCount(b); n != 0 {
			t.Fatalf("%d series before anything was observed", n)
		}
		b.Observe(c.status)
		if n := testutil.CollectAndCount(b); n != c.series {
			t.Errorf("%s: %d series instead of %d", name, n, c.series)
		}
		b.Observe(nil)
		if n := testutil.CollectAndCount(b); n != 0 {
			t.Errorf("%s: %d series are left", name, n)
		}
	}
}

// Later changes of a status don't change the observation.
func TestBackfillKeepsACopy(t *testing.T) {
	b := argoprom.NewBackfill()
	s := &backfill.Status{Pods: workflow.ResultOf(backfill.Pods{Desired: 4}, nil)}
	b.Observe(s)
	s.Pods.Data.Desired = 7
	expect(t, b, `argoservice_backfill_pods_desired 4`, "argoservice_backfill_pods_desired")
}

// Several backfills are distinguished by labels of the host, and unregistered when they end.
func TestBackfills(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	for _, session := range []string{"a", "b"} {
		b := argoprom.NewBackfill()
		b.Observe(&backfill.Status{State: backfill.StateRunning})
		wrapped := prometheus.WrapRegistererWith(prometheus.Labels{"backfill": session}, registry)
		wrapped.MustRegister(b)
		if _, err := registry.Gather(); err != nil {
			t.Fatal(err)
		}
		if session == "a" {
			defer func() {
				if !wrapped.Unregister(b) {
					t.Error("not taken away")
				}
				if n, err := testutil.GatherAndCount(registry, "argoservice_backfill_gates_waiting"); n != 1 || err != nil {
					t.Error(n, err)
				}
			}()
		}
	}
	if n, err := testutil.GatherAndCount(registry, "argoservice_backfill_gates_waiting"); n != 2 || err != nil {
		t.Error(n, err)
	}
}

// A collection shows one status, never parts of two.
func TestBackfillConcurrently(t *testing.T) {
	b := argoprom.NewBackfill()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				n := int64(i*1000 + j)
				b.Observe(&backfill.Status{
					Pods:   workflow.ResultOf(backfill.Pods{Desired: int(n)}, nil),
					Shards: workflow.ResultOf(backfill.Shards{State: backfill.ShardsRunning, Waiting: n}, nil),
				})
				registry := prometheus.NewPedanticRegistry()
				registry.MustRegister(b)
				families, err := registry.Gather()
				if err != nil {
					t.Error(err)
				}
				seen := map[string]float64{} // sums; one value of each is not 0
				for _, f := range families {
					for _, m := range f.GetMetric() {
						seen[f.GetName()] += m.GetGauge().GetValue()
					}
				}
				if desired, shards := seen["argoservice_backfill_pods_desired"], seen["argoservice_backfill_shards"]; desired != shards {
					t.Errorf("%v and %v are of two", desired, shards)
				}
			}
		})
	}
	all.Wait()
}
