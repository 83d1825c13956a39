package workflow

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// longNamed returns a workflow with a name that only other clients use. Its node claims to be a
// pod.
func longNamed(t *testing.T, phase string) *unstructured.Unstructured {
	t.Helper()
	obj := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {namespace: ma, uid: u, resourceVersion: "1"}
spec: {entrypoint: main, templates: [{name: main, suspend: {}}]}
status:
  phase: `+phase+`
  finishedAt: "1999-01-01T00:00:00Z"
  nodes:
    `+longName+`: {id: `+longName+`, name: `+longName+`, type: Steps, phase: `+phase+`, children: [g, p]}
    g: {id: g, displayName: approve, type: Suspend, phase: `+phase+`, boundaryID: `+longName+`}
    p: {id: p, name: `+longName+`.p, type: Pod, phase: `+phase+`, boundaryID: `+longName+`}
`)
	obj.SetName(longName)
	return obj
}

var longName = strings.Repeat("long-", 19) + "named"

// The API server accepts names of up to 253 characters. Argo's controller fails a workflow whose
// name is longer than 63. Such a workflow has no pods, and its name does not fit into a label
// selector.
func TestWorkflowsWithLongNames(t *testing.T) {
	logs := func(follow bool) func(ctx context.Context, c *WorkflowClient) error {
		return func(ctx context.Context, c *WorkflowClient) error {
			for _, err := range c.Logs(ctx, longName, LogOptions{Follow: follow}) {
				return err
			}
			return nil
		}
	}
	for name, tc := range map[string]struct {
		phase string
		call  func(ctx context.Context, c *WorkflowClient) error
	}{
		"get": {"Failed", func(ctx context.Context, c *WorkflowClient) error { _, err := c.Get(ctx, longName); return err }},
		"wait": {"Failed", func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Wait(ctx, longName, Completed)
			return err
		}},
		"suspend": {"Running", func(ctx context.Context, c *WorkflowClient) error { return c.Suspend(ctx, longName, SuspendOptions{}) }},
		"stop":    {"Running", func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, longName, StopOptions{}) }},
		"terminate": {"Running", func(ctx context.Context, c *WorkflowClient) error {
			return c.Terminate(ctx, longName, TerminateOptions{})
		}},
		"delete": {"Failed", func(ctx context.Context, c *WorkflowClient) error { return c.Delete(ctx, longName, DeleteOptions{}) }},
		"retry": {"Failed", func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Retry(ctx, longName, RetryOptions{})
			return err
		}},
		"logs":   {"Failed", logs(false)},
		"follow": {"Failed", logs(true)},
		"resume": {"Running", func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, longName, ResumeOptions{})
			return err
		}},
		"approve": {"Running", func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Approve(ctx, longName, Decision{Gates: []string{"g"}})
			return err
		}},
		"watch": {"Failed", func(ctx context.Context, c *WorkflowClient) error {
			for _, err := range c.Watch(ctx, longName) {
				return err
			}
			return nil
		}},
		"resubmit": {"Failed", func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resubmit(ctx, longName, ResubmitOptions{})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				obj := longNamed(t, tc.phase)
				c := scripted(t, func(r *http.Request) (any, error) {
					switch {
					case strings.HasSuffix(r.URL.Path, "/pods"):
						t.Errorf("%s %s: it can have no pods", r.Method, r.URL)
					case r.Method == http.MethodPost:
						created := &unstructured.Unstructured{}
						if err := json.NewDecoder(r.Body).Decode(&created.Object); err != nil {
							return nil, err
						}
						if len(created.GetName()) > naming.MaxLength || created.GetLabels()[naming.LabelResubmitted] != "" {
							t.Errorf("created %q with labels %q", created.GetName(), created.GetLabels())
						}
						return created, nil
					case isWatch(r):
						return io.NopCloser(untilDone{r.Context()}), nil
					case r.Method == http.MethodDelete:
						return metav1.Status{Status: metav1.StatusSuccess}, nil
					}
					return obj, nil
				})
				if err := tc.call(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// The copy of a suspended workflow is not suspended.
func TestResubmitIsNotSuspended(t *testing.T) {
	old := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u}
spec: {suspend: true, shutdown: Stop, entrypoint: main, templates: [{name: main, suspend: {}}]}
`)
	d, err := resubmission(old)
	if err != nil {
		t.Fatal(err)
	}
	spec := d.obj.Object["spec"].(map[string]any)
	for _, key := range []string{"suspend", "shutdown"} {
		if value, there := spec[key]; there {
			t.Errorf("%s: %v", key, value)
		}
	}
	if suspended, _, _ := unstructured.NestedBool(old.Object, "spec", "suspend"); !suspended {
		t.Error("the old one was changed")
	}
}
