package promrules

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

// scrape is how far apart the samples of a series are, and the evaluations of the rules.
const scrape = time.Minute

// A scene is what a Prometheus has scraped, and which alerts fire then.
type scene struct {
	// series in the notation of Prometheus's own tests, one a line, without the labels job and instance.
	// A series without further labels has empty braces.
	series string
	// at has for some minutes the summaries of the alerts that fire, and no others.
	at map[int][]string
}

func scenes() map[string]scene {
	return map[string]scene{
		"all is well": {`
				argoservice_operations_total{verb="get", backend="native", result="OK"} 0+60x120
				argoservice_operations_total{verb="get", backend="native", result="NotFound"} 0+10x120
				argoservice_operations_total{verb="start", backend="native", result="UnknownOutcome"} 0x120
				argoservice_operations_total{verb="stop", backend="native", result="OK"} 0+10x120
				argoservice_retries_total{verb="stop", backend="native", reason="Conflict"} 0+5x120
				argoservice_answers_total{verb="get", backend="native", source="history"} 0+10x120
				argoservice_operations_in_flight{verb="wait", backend="native"} 10000x120
				argoservice_watches_open{backend="native", scope="shared"} 1x120
				argoservice_watches_opened_total{backend="native", scope="shared", again="true"} 0+0.2x120
				argoservice_delivery_delay_seconds_bucket{verb="wait", backend="native", le="0.001"} 0+60x120
				argoservice_delivery_delay_seconds_bucket{verb="wait", backend="native", le="+Inf"} 0+60x120
				argoservice_workflows_ended_total{backend="native", outcome="Succeeded"} 0+10x120
				argoservice_workflows_ended_total{backend="native", outcome="Failed"} 0+1x120
				argoservice_workflows_ended_total{backend="native", outcome="Stopped"} 0+5x120
				argoservice_rollout_routes_total{verb="get", backend="native", fallback="false"} 0+60x120
				argoservice_shadow_differences_total{verb="get", backend="native"} 0x120
				argoservice_backfill_state{state="Running"} 1x120
				argoservice_backfill_state{state="Failed"} 0x120
				argoservice_backfill_shards{state="Completed"} 0+0.1x120
				argoservice_backfill_gates_waiting{} 0x120`,
			map[int][]string{0: nil, 5: nil, 60: nil, 120: nil},
		},
		"the API is away for twenty minutes": {`
				argoservice_operations_total{verb="get", backend="native", result="OK"} 0+60x30 1800+0x20 1800+60x20
				argoservice_operations_total{verb="get", backend="native", result="Unavailable"} 0x30 0+30x20 600x20`,
			map[int][]string{30: nil, 33: nil, 37: {"The Kubernetes API is unavailable to svc."}, 50: {"The Kubernetes API is unavailable to svc."}, 60: nil},
		},
		"a few operations don't reach the API": {`
				argoservice_operations_total{verb="get", backend="native", result="OK"} 0+60x60
				argoservice_operations_total{verb="get", backend="native", result="Unavailable"} 0+5x60`,
			map[int][]string{60: nil},
		},
		"a role has lost a verb": {`
				argoservice_operations_total{verb="get", backend="native", result="OK"} 0+60x60
				argoservice_operations_total{verb="start", backend="native", result="Forbidden"} _x29 1+1x30`,
			map[int][]string{30: nil, 34: nil, 40: {"The Kubernetes API refuses start to svc."}, 60: {"The Kubernetes API refuses start to svc."}},
		},
		"a token has expired": {`
				argoservice_operations_total{verb="get", backend="native", result="OK"} 0+60x30 1800x30
				argoservice_operations_total{verb="get", backend="native", result="Unauthorized"} 0x29 0+60x30`,
			map[int][]string{30: nil, 40: {"The Kubernetes API refuses get to svc."}},
		},
		"a token was renewed late": {`
				argoservice_operations_total{verb="get", backend="native", result="OK"} 0+60x60
				argoservice_operations_total{verb="get", backend="native", result="Unauthorized"} 0x29 0+1x2 2x30`,
			map[int][]string{32: nil, 40: nil, 60: nil},
		},
		"an answer is lost": {
			`argoservice_operations_total{verb="start", backend="native", result="UnknownOutcome"} 0x29 1x30`,
			map[int][]string{29: nil, 31: {"The outcome of start is unknown to svc."}, 60: nil},
		},
		"the database of the history is away": {`
				argoservice_operations_total{verb="get", backend="native", result="OK"} 0+60x60
				argoservice_operations_total{verb="start", backend="native", result="History"} 0x19 0+1x20 20x20
				argoservice_retries_total{verb="start", backend="native", reason="History"} 0x19 0+6x20 120x20`,
			map[int][]string{19: nil, 23: nil, 30: {"The history does not answer svc."}, 46: nil},
		},
		"the node store is away, and no operation fails": {
			`argoservice_retries_total{verb="list", backend="native", reason="History"} 0+6x60`,
			map[int][]string{3: nil, 10: {"The history does not answer svc."}},
		},
		"the history was restarted": {
			`argoservice_retries_total{verb="start", backend="native", reason="History"} 0x19 6x40`,
			map[int][]string{21: nil, 25: nil, 40: nil},
		},
		"two services steer the same workflows": {`
				argoservice_operations_total{verb="stop", backend="native", result="OK"} 0+2x60
				argoservice_operations_total{verb="stop", backend="native", result="Conflict"} 0+1x60
				argoservice_retries_total{verb="stop", backend="native", reason="Conflict"} 0+6x60`,
			map[int][]string{10: nil, 20: {"Another client writes the same workflows as svc."}},
		},
		"writes are repeated for another reason": {`
				argoservice_operations_total{verb="stop", backend="native", result="OK"} 0+2x60
				argoservice_retries_total{verb="stop", backend="native", reason="Unavailable"} 0+90x60`,
			map[int][]string{60: nil},
		},
		"the shared watch can't be opened": {`
				argoservice_operations_in_flight{verb="wait", backend="native"} 300x60
				argoservice_watches_open{backend="native", scope="shared"} 1x19 0x20 1x20`,
			map[int][]string{19: nil, 23: nil, 26: {"The waits of svc receive no events."}, 39: {"The waits of svc receive no events."}, 41: nil},
		},
		"no watch has ever been opened": {
			`argoservice_operations_in_flight{verb="watch", backend="kubectl"} 1x60`,
			map[int][]string{4: nil, 6: {"The waits of svc receive no events."}},
		},
		"nobody waits": {`
				argoservice_operations_in_flight{verb="wait", backend="native"} 0x60
				argoservice_operations_in_flight{verb="start", backend="native"} 3x60
				argoservice_watches_open{backend="native", scope="shared"} 0x60`,
			map[int][]string{60: nil},
		},
		"a proxy cuts watches": {`
				argoservice_watches_open{backend="native", scope="shared"} 1x60
				argoservice_watch_faults_total{backend="native", scope="shared", reason="Unavailable"} 0+1x60`,
			map[int][]string{2: nil, 20: {"The watches of svc keep breaking."}},
		},
		"the API server restarts, and a hundred watches break once": {`
				argoservice_watches_open{backend="native", scope="single"} 100x60
				argoservice_watch_faults_total{backend="native", scope="single", reason="Unavailable"} 0x19 100x40`,
			map[int][]string{21: nil, 26: nil, 60: nil},
		},
		"the host has no time": {`
				argoservice_delivery_delay_seconds_bucket{verb="wait", backend="native", le="0.001"} 0+50x60
				argoservice_delivery_delay_seconds_bucket{verb="wait", backend="native", le="1"} 0+58x60
				argoservice_delivery_delay_seconds_bucket{verb="wait", backend="native", le="2.5"} 0+60x60
				argoservice_delivery_delay_seconds_bucket{verb="wait", backend="native", le="+Inf"} 0+60x60`,
			map[int][]string{9: nil, 12: {"svc is slow to process the states that it waits for."}},
		},
		"workflows fail": {`
				argoservice_workflows_ended_total{backend="native", outcome="Succeeded"} 0x9 0+1x9 9x60
				argoservice_workflows_ended_total{backend="native", outcome="Failed"} 0x9 0+1x3 3x66
				argoservice_workflows_ended_total{backend="native", outcome="Errored"} 0x9 0+1x3 3x66`,
			map[int][]string{9: nil, 20: {"Workflows of svc fail."}, 75: nil},
		},
		"two of two workflows fail": {`
				argoservice_workflows_ended_total{backend="native", outcome="Succeeded"} 0x60
				argoservice_workflows_ended_total{backend="native", outcome="Failed"} 0x29 2x30`,
			map[int][]string{31: nil, 60: nil},
		},
		"three of sixty workflows fail": {`
				argoservice_workflows_ended_total{backend="native", outcome="Succeeded"} 0+1x60
				argoservice_workflows_ended_total{backend="native", outcome="Failed"} 0x29 3x30`,
			map[int][]string{31: nil, 60: nil},
		},
		"events can't be written": {
			`argoservice_events_not_recorded_total{verb="stop", backend="native", reason="Forbidden"} 0+1x60`,
			map[int][]string{10: nil, 20: {"svc can't record Kubernetes Events."}},
		},
		"an event could not be written": {
			`argoservice_events_not_recorded_total{verb="stop", backend="native", reason="Unavailable"} 0x9 1x50`,
			map[int][]string{11: nil, 20: nil, 30: nil},
		},
		"one shadow read differs": {
			`argoservice_shadow_differences_total{verb="get", backend="native"} 0x29 1x30`,
			map[int][]string{29: nil, 31: {"The backends of svc answer differently."}, 60: nil},
		},
		"the chosen backend is away": {`
				argoservice_rollout_routes_total{verb="get", backend="native", fallback="false"} 0+10x60
				argoservice_rollout_routes_total{verb="start", backend="native", fallback="false"} 0+1000x60
				argoservice_rollout_routes_total{verb="get", backend="kubectl", fallback="true"} 0+1x60`,
			map[int][]string{9: nil, 12: {"A backend of svc can't reach the cluster."}},
		},
		"one read in a hundred falls back": {`
				argoservice_rollout_routes_total{verb="get", backend="native", fallback="false"} 0+100x60
				argoservice_rollout_routes_total{verb="get", backend="kubectl", fallback="true"} 0+1x60`,
			map[int][]string{60: nil},
		},
		"the backfill fails": {`
				argoservice_backfill_state{state="Running"} 1x9 0x50
				argoservice_backfill_state{state="Failed"} 0x9 1x50
				argoservice_backfill_shards{state="Completed"} 0x60`,
			map[int][]string{9: nil, 10: {"The backfill of svc has failed."}, 60: {"The backfill of svc has failed."}},
		},
		"the backfill stalls": {`
				argoservice_backfill_state{state="Running"} 1x180
				argoservice_backfill_shards{state="Completed"} 0+1x60 60x120
				argoservice_backfill_shards{state="InProgress"} 5x180`,
			map[int][]string{60: nil, 100: nil, 110: {"The backfill of svc is stalled."}, 180: {"The backfill of svc is stalled."}},
		},
		"the backfill is paused": {`
				argoservice_backfill_state{state="Running"} 1x60 0x120
				argoservice_backfill_state{state="Paused"} 0x60 1x120
				argoservice_backfill_shards{state="Completed"} 0+1x60 60x120`,
			map[int][]string{60: nil, 100: nil, 110: nil, 180: nil},
		},
		"the backfill's shards are not known": {
			`argoservice_backfill_state{state="Running"} 1x180`,
			map[int][]string{180: nil},
		},
		"a gate waits": {
			`argoservice_backfill_gates_waiting{} 0x9 1x80 0x20`,
			map[int][]string{60: nil, 72: {"The backfill of svc waits for a decision."}, 100: nil},
		},
	}
}

