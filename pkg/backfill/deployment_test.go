package backfill

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/fakekube"
)

// deployed is a Deployment d of four workers.
type deployed struct {
	t       *testing.T
	cluster *fakekube.Cluster
}

func newDeployed(t *testing.T) *deployed {
	t.Helper()
	return &deployed{t, fakekube.New(t, `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ma, uid: d}, spec: {replicas: 4, selector: {matchLabels: {app: loader}}}}
`)}
}

// open returns a backfill of the Deployment, as another process would create it. Its scale is 3.
func (s *deployed) open(around fakekube.Around, retryFor time.Duration) Backfill {
	s.t.Helper()
	b, err := New(Config{
		TargetCluster: Cluster{Endpoint: "https://target:9200"},
		Backfill:      Reindex{Provider: ProviderK8s, Session: "s", Scale: 3, K8s: &K8s{Namespace: "ma", Deployment: "d"}},
	}, Dependencies{Kubernetes: s.cluster.Client(around), RetryFor: retryFor})
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// do calls a verb. A Scale may find the Deployment stopped.
func (s *deployed) do(b Backfill, verb string) {
	s.t.Helper()
	err := do(s.t.Context(), b, verb)
	if stopped := verb == "Scale" && errors.Is(err, ErrNotStarted); err != nil && !stopped {
		s.t.Errorf("%s: %v", verb, err)
	}
}

// state describes the Deployment: the number of workers, or the number that Start restores.
func (s *deployed) state() string {
	s.t.Helper()
	found, err := newConnection(Dependencies{Kubernetes: s.cluster.Client(nil)}).ofDeployment("ma", "d").List(s.t.Context())
	if err != nil || len(found) != 1 {
		s.t.Fatal(found, err)
	}
	switch d := found[0]; {
	case d.Paused() && d.Replicas == 0:
		return fmt.Sprintf("paused, %d before", d.Record.Replicas)
	case d.Paused():
		return fmt.Sprintf("inconsistent: %d workers, recorded %+v", d.Replicas, *d.Record)
	case d.Replicas == 0:
		return "stopped"
	default:
		return fmt.Sprintf("%d run", d.Replicas)
	}
}

// after returns the state after a sequence of verbs.
func after(t *testing.T, verbs ...string) string {
	t.Helper()
	s := newDeployed(t)
	for _, name := range verbs {
		s.do(s.open(nil, 0), name)
	}
	return s.state()
}

// The fake refuses a patch of the Deployment itself.
func TestDeploymentIsOnlyScaled(t *testing.T) {
	for verbs, want := range map[string]string{
		"Pause":                         "paused, 4 before",
		"Pause Pause":                   "paused, 4 before",
		"Pause Start":                   "4 run",
		"Pause Scale":                   "paused, 7 before",
		"Pause Scale Start":             "7 run",
		"Pause Start Scale Pause Start": "7 run",
		"Stop":                          "stopped",
		"Pause Stop":                    "stopped",
		"Pause Stop Start":              "3 run",
		"Pause Start Stop Start":        "3 run",
		"Stop Pause":                    "stopped",
		"Pause Start Stop Pause":        "stopped",
		"Stop Scale":                    "stopped",
	} {
		if got := after(t, strings.Fields(verbs)...); got != want {
			t.Errorf("%s: %s, want %s", verbs, got, want)
		}
	}
}

// setRecord replaces the record in the ConfigMap.
func (s *deployed) setRecord(text string) {
	s.cluster.Edit(func(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
		for _, o := range objects {
			if o.GetKind() == "ConfigMap" {
				o.Object["data"] = map[string]any{"d": text}
			}
		}
		return objects
	})
}

// For records that another client has damaged, the error says what to do, and nothing changes.
func TestDamagedRecords(t *testing.T) {
	for _, text := range []string{"4", "{", `{"d": {"replicas": -1}}`, `{"d": {"replicas": 1e12}}`} {
		s := newDeployed(t)
		s.cluster.Add(t, "- {apiVersion: v1, kind: ConfigMap, metadata: {name: argoservice-backfill, namespace: ma}}")
		s.setRecord(text)
		err := s.open(nil, 0).Pause(t.Context())
		if err == nil || !strings.Contains(err.Error(), `read d of ConfigMap "argoservice-backfill"`) || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("%s: %v", text, err)
		}
		if workers, _, _ := unstructured.NestedInt64(s.cluster.Object("Deployment", "d").Object, "spec", "replicas"); workers != 4 {
			t.Errorf("%s: %d workers", text, workers)
		}
		// Stop does not need them.
		s.do(s.open(nil, 0), "Stop")
		if got := s.state(); got != "stopped" {
			t.Errorf("%s, then Stop: %s", text, got)
		}
	}
}

