package status_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestOutputParameter(t *testing.T) {
	s := readStatus(t, `
status:
  nodes:
    w: {name: w, displayName: w, type: Steps, phase: Succeeded, startedAt: "2026-01-01T00:00:00Z"}
    r: {name: "w[0].make", displayName: make, type: Retry, phase: Succeeded, startedAt: "2026-01-01T00:00:01Z"}
    a: {name: "w[0].make(0)", displayName: make(0), type: Pod, phase: Failed, startedAt: "2026-01-01T00:00:01Z",
      outputs: {parameters: [{name: p, value: of the failed}]}}
    b: {name: "w[0].make(1)", displayName: make(1), type: Pod, phase: Succeeded, startedAt: "2026-01-01T00:00:02Z",
      outputs: {parameters: [{name: p, value: second}, {name: empty, value: ""}, {name: unset}]}}
    c: {name: "w[1].other", displayName: other, type: Pod, phase: Succeeded, startedAt: "2026-01-01T00:00:03Z",
      outputs: {parameters: [{name: p, value: third}]}}
`)
	other, err := status.ParseNodeSelector("displayName=other")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		which     func(*status.Node) bool
		parameter string
		want      string
		ok        bool
	}{
		"the first that has it":          {nil, "p", "second", true},
		"by display name":                {status.NodeNamed("other"), "p", "third", true},
		"by name":                        {status.NodeNamed("w[0].make(1)"), "p", "second", true},
		"by id":                          {status.NodeNamed("c"), "p", "third", true},
		"by a part of the name":          {status.NodeNameContains("make"), "p", "second", true},
		"by selector":                    {other.Matches, "p", "third", true},
		"an empty value is one":          {nil, "empty", "", true},
		"one without a value":            {nil, "unset", "", false},
		"no such parameter":              {nil, "x", "", false},
		"no such node":                   {status.NodeNamed("mak"), "p", "", false},
		"of a node that did not succeed": {status.NodeNamed("make(0)"), "p", "", false},
	} {
		if value, ok := s.OutputParameter(tc.which, tc.parameter); value != tc.want || ok != tc.ok {
			t.Errorf("%s: %q, %v", name, value, ok)
		}
	}
}

