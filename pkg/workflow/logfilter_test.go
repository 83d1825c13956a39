package workflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestLogOptionsAreChecked(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		field string // "": it is fine
		opts  LogOptions
	}{
		{"", LogOptions{}},
		{"", LogOptions{Follow: true, Containers: []string{"main", "init"}, Tail: new(int64(0)), Since: time.Hour, LimitBytes: 1}},
		{"", LogOptions{Previous: true, SinceTime: now, Selector: "displayName=a,phase!=Failed"}},
		{"previous", LogOptions{Follow: true, Previous: true}},
		{"since", LogOptions{Since: -1}},
		{"since", LogOptions{Since: 1, SinceTime: now}},
		{"tail", LogOptions{Tail: new(int64(-1))}},
		{"limitBytes", LogOptions{LimitBytes: -1}},
		{"selector", LogOptions{Selector: "a b"}},
		{"selector", LogOptions{Selector: "colour=red"}},
		{"containers[1]", LogOptions{Containers: []string{"a", ""}}},
	} {
		f, err := tc.opts.filter("w", now)
		var invalid *InvalidError
		switch {
		case tc.field == "":
			if err != nil || !tc.opts.SinceTime.IsZero() && f.since != now || tc.opts.Since != 0 && f.since != now.Add(-time.Hour) {
				t.Errorf("%+v: %v, %+v", tc.opts, err, f)
			}
		case !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != tc.field:
			t.Errorf("%+v: %v, want a problem with %s", tc.opts, err, tc.field)
		}
	}
}

const loggedYAML = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, uid: u-1, resourceVersion: "7"}
status:
  phase: Running
  nodes:
    w: {id: w, name: w, displayName: w, type: DAG, templateName: main, children: [w-1, w-4]}
    w-1: {id: w-1, name: w.shard, displayName: shard, type: Retry, templateName: shard, children: [w-2, w-3]}
    w-2: {id: w-2, name: "w.shard(0)", displayName: "shard(0)", type: Pod, templateName: shard, phase: Failed}
    w-3: {id: w-3, name: "w.shard(1)", displayName: "shard(1)", type: Pod, templateName: shard, phase: Running}
    w-4: {id: w-4, name: w.other, displayName: other, type: Pod, templateName: other, phase: Running}
`

func TestLogsOfSelectedNodes(t *testing.T) {
	s, err := status.FromUnstructured(workflowObject(t, loggedYAML))
	if err != nil {
		t.Fatal(err)
	}
	pods := []*logPod{
		{nodeID: "w-2"}, {nodeID: "w-3"}, {nodeID: "w-4"}, {nodeID: "w-5", nodeName: "w.not-there-yet"}, {name: "agent"},
	}
	for _, tc := range []struct {
		selector   string
		want, last string
	}{
		{"", "shard(0) shard(1) other -", "shard(0) shard(1) other w.not-there-yet -"},
		{"displayName=shard(1)", "shard(1)", "shard(1)"},
		{"displayName=shard", "shard(0) shard(1)", "shard(0) shard(1)"}, // the Retry node stands for its attempts
		{"phase=Failed", "shard(0)", "shard(0)"},
		{"displayName!=shard", "shard(0) shard(1) other", "shard(0) shard(1) other"},
		{"templateName=main", "", ""}, // other groups have no pods of their own
		{"displayName=nobody", "", ""},
	} {
		f, err := LogOptions{Selector: tc.selector}.filter("w", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for last, want := range map[bool]string{false: tc.want, true: tc.last} {
			var got []string
			for _, pod := range pods {
				if node, selected := f.node(pod, newLogNodes(s), last); selected {
					got = append(got, strings.ReplaceAll(" "+node.name, " ", ""))
				}
			}
			for i, name := range got {
				if name == "" {
					got[i] = "-"
				}
			}
			if !slices.Equal(got, strings.Fields(want)) {
				t.Errorf("%q, last %v: %q, want %q", tc.selector, last, got, want)
			}
		}
	}
}

// BenchmarkLogsOfNodes selects among as many pods as there are nodes, which must not cost
// each pod more where there are more.
func BenchmarkLogsOfNodes(b *testing.B) {
	filter, err := LogOptions{Selector: "displayName=nobody"}.filter("w", time.Now())
	if err != nil {
		b.Fatal(err)
	}
	for _, count := range []int{500, 5000} {
		s := &status.WorkflowStatus{Name: "w"}
		var pods []*logPod
		for i := range count {
			retry, attempt := fmt.Sprintf("w-r%d", i), fmt.Sprintf("w-a%d", i)
			s.Nodes = append(s.Nodes,
				&status.Node{ID: retry, DisplayName: "shard", Type: status.NodeTypeRetry, Children: []string{attempt}},
				&status.Node{ID: attempt, DisplayName: "shard(0)", Type: status.NodeTypePod})
			pods = append(pods, &logPod{nodeID: attempt})
		}
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			for b.Loop() {
				nodes := newLogNodes(s)
				for _, pod := range pods {
					if _, selected := filter.node(pod, nodes, true); selected {
						b.Fatal("selected")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/pod")
		})
	}
}

func TestReadLogPod(t *testing.T) {
	began := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	pod := func(spec, status string) string {
		return `
