package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/podlogs"
)

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

// runningPods is a pod with two running containers.
const runningPods = `{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"7"},"items":[
{"metadata":{"name":"p","uid":"p-1","annotations":{"workflows.argoproj.io/node-id":"w-4"}},
 "spec":{"restartPolicy":"Never","containers":[{"name":"main"},{"name":"wait"}]},
 "status":{"phase":"Running","containerStatuses":[
  {"name":"main","state":{"running":{"startedAt":"2026-11-23T10:00:00Z"}}},
  {"name":"wait","state":{"running":{"startedAt":"2026-11-23T10:00:00Z"}}}]}}]}`

// loggedPods are two pods: one of a node, and one whose node is not in the workflow.
const loggedPods = `{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"7"},"items":[
{"metadata":{"name":"known","uid":"p-1","annotations":{"workflows.argoproj.io/node-id":"w-4","workflows.argoproj.io/node-name":"w.other"}},
 "spec":{"restartPolicy":"Never","containers":[{"name":"main"}]},"status":{"phase":"Succeeded"}},
{"metadata":{"name":"unknown","uid":"p-2","annotations":{"workflows.argoproj.io/node-id":"w-9","workflows.argoproj.io/node-name":"w.lost"}},
 "spec":{"restartPolicy":"Never","containers":[{"name":"main"}]},"status":{"phase":"Succeeded"}}]}`

// loggedScript answers for a workflow with loggedPods. The log of each pod is its name.
func loggedScript(workflow *unstructured.Unstructured, events ...*unstructured.Unstructured) script {
	return func(r *http.Request) (any, error) {
		watched := isWatch(r)
		switch path := r.URL.Path; {
		case strings.HasSuffix(path, "/log"):
			pod := strings.Split(path, "/")[6]
			return io.NopCloser(strings.NewReader("2026-11-23T10:00:00Z " + pod + "\n")), nil
		case strings.HasSuffix(path, "/pods") && !watched:
			return json.RawMessage(loggedPods), nil
		case strings.HasSuffix(path, "/workflows") && watched:
			var text bytes.Buffer
			for _, obj := range events {
				if err := json.NewEncoder(&text).Encode(map[string]any{"type": "MODIFIED", "object": obj}); err != nil {
					return nil, err
				}
			}
			return io.NopCloser(io.MultiReader(&text, untilDone{r.Context()})), nil
		case watched:
			return silence{until: r.Context()}, nil
		}
		return workflow, nil
	}
}

func logged(t *testing.T, ctx context.Context, c *WorkflowClient, opts LogOptions) ([]string, error) {
	t.Helper()
	var got []string
	for line, err := range c.Logs(ctx, "w", opts) {
		if err != nil {
			return got, err
		}
		got = append(got, line.Text)
	}
	slices.Sort(got)
	return got, nil
}

// readAllLogs follows the logs to their end and returns the error.
func readAllLogs(ctx context.Context, c *WorkflowClient) error {
	for _, err := range c.Logs(ctx, "w", LogOptions{Follow: true}) {
		if err != nil {
			return err
		}
	}
	return nil
}

// untilDone is a connection that delivers nothing.
type untilDone struct{ ctx context.Context }

