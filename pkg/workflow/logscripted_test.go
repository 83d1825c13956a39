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

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// loggedPods are two pods: of a node, and of one that the workflow doesn't have.
const loggedPods = `{"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"7"},"items":[
{"metadata":{"name":"known","uid":"p-1","annotations":{"workflows.argoproj.io/node-id":"w-4","workflows.argoproj.io/node-name":"w.other"}},
 "spec":{"restartPolicy":"Never","containers":[{"name":"main"}]},"status":{"phase":"Succeeded"}},
{"metadata":{"name":"unknown","uid":"p-2","annotations":{"workflows.argoproj.io/node-id":"w-9","workflows.argoproj.io/node-name":"w.lost"}},
 "spec":{"restartPolicy":"Never","containers":[{"name":"main"}]},"status":{"phase":"Succeeded"}}]}`

// loggedScript answers for a workflow with loggedPods, each of which has written its name.
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

// Of one that has completed, following shows what reading does.
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

// Without the nodes nobody can tell which pods a selector means.
func TestLogsOfNodesThatCannotBeReadAnyMore(t *testing.T) {
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