// Each alert fires when it should, says so in whole sentences, and only then.
func TestAlerts(t *testing.T) {
	d := readDocs(t)
	fired := map[string]bool{}
	for name, s := range scenes() {
		t.Run(name, func(t *testing.T) {
			query := loaded(t, d, s.series)
			all := alertingRules(t)
			for minute := range slices.Max(slices.Collect(maps.Keys(s.at))) + 1 {
				now := time.Unix(0, 0).UTC().Add(time.Duration(minute) * scrape)
				var firing []string
				for _, rule := range all {
					if _, err := rule.Eval(t.Context(), 0, now, query, nil, 0); err != nil {
						t.Fatalf("%s: %v", rule.Name(), err)
					}
					for _, alert := range rule.ActiveAlerts() {
						if alert.State == rules.StateFiring {
							fired[rule.Name()] = true
							checkTexts(t, rule.Name(), alert)
							firing = append(firing, alert.Annotations.Get("summary"))
						}
					}
				}
				slices.Sort(firing)
				if want, looked := s.at[minute]; looked && !slices.Equal(firing, want) {
					t.Errorf("after %d minutes: %q instead of %q", minute, firing, want)
				}
			}
		})
	}
	for _, rule := range alerts(t) {
		if !fired[rule.Alert] {
			t.Errorf("%s never fires", rule.Alert)
		}
	}
}

