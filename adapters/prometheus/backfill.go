package argoprom

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// Backfill collects the state of one backfill at its last observation. What was not known then is
// absent, never 0; before the first [Backfill.Observe] everything is absent. No label identifies
// the backfill: if there are several, add one with [prometheus.WrapRegistererWith], and unregister
// those that have ended. It is safe for concurrent use.
type Backfill struct {
	last  atomic.Pointer[observation]
	descs *backfillDescs
}

var _ prometheus.Collector = (*Backfill)(nil)

// observation is what is kept of a status. It contains no nodes, which can be many.
type observation struct {
	at     time.Time
	state  backfill.State
	gates  *int
	pods   *backfill.Pods
	shards *backfill.Shards // nil also if the numbers are not known yet
	failed backfill.Presence
}

// NewBackfill returns a collector without an observation.
func NewBackfill() *Backfill {
	return &Backfill{descs: newBackfillDescs()}
}

// Observe takes a Status of a [backfill.Backfill], for example one that Follow yields:
//
//	for s, err := range b.Follow(ctx, backfill.FollowOptions{}) {
//		…
//		collector.Observe(s)
//	}
//
// It replaces the previous observation and keeps no reference to s. With nil, all metrics are
// absent again.
func (b *Backfill) Observe(s *backfill.Status) {
	if s == nil {
		b.last.Store(nil)
		return
	}
	now := &observation{at: time.Now(), state: s.State}
	if s.Gates.Success() {
		waiting := len(s.Gates.Data)
		now.gates = &waiting
	}
	if s.Pods.Success() {
		pods := s.Pods.Data
		now.pods = &pods
	}
	if s.FailedDocuments.Success() {
		now.failed = s.FailedDocuments.Data.Presence
	}
	if s.Shards.Success() && counted(s.Shards.Data.State) {
		shards := s.Shards.Data
		now.shards = &shards
	}
	b.last.Store(now)
}

// counted reports whether the numbers of shards in a state are known.
func counted(s backfill.ShardState) bool {
	return s == backfill.ShardsRunning || s == backfill.ShardsPaused || s == backfill.ShardsCompleted || s == backfill.ShardsCompletedWithErrors
}

// Describe implements [prometheus.Collector].
func (b *Backfill) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range b.descs.all() {
		descs <- d
	}
}

// Collect implements [prometheus.Collector].
func (b *Backfill) Collect(metrics chan<- prometheus.Metric) {
	s := b.last.Load()
	if s == nil {
		return
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(b.descs.observed, float64(s.at.UnixMilli())/1000)
	for _, state := range backfill.States() {
		is := 0.0
		if state == s.state {
			is = 1
		}
		gauge(b.descs.state, is, string(state))
	}
	if s.gates != nil {
		gauge(b.descs.gates, float64(*s.gates))
	}
	if p := s.pods; p != nil {
		gauge(b.descs.pods, float64(p.Running), "Running")
		gauge(b.descs.pods, float64(p.Pending), "Pending")
		gauge(b.descs.pods, float64(p.Terminating), "Terminating")
		gauge(b.descs.podsDesired, float64(p.Desired))
	}
	switch s.failed {
	case backfill.PresencePresent:
		gauge(b.descs.failed, 1)
	case backfill.PresenceAbsent:
		gauge(b.descs.failed, 0)
	case backfill.PresenceUnknown:
	}
	if n := s.shards; n != nil {
		gauge(b.descs.completed, n.Percentage/100)
		gauge(b.descs.shards, float64(n.Completed), "Completed")
		gauge(b.descs.shards, float64(n.InProgress), "InProgress")
		gauge(b.descs.shards, float64(n.Waiting), "Waiting")
		if n.ETA > 0 {
			gauge(b.descs.eta, n.ETA.Seconds())
		}
	}
}