metadata:
  name: p
  ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Workflow, name: w, uid: u-1}]
  annotations: {workflows.argoproj.io/node-id: w-1, workflows.argoproj.io/node-name: w.a}
spec: {` + spec + `}
status: {` + status + `}`
	}
	const running, terminated = `{running: {startedAt: "2026-11-23T10:00:00Z"}}`, `{terminated: {exitCode: 1, startedAt: "2026-11-23T10:00:00Z"}}`
	const one = `restartPolicy: Never, containers: [{name: main}]`
	for _, tc := range []struct {
		name, pod string
		want      []logContainer
	}{
		{"new", pod(one, ``), []logContainer{{name: "main"}}},
		{"pending", pod(one, `phase: Pending, containerStatuses: [{name: main, state: {waiting: {}}}]`), []logContainer{{name: "main"}}},
		{"running", pod(one, `phase: Running, containerStatuses: [{name: main, state: `+running+`}]`),
			[]logContainer{{name: "main", started: true, since: began}}},
		{"terminated", pod(one, `phase: Running, containerStatuses: [{name: main, state: `+terminated+`}]`),
			[]logContainer{{name: "main", started: true, ended: true, since: began}}},
		{"never started", pod(one, `phase: Failed, containerStatuses: [{name: main, state: {waiting: {}}}]`),
			[]logContainer{{name: "main", ended: true}}},
		{"about to restart", pod(`restartPolicy: OnFailure, containers: [{name: main}]`,
			`phase: Running, containerStatuses: [{name: main, state: `+terminated+`}]`),
			[]logContainer{{name: "main", started: true, since: began}}},
		{"waits to restart", pod(`restartPolicy: Always, containers: [{name: main}]`,
			`phase: Running, containerStatuses: [{name: main, state: {waiting: {}}, lastState: `+terminated+`}]`),
			[]logContainer{{name: "main", started: true, restarted: true}}},
		{"not reported", pod(one, `phase: Running`), []logContainer{{name: "main", started: true, restarted: true}}},
		{"all kinds, in order", pod(`restartPolicy: Never, initContainers: [{name: init}, {name: proxy, restartPolicy: Always}], containers: [{name: wait}, {name: main}]`,
			`phase: Running, initContainerStatuses: [{name: proxy, state: `+terminated+`}, {name: init, state: `+terminated+`}],
  containerStatuses: [{name: main, state: `+running+`}, {name: wait, state: {waiting: {}}}]`),
			[]logContainer{
				{name: "init", started: true, ended: true, since: began}, {name: "proxy", started: true, since: began},
				{name: "wait"}, {name: "main", started: true, since: began},
			}},
		{"malformed", pod(`containers: [main, {name: 1}, {name: main}]`, `phase: [], containerStatuses: {}`), []logContainer{{}, {name: "main"}}},
	} {
		got := readLogPod(workflowObject(t, "apiVersion: v1\nkind: Pod\n"+tc.pod), "u-1")
		if got.name != "p" || got.nodeID != "w-1" || got.nodeName != "w.a" || !slices.Equal(got.containers, tc.want) {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
	if readLogPod(workflowObject(t, "apiVersion: v1\nkind: Pod\n"+pod(one, "")), "u-2") != nil {
		t.Error("a pod of an earlier workflow of the same name counts")
	}
}

func TestLogsNeedAClient(t *testing.T) {
	dyn, err := dynamic.NewForConfig(&rest.Config{Host: "https://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	client, err := New(dyn, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range client.Logs(t.Context(), "w", LogOptions{}) {
		n++
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "Options.Logs") {
			t.Errorf("%v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d elements, want the error once", n)
	}
}