// loaded is what answers queries about series, once they are found to be what the library gives.
func loaded(t *testing.T, d documented, series string) rules.QueryFunc {
	t.Helper()
	var load strings.Builder
	fmt.Fprintf(&load, "load %s\n", scrape)
	for s := range strings.SplitSeq(strings.TrimSpace(series), "\n") {
		s = strings.TrimSpace(s)
		given, _, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		checkSeries(t, d, given)
		b := labels.NewBuilder(given)
		b.Set("job", "svc")
		b.Set("instance", "svc-0:8080")
		_, values, ok := strings.Cut(s, "} ")
		if !ok {
			t.Fatalf("%s: it needs braces and values", s)
		}
		fmt.Fprintf(&load, "  %s %s\n", b.Labels(), values)
	}
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1e6, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, EnableAtModifier: true, EnableNegativeOffset: true,
		Parser: parser.NewParser(parser.Options{}),
	})
	t.Cleanup(func() { _ = engine.Close() })
	storage := promqltest.LoadedStorage(t, load.String())
	t.Cleanup(func() { _ = storage.Close() })
	return rules.EngineQueryFunc(engine, storage)
}

// checkSeries fails the test if a scene has a series that the library doesn't give.
func checkSeries(t *testing.T, d documented, series labels.Labels) {
	t.Helper()
	name, part := d.family(series.Get(model.MetricNameLabel))
	var got []string
	series.Range(func(l labels.Label) {
		switch {
		case l.Name == model.MetricNameLabel:
		case l.Name == "le" && part == "bucket":
		default:
			got = append(got, l.Name)
			if !slices.Contains(d.valuesOf(name, l.Name), l.Value) {
				t.Errorf("%s: %s is never %q", name, l.Name, l.Value)
			}
		}
	})
	m, ok := d.metrics[name]
	want := slices.Sorted(slices.Values(m.labels))
	if slices.Sort(got); !ok || !slices.Equal(got, want) {
		t.Errorf("%s has the labels %v, documented are %v", series, got, want)
	}
}

// alertingRules are the rules of the file as Prometheus runs them, without any alert yet.
func alertingRules(t *testing.T) (all []*rules.AlertingRule) {
	t.Helper()
	manager := rules.NewManager(&rules.ManagerOptions{Context: t.Context(), NotifyFunc: func(context.Context, string, ...*rules.Alert) {}})
	groups, errs := manager.LoadGroups(scrape, labels.EmptyLabels(), "", nil, false, ruleFile)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, group := range groups {
		for _, rule := range group.Rules() {
			if alerting, ok := rule.(*rules.AlertingRule); ok {
				all = append(all, alerting)
			}
		}
	}
	return all
}

// checkTexts fails the test if a text of an alert has a gap where a label or value was to be.
func checkTexts(t *testing.T, name string, alert *rules.Alert) {
	t.Helper()
	alert.Annotations.Range(func(l labels.Label) {
		for _, gap := range []string{"error expanding", "no value", "  ", " .", "()", " ,", " :", "NaN"} {
			if strings.Contains(l.Value, gap) {
				t.Errorf("%s: %s is %q", name, l.Name, l.Value)
			}
		}
	})
}