// A ConfigMap that is deleted before a pause is recorded is created again. If it is deleted later,
// the number is lost.
func TestRecordsThatAreDeletedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for at, reached := 1, true; reached; at++ {
			s := newDeployed(t)
			for _, name := range []string{"Pause", "Start"} {
				s.do(s.open(nil, 0), name)
			}
			count := 0
			reached = false
			s.do(s.open(fakekube.Before(func() {
				if count++; count == at {
					reached = true
					s.cluster.Edit(func(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
						return slices.DeleteFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == "ConfigMap" })
					})
				}
			}), 0), "Pause")
			if got := s.state(); got != "paused, 4 before" && got != "stopped" {
				t.Errorf("deleted before request %d of Pause: %s", at, got)
			}
		}
	})
}

// Backfills of other Deployments write to the same ConfigMap, and a workflow's controller writes to
// the workflow. Such writes do not matter.
func TestRecordsBesideOtherWriters(t *testing.T) {
	s := newDeployed(t)
	for _, name := range []string{"Pause", "Start"} {
		s.do(s.open(nil, 0), name)
	}
	writes := 0
	busy := fakekube.Before(func() {
		s.cluster.Edit(func(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
			for _, o := range objects {
				if o.GetKind() == "ConfigMap" {
					writes++
					o.SetResourceVersion(fmt.Sprint(1000 + writes))
					if err := unstructured.SetNestedField(o.Object, fmt.Sprint(writes), "data", "another"); err != nil {
						t.Error(err)
					}
				}
			}
			return objects
		})
	})
	if err := s.open(busy, -1).Pause(t.Context()); err != nil {
		t.Error(err)
	}
	if got := s.state(); got != "paused, 4 before" || writes == 0 {
		t.Errorf("%s, beside %d writes", got, writes)
	}
}

// After a pause for which another client recorded 0 workers, Start uses the configuration's scale.
func TestRecordOfNoWorkers(t *testing.T) {
	s := newDeployed(t)
	s.do(s.open(nil, 0), "Pause")
	s.setRecord(`{"d": {"replicas": 0, "paused": true}}`)
	s.do(s.open(nil, 0), "Start")
	if got := s.state(); got != "3 run" {
		t.Error(got)
	}
}

// A Deployment that was deleted and created again is not paused, and the next record replaces the
// old.
func TestRecordOfADeletedDeployment(t *testing.T) {
	s := newDeployed(t)
	s.do(s.open(nil, 0), "Pause")
	s.cluster.Edit(func(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
		objects[0].SetUID("another")
		return objects
	})
	if got := s.state(); got != "stopped" {
		t.Error(got)
	}
	for _, name := range []string{"Start", "Pause"} {
		s.do(s.open(nil, 0), name)
	}
	text, _, err := unstructured.NestedString(s.cluster.Object("ConfigMap", "argoservice-backfill").Object, "data", "d")
	if err != nil || text != `{"another":{"replicas":3,"paused":true}}` {
		t.Errorf("%s, %v", text, err)
	}
}