func (u untilDone) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestLogOptionsAreChecked(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		field string // "" if the options are valid
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
		selection, err := tc.opts.selection("w", now)
		var invalid *InvalidError
		switch {
		case tc.field == "":
			if err != nil || !tc.opts.SinceTime.IsZero() && selection.Since != now || tc.opts.Since != 0 && selection.Since != now.Add(-time.Hour) {
				t.Errorf("%+v: %v, %+v", tc.opts, err, selection)
			}
		case !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != tc.field:
			t.Errorf("%+v: %v, want a problem with %s", tc.opts, err, tc.field)
		}
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

func TestSelectionThatMatchesNothing(t *testing.T) {
	phase := "Succeeded"
	c := scripted(t, func(r *http.Request) (any, error) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/pods"):
			return fromYAML(t, `
apiVersion: v1
kind: PodList
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: p, uid: u-p, annotations: {workflows.argoproj.io/node-id: n}, ownerReferences: [{uid: u}]}
  spec: {containers: [{name: main}, {name: wait}]}
  status: {phase: Succeeded}
`), nil
		case strings.HasSuffix(r.URL.Path, "/log"):
			return nil, errors.New("read")
		}
		return workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u, resourceVersion: "1"}
status: {phase: `+phase+`, nodes: {n: {id: n, displayName: setup, type: Pod, phase: Succeeded}}}
`), nil
	})
	c.retryFor = -1
	for _, phase = range []string{"Succeeded", "Running"} {
		for field, opts := range map[string]LogOptions{
			"selector":      {Selector: "displayName=stup"},
			"containers[0]": {Containers: []string{"mainn"}},
			"":              {Selector: "displayName=setup", Containers: []string{"main"}},
		} {
			var bad *InvalidError
			refused := false
			for _, err := range c.Logs(t.Context(), "w", opts) {
				refused = errors.As(err, &bad) && bad.Problems[0].Field == field
			}
			if want := phase == "Succeeded" && field != ""; refused != want {
				t.Errorf("%s, %q: refused: %v", phase, field, refused)
			}
		}
	}
}

// For a completed workflow, following yields the same lines as reading.
func TestLogsOfCompletedAreTheSameFollowed(t *testing.T) {
	obj := workflowObject(t, loggedYAML)
	if err := unstructured.SetNestedField(obj.Object, "Succeeded", "status", "phase"); err != nil {
		t.Fatal(err)
	}
	for _, follow := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			got, err := logged(t, t.Context(), scripted(t, loggedScript(obj)), LogOptions{Follow: follow})
			if want := []string{"known", "unknown"}; err != nil || !slices.Equal(got, want) {
				t.Errorf("follow %v: %q, %v, want %q", follow, got, err, want)
			}
		})
	}
}

// Without the nodes it is unknown which pods a selector selects.
func TestLogsOfNodesThatBecomeUnreadable(t *testing.T) {
	for name, field := range map[string]string{"offloaded": "offloadNodeStatusVersion", "corrupt": "compressedNodes"} {
		for _, phase := range []string{"Running", "Succeeded"} {
			t.Run(name+" "+phase, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					later := workflowObject(t, loggedYAML)
					later.SetResourceVersion("8")
					unstructured.RemoveNestedField(later.Object, "status", "nodes")
					for at, value := range map[string]string{field: "none", "phase": phase} {
						if err := unstructured.SetNestedField(later.Object, value, "status", at); err != nil {
							t.Fatal(err)
						}
					}
					ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
					defer cancel()
					c := scripted(t, loggedScript(workflowObject(t, loggedYAML), later))
					got, err := logged(t, ctx, c, LogOptions{Follow: true, Selector: "displayName=shard"})
					if err == nil || len(got) > 0 || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrNodesOffloaded) != (name == "offloaded") {
						t.Errorf("%q, %v", got, err)
					}
				})
			})
		}
	}
}

// A pod that is deleted before its log is read is reported after all lines of the others.
func TestLogsOfPodsThatAreDeletedMeanwhile(t *testing.T) {
	obj := workflowObject(t, loggedYAML)
	if err := unstructured.SetNestedField(obj.Object, "Succeeded", "status", "phase"); err != nil {
		t.Fatal(err)
	}
	play := loggedScript(obj)
	for _, follow := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := scripted(t, func(r *http.Request) (any, error) {
				if strings.HasSuffix(r.URL.Path, "/pods/known/log") {
					return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, "known")
				}
				return play(r)
			})
			got, err := logged(t, t.Context(), c, LogOptions{Follow: follow})
			var incomplete *LogsIncompleteError
			if !errors.Is(err, ErrLogsIncomplete) || !errors.As(err, &incomplete) ||
				!slices.Equal(incomplete.Missing, []MissingLog{{Pod: "known", Container: "main"}}) || !strings.Contains(err.Error(), "known/main") {
				t.Errorf("follow %v: %v", follow, err)
			}
			if want := []string{"unknown"}; !slices.Equal(got, want) {
				t.Errorf("follow %v: %q, want %q", follow, got, want)
			}
		})
	}
}

// An error of a log matches one sentinel.
func TestErrorsOfLogs(t *testing.T) {
	missing := []podlogs.Missing{{Pod: "p", Container: "main"}}
	for name, tc := range map[string]struct {
		err  error
		want error // nil: no sentinel matches
	}{
		"incomplete":             {&podlogs.IncompleteError{Missing: missing}, ErrLogsIncomplete},
		"incomplete and deleted": {&podlogs.IncompleteError{Missing: missing, Err: &DeletedError{Err: ErrDeleted}}, ErrDeleted},
		"deleted":                {&DeletedError{Err: ErrDeleted}, ErrDeleted},
		"a lost file":            {&podlogs.UnavailableError{Err: apierrors.NewBadRequest("failed to open log file")}, ErrUnavailable},
		"a broken connection":    {&podlogs.UnavailableError{Err: io.ErrUnexpectedEOF}, ErrUnavailable},
		"forbidden":              {apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "p", errors.New("no")), ErrForbidden},
		"offloaded":              {status.ErrNodesOffloaded, ErrNodesOffloaded},
		"of the consumer":        {errors.New("odd"), nil},
	} {
		err := newError(OpLogs, "ns", "w", logsError(tc.err))
		for _, sentinel := range sentinels() {
			if errors.Is(err, sentinel) != (sentinel == tc.want) { //nolint:errorlint // a sentinel, not a chain
				t.Errorf("%s: %v: is %v", name, err, sentinel)
			}
		}
	}
}

// If the context ends while logs are followed, the error has the last state.
func TestFollowedLogsEndWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		later := workflowObject(t, loggedYAML)
		later.SetResourceVersion("8")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := logged(t, ctx, scripted(t, loggedScript(workflowObject(t, loggedYAML), later)), LogOptions{Follow: true})
		var waited *WaitError
		if !errors.As(err, &waited) || !errors.Is(err, context.DeadlineExceeded) || waited.Last == nil || waited.Last.ResourceVersion != "8" {
			t.Errorf("%v", err)
		}
	})
}
