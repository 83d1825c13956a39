package argoprom

import "github.com/prometheus/client_golang/prometheus"

const labelState = "state"

// backfillDescs are the metrics of a [Backfill].
type backfillDescs struct {
	state, completed, shards, eta, failed, pods, podsDesired, gates, observed *prometheus.Desc
}

func newBackfillDescs() *backfillDescs {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prefix+"backfill_"+name, help, labels, nil)
	}
	return &backfillDescs{
		state:       desc("state", "1 for the backfill's state, 0 for the others.", labelState),
		completed:   desc("completed_ratio", "Share of the shards that are completed, from 0 to 1."),
		shards:      desc("shards", "Shards, or the parts that they were split into.", labelState),
		eta:         desc("eta_seconds", "Estimated time left, at the average speed so far."),
		failed:      desc("failed_documents", "1 if documents failed for good, 0 if none did; absent if that is unknown."),
		pods:        desc("pods", "Workers, by the state of their pods.", labelState),
		podsDesired: desc("pods_desired", "Desired number of workers."),
		gates:       desc("gates_waiting", "Gates that wait for a decision."),
		observed:    desc("observed_timestamp_seconds", "Time of the last observation."),
	}
}

func (d *backfillDescs) all() []*prometheus.Desc {
	return []*prometheus.Desc{d.state, d.completed, d.shards, d.eta, d.failed, d.pods, d.podsDesired, d.gates, d.observed}
}
