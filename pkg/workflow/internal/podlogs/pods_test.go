package podlogs

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// object returns a pod from a manifest without apiVersion and kind.
func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte("apiVersion: v1\nkind: Pod\n" + text))
	if err != nil {
		t.Fatal(err)
	}
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return obj
}

func TestDecodePod(t *testing.T) {
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
		want      []container
	}{
		{"new", pod(one, ``), []container{{name: "main"}}},
		{"pending", pod(one, `phase: Pending, containerStatuses: [{name: main, state: {waiting: {}}}]`), []container{{name: "main"}}},
		{"running", pod(one, `phase: Running, containerStatuses: [{name: main, state: `+running+`}]`),
			[]container{{name: "main", started: true, since: began}}},
		{"terminated", pod(one, `phase: Running, containerStatuses: [{name: main, state: `+terminated+`}]`),
			[]container{{name: "main", started: true, ended: true, since: began}}},
		{"never started", pod(one, `phase: Failed, containerStatuses: [{name: main, state: {waiting: {}}}]`),
			[]container{{name: "main", ended: true}}},
		{"about to restart", pod(`restartPolicy: OnFailure, containers: [{name: main}]`,
			`phase: Running, containerStatuses: [{name: main, state: `+terminated+`}]`),
			[]container{{name: "main", started: true, since: began}}},
		{"waits to restart", pod(`restartPolicy: Always, containers: [{name: main}]`,
			`phase: Running, containerStatuses: [{name: main, state: {waiting: {}}, lastState: `+terminated+`}]`),
			[]container{{name: "main", started: true, restarted: true}}},
		{"state not reported", pod(one, `phase: Running`), []container{{name: "main", started: true, restarted: true}}},
		{"all kinds, in order", pod(`restartPolicy: Never, initContainers: [{name: init}, {name: proxy, restartPolicy: Always}], containers: [{name: wait}, {name: main}]`,
			`phase: Running, initContainerStatuses: [{name: proxy, state: `+terminated+`}, {name: init, state: `+terminated+`}],
  containerStatuses: [{name: main, state: `+running+`}, {name: wait, state: {waiting: {}}}]`),
			[]container{
				{name: "init", started: true, ended: true, since: began}, {name: "proxy", started: true, since: began},
				{name: "wait"}, {name: "main", started: true, since: began},
			}},
		{"malformed", pod(`containers: [main, {name: 1}, {name: main}]`, `phase: [], containerStatuses: {}`), []container{{}, {name: "main"}}},
	} {
		got := decodePod(object(t, tc.pod), "u-1")
		if got.name != "p" || got.nodeID != "w-1" || got.nodeName != "w.a" || !slices.Equal(got.containers, tc.want) {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
	if decodePod(object(t, pod(one, "")), "u-2") != nil {
		t.Error("a pod of an earlier workflow of the same name is not ignored")
	}
}

// pages answers lists of pods in turn.
type pages struct {
	t       *testing.T
	answers []page
}

// page is the query of a list and its answer, which is an error or JSON.
type page struct {
	query string
	err   error
	body  string
}

func (p *pages) List(_ context.Context, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	next := p.answers[0]
	p.answers = p.answers[1:]
	got := url.Values{"labelSelector": {opts.LabelSelector}}
	if opts.Limit != 0 {
		got.Set("limit", strconv.FormatInt(opts.Limit, 10))
	}
	if opts.Continue != "" {
		got.Set("continue", opts.Continue)
	}
	want, err := url.ParseQuery("labelSelector=workflows.argoproj.io/workflow%3Dw" + next.query)
	if err != nil || got.Encode() != want.Encode() {
		p.t.Errorf("%s, want %s, %v", got.Encode(), want.Encode(), err)
	}
	list := &unstructured.UnstructuredList{}
	if next.err == nil {
		err = json.Unmarshal([]byte(next.body), list)
	} else {
		err = next.err
	}
	return list, err
}

func (p *pages) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) {
	p.t.Error("a watch of pods that are not followed")
	return nil, errStop
}

func TestFindListsPods(t *testing.T) {
	pod := func(name, created, owner string) string {
		return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `","creationTimestamp":"2026-11-23T10:00:0` + created +
			`Z","ownerReferences":[{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","name":"w","uid":"` + owner + `"}]}}`
	}
	list := func(token string, pods ...string) string {
		return `{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"7","continue":"` + token + `"},"items":[` + strings.Join(pods, ",") + `]}`
	}
	served := &pages{t: t, answers: []page{
		{query: "&limit=500", body: list("next", pod("c", "3", "u-1"))},
		{query: "&limit=500&continue=next", err: apierrors.NewResourceExpired("too old")},
		{query: "", body: list("", pod("c", "3", "u-1"), pod("old", "1", "u-0"), pod("b", "2", "u-1"))},
	}}
	logs, err := (&Client{Pods: served}).Find(t.Context(), state(status.PhaseRunning), Selection{})
	if err != nil {
		t.Fatal(err)
	}
	if pods := logs.pods; logs.version != "7" || len(pods) != 2 || pods[0].name != "b" || pods[1].name != "c" || len(served.answers) != 0 {
		t.Errorf("%+v, %q; %d requests were not sent", pods, logs.version, len(served.answers))
	}
}

// A label value cannot be this long, so the workflow can have no pods.
func TestFindSendsNothingForLongNames(t *testing.T) {
	s := state(status.PhaseRunning)
	s.Name = strings.Repeat("x", 64)
	logs, err := (&Client{Pods: &pages{t: t}}).Find(t.Context(), s, Selection{})
	if err != nil || len(logs.Containers()) > 0 {
		t.Errorf("%v", err)
	}
}

// Without the nodes it is unknown which pods a selector selects.
func TestFindNeedsNodesToSelect(t *testing.T) {
	s := state(status.PhaseRunning)
	s.NodesErr = status.ErrNodesOffloaded
	_, err := (&Client{Pods: &pages{t: t}}).Find(t.Context(), s, Selection{Nodes: selector(t, "displayName=shard")})
	if err != status.ErrNodesOffloaded { //nolint:errorlint // returned as it is
		t.Error(err)
	}
}

func TestContainersAreSorted(t *testing.T) {
	logs := (&cluster{pods: podList(2, 3, "running")}).find(t, state(status.PhaseRunning))
	if got := logs.Containers(); !slices.Equal(got, []string{"c0", "c1", "c2"}) {
		t.Errorf("%q", got)
	}
}