func TestNodeDetails(t *testing.T) {
	s := readStatus(t, `
status:
  nodes:
    a:
      templateScope: namespaced/lib
      estimatedDuration: 90
      resourcesDuration: {cpu: 7, memory: 100}
      podIP: 10.0.0.1
      hostNodeName: host
      outboundNodes: [b, c]
      memoizationStatus: {hit: true, key: k, cacheName: c}
      taskResultSynced: false
      failedPodRestarts: 2
    b: {taskResultSynced: true}
    c: {podIP: 7, outboundNodes: [1], inputs: [], outputs: {exitCode: {}}, startedAt: x}
`)
	want := status.NodeDetails{
		EstimatedDuration: 90 * time.Second,
		ResourcesDuration: map[string]time.Duration{"cpu": 7 * time.Second, "memory": 100 * time.Second},
		PodIP:             "10.0.0.1", HostNodeName: "host", OutboundNodes: []string{"b", "c"}, TemplateScope: "namespaced/lib",
		Memoization:      status.Memoization{Hit: true, Key: "k", CacheName: "c"},
		AwaitsTaskResult: true, FailedPodRestarts: 2,
	}
	if got := s.Node("a").Details(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := s.Node("b").Details(); !reflect.DeepEqual(got, status.NodeDetails{}) {
		t.Errorf("%+v", got)
	}
	var paths []string
	for _, d := range s.Node("c").Dropped() {
		paths = append(paths, d.Path)
	}
	wantPaths := []string{
		"status.nodes.c.startedAt", "status.nodes.c.podIP", "status.nodes.c.outboundNodes[0]", "status.nodes.c.inputs",
		"status.nodes.c.outputs.exitCode",
	}
	if !reflect.DeepEqual(paths, wantPaths) {
		t.Errorf("dropped %v", paths)
	}
	if len(s.Dropped) != 1 || s.Dropped[0].Path != "status.nodes.c.startedAt" {
		t.Errorf("dropped at once: %v", s.Dropped)
	}
}

func TestConditions(t *testing.T) {
	s := readStatus(t, `
status:
  conditions: [{type: Completed, status: "True"}, {type: ArtifactGCError, status: "True", message: no access}, 7]
  persistentVolumeClaims: [{name: work, persistentVolumeClaim: {claimName: w-work}}]
  offloadNodeStatusVersion: fnv:1
`)
	if c := s.Condition(status.ConditionArtifactGCError); c == nil || c.Status != "True" || c.Message != "no access" {
		t.Errorf("%+v", c)
	}
	if c := s.Condition(status.ConditionSpecError); c != nil {
		t.Errorf("%+v", c)
	}
	if !reflect.DeepEqual(s.PersistentVolumeClaims, []string{"w-work"}) || s.OffloadVersion != "fnv:1" {
		t.Errorf("%+v", s)
	}
}

func TestAwaitedLocks(t *testing.T) {
	const waiting = `
  synchronization:
    mutex:
      holding: [{mutex: ma/Mutex/mine, holder: ma/w}]
      waiting: [{mutex: ma/Mutex/deploy, holder: ma/other/other-1}, {mutex: ma/Mutex/mine}]
    semaphore:
      holding: [{semaphore: ma/ConfigMap/limits/given-back, holders: []}, {semaphore: ma/ConfigMap/limits/a, holders: [ma/w/w-1]}]
      waiting: [{semaphore: ma/ConfigMap/limits/b, holders: [ma/x, ma/y]}]
`
	deploy := status.Lock{Name: "ma/Mutex/deploy", Mutex: true, Holders: []string{"ma/other/other-1"}}
	slots := status.Lock{Name: "ma/ConfigMap/limits/b", Holders: []string{"ma/x", "ma/y"}}
	mine := status.Lock{Name: "ma/Mutex/mine", Mutex: true}
	for name, tc := range map[string]struct {
		text string
		want []status.Lock
	}{
		"a workflow that is held back":               {"phase: Pending", []status.Lock{slots, deploy, mine}},
		"one that runs, whatever it had to wait for": {"phase: Running", nil},
		"a node that waits": {
			`{phase: Running, nodes: {a: {phase: Pending, synchronizationStatus: {waiting: ma/Mutex/deploy}},
			b: {phase: Pending, synchronizationStatus: {waiting: ma/Mutex/deploy}}, c: {phase: Running}}}`, []status.Lock{deploy},
		},
		"a lock that no workflow held at that time": {
			`{phase: Running, nodes: {a: {synchronizationStatus: {waiting: ma/Mutex/new}}}}`,
			[]status.Lock{{Name: "ma/Mutex/new", Mutex: true}},
		},
		"a node that has ended":     {`{phase: Running, nodes: {a: {phase: Failed, synchronizationStatus: {waiting: ma/Mutex/deploy}}}}`, nil},
		"a workflow that has ended": {`{phase: Failed, nodes: {a: {synchronizationStatus: {waiting: ma/Mutex/deploy}}}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := object(t, "kind: Workflow\nstatus:"+waiting)
			fields := object(t, "kind: Workflow\nstatus: "+flow(tc.text)).Object["status"].(map[string]any)
			for key, value := range o.Object["status"].(map[string]any) {
				fields[key] = value
			}
			s := decode(t, withStatus(fields))
			if got := s.AwaitedLocks(); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
			held := []status.Lock{
				{Name: "ma/ConfigMap/limits/a", Holders: []string{"ma/w/w-1"}}, {Name: "ma/Mutex/mine", Mutex: true, Holders: []string{"ma/w"}},
			}
			if !reflect.DeepEqual(s.Synchronization.Holding, held) {
				t.Errorf("holding %v", s.Synchronization.Holding)
			}
		})
	}
	if got, want := deploy.String(), "mutex ma/Mutex/deploy held by ma/other/other-1"; got != want {
		t.Errorf("%q", got)
	}
	if got, want := (status.Lock{Name: "n"}).String(), "semaphore n"; got != want {
		t.Errorf("%q", got)
	}
}

// flow makes text a YAML flow mapping unless it is one.
func flow(text string) string {
	if text[0] == '{' {
		return text
	}
	return "{" + text + "}"
}
