package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// recorded calls do with a client that records events, and returns their reasons and messages.
func recorded(t *testing.T, do func(c *WorkflowClient)) (events []string) {
	t.Helper()
	do(scriptedWith(t, Options{EventSource: "migrator"}, func(r *http.Request) (any, error) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/events"):
			var event unstructured.Unstructured
			if err := json.NewDecoder(r.Body).Decode(&event.Object); err != nil {
				t.Error(err)
			}
			reason, _, _ := unstructured.NestedString(event.Object, "reason")
			message, _, _ := unstructured.NestedString(event.Object, "message")
			events = append(events, reason+": "+message)
			return event.Object, nil
		case r.Method == http.MethodPost, r.Method == http.MethodPatch:
			return gateObject(t, "2", "Running", ""), nil
		case strings.Contains(r.URL.Path, "template"):
			return nil, apierrors.NewForbidden(schema.GroupResource{}, "it", nil) // so that the template isn't checked
		}
		return gateObject(t, "1", "Running", ""), nil
	}))
	return events
}

func TestEvents(t *testing.T) {
	for name, tc := range map[string]struct {
		do   func(ctx context.Context, c *WorkflowClient) error
		want string
	}{
		"a start": {func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Start(ctx, StartRequest{Template: "it", Parameters: map[string]any{"password": "hunter2"}})
			return err
		}, `WorkflowStarted: Started from workflowtemplate "it"`},
		"of a cluster's template": {func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Start(ctx, StartRequest{Template: "it", ClusterScope: true})
			return err
		}, `WorkflowStarted: Started from clusterworkflowtemplate "it"`},
		"of a manifest": {func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Start(ctx, StartRequest{Manifest: []byte("{kind: Workflow, metadata: {name: w}, spec: {entrypoint: a, templates: [{name: a, suspend: {}}]}}")})
			return err
		}, "WorkflowStarted: Started from the manifest"},
		"a dry run": {func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Start(ctx, StartRequest{Template: "it", DryRun: true})
			return err
		}, ""},
		"a suspension": {func(ctx context.Context, c *WorkflowClient) error { return c.Suspend(ctx, "w", SuspendOptions{}) },
			"WorkflowSuspended: Suspended as a whole"},
		"a gate": {func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, "w", ResumeOptions{})
			return err
		}, "WorkflowResumed: Gates passed: approve"},
		"nothing to resume": {func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, "w", ResumeOptions{KeepGates: true})
			return err
		}, ""},
		"a rejection": {func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Reject(ctx, "w", Decision{Selector: "displayName=approve", Message: "no"})
			return err
		}, "WorkflowGatesRejected: Gates rejected: approve"},
		"a stop": {func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, "w", StopOptions{}) },
			"WorkflowStopped: Asked to end, with its exit handlers"},
		"a termination": {func(ctx context.Context, c *WorkflowClient) error {
			return c.Terminate(ctx, "w", TerminateOptions{})
		}, "WorkflowTerminated: Asked to end without its exit handlers"},
		"a read": {func(ctx context.Context, c *WorkflowClient) error { _, err := c.Get(ctx, "w"); return err }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // follow-ups take no real time in a bubble
				told := recorded(t, func(c *WorkflowClient) {
					if err := tc.do(t.Context(), c); err != nil {
						t.Error(err)
					}
				})
				if got := strings.Join(told, "; "); got != tc.want {
					t.Errorf("%s", got)
				}
			})
		})
	}
}

// An event that can't be recorded, or not soon, doesn't make its operation fail.
func TestEventsThatAreLost(t *testing.T) {
	for name, answer := range map[string]func(r *http.Request) error{
		"forbidden": func(*http.Request) error {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "events"}, "", nil)
		},
		"no answer": func(r *http.Request) error { <-r.Context().Done(); return r.Context().Err() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &recorder{}
				c := scriptedWith(t, Options{EventSource: "migrator", Observer: r}, func(req *http.Request) (any, error) {
					if strings.HasSuffix(req.URL.Path, "/events") {
						return nil, answer(req)
					}
					return gateObject(t, "1", "Running", ""), nil
				})
				began := time.Now()
				if err := c.Stop(t.Context(), "w", StopOptions{}); err != nil {
					t.Fatal(err)
				}
				followedUp := 1500 * time.Millisecond // the follow-up, because nothing shows that the controller has acted
				if took := time.Since(began); took > createEventWithin+followedUp {
					t.Errorf("it took %v", took)
				}
				lost := noted[EventNotRecorded](r)
				if len(lost) != 1 || lost[0].Op != OpStop || lost[0].Name != "w" || lost[0].Err == nil {
					t.Errorf("%+v", lost)
				}
			})
		})
	}
}

// A message omits the loop items in the names of gates, and its length is bounded.
func TestEventMessages(t *testing.T) {
	for name, want := range map[string]string{
		"approve":                     "approve",
		"approve(0:password:hunter2)": "approve(0)",
		"approve(12:{a: (b)})(1)":     "approve(12)",
		"a: b":                        "a: b",
		strings.Repeat("long-", 300):  strings.Repeat("long-", 300),
	} {
		got := gateNames([]*status.Node{{DisplayName: name}})
		if got != want {
			t.Errorf("%q is reported as %q", name, got)
		}
		if text := shortened("Gates passed: " + got); len(text) > 1024 || len(got) > 1024 == strings.HasSuffix(text, got) {
			t.Errorf("%d bytes", len(text))
		}
	}
	if text := shortened("Gates passed: a\x1b[2K\nb"); text != `Gates passed: a\u001b[2K\nb` {
		t.Errorf("%q", text)
	}
}

// The context ends after the answer to the request is lost. A last read finds that the request
// succeeded.
func TestEventOfLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made *unstructured.Unstructured
		events := 0
		ctx, cancel := context.WithCancel(t.Context())
		c := scriptedWith(t, Options{EventSource: "migrator"}, func(req *http.Request) (any, error) {
			switch {
			case strings.HasSuffix(req.URL.Path, "/events"):
				events++
				return map[string]any{}, nil
			case req.Method == http.MethodPost:
				made = &unstructured.Unstructured{}
				if err := json.NewDecoder(req.Body).Decode(&made.Object); err != nil {
					t.Error(err)
				}
				cancel()
				return nil, io.ErrUnexpectedEOF
			}
			return made, nil
		})
		if _, err := c.Start(ctx, StartRequest{Template: "it", SkipTemplateCheck: true}); err != nil || events != 1 {
			t.Errorf("%v, and %d events", err, events)
		}
	})
}

func TestEventSource(t *testing.T) {
	for source, ok := range map[string]bool{"": true, "migrator": true, "example.com/migrator": true, "no spaces": false, "-": false} {
		_, err := NewForConfig(&rest.Config{Host: "http://script"}, Options{EventSource: source})
		if ok != (err == nil) || !ok && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "options.eventSource")) {
			t.Errorf("%q: %v", source, err)
		}
	}
}

// Annotations from Options are added to the workflow. Those of the request take precedence.
func TestStartAnnotations(t *testing.T) {
	r := &recorder{}
	bad, value := "", "x"
	var got map[string]string
	c := scriptedWith(t, Options{Observer: r, StartAnnotations: func(ctx context.Context) map[string]string {
		if bad != "" {
			return map[string]string{bad: value}
		}
		return map[string]string{"trace": fmt.Sprint(ctx.Value(opKey{})), "owner": "outside"}
	}}, func(req *http.Request) (any, error) {
		if req.Method == http.MethodPost {
			var sent unstructured.Unstructured
			if err := json.NewDecoder(req.Body).Decode(&sent.Object); err != nil {
				t.Error(err)
			}
			got = sent.GetAnnotations()
			return sent.Object, nil
		}
		return nil, apierrors.NewNotFound(schema.GroupResource{Group: naming.Group, Resource: "workflows"}, "w")
	})
	request := StartRequest{
		Template: "it", SkipTemplateCheck: true, IdempotencyKey: "k", Annotations: map[string]string{"owner": "request"},
	}
	if _, err := c.Start(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	made := func() claimRecord {
		return readClaim(&metav1.ObjectMeta{Name: startname.OfKey(request.IdempotencyKey), Annotations: got})
	}
	mark := made()
	if got["trace"] != "start" || got["owner"] != "request" || mark.Request == "" {
		t.Errorf("%v", got)
	}
	bare := scripted(t, func(req *http.Request) (any, error) {
		if req.Method == http.MethodPost {
			var sent unstructured.Unstructured
			_ = json.NewDecoder(req.Body).Decode(&sent.Object)
			got = sent.GetAnnotations()
			return sent.Object, nil
		}
		return nil, apierrors.NewNotFound(schema.GroupResource{Group: naming.Group, Resource: "workflows"}, "w")
	})
	if _, err := bare.Start(t.Context(), request); err != nil || made().Request != mark.Request {
		t.Errorf("without them it is another request: %v, %v", got, err)
	}
	value = "{{workflow.parameters.password}}" // e.g. a trace of the caller's
	bad = "trace"
	if _, err := c.Start(t.Context(), request); err == nil || strings.Join(fieldsOf(t, err), " ") != "options.startAnnotations[trace]" {
		t.Errorf("an expression: %v", err)
	}
	value = "x"
	for _, bad = range []string{"no spaces", naming.AnnotationStart, naming.AnnotationRetryID, naming.AnnotationAsked, naming.AnnotationDecisions} {
		if _, err := c.Start(t.Context(), request); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "options.startAnnotations") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A resubmitted workflow gets its own start annotations, whatever it copies from the old workflow.
func TestStartAnnotationsOfResubmit(t *testing.T) {
	var got map[string]string
	c := scriptedWith(t, Options{StartAnnotations: func(context.Context) map[string]string {
		return map[string]string{"example.com/trace": "new", "example.com/owner": "outside"}
	}}, func(req *http.Request) (any, error) {
		if req.Method == http.MethodPost {
			var sent unstructured.Unstructured
			if err := json.NewDecoder(req.Body).Decode(&sent.Object); err != nil {
				t.Error(err)
			}
			got = sent.GetAnnotations()
			return sent.Object, nil
		}
		return workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u, resourceVersion: "1", annotations: {example.com/trace: old, example.com/kept: "yes"}}
spec: {entrypoint: a, templates: [{name: a, suspend: {}}]}
status: {phase: Succeeded}
`), nil
	})
	if _, err := c.Resubmit(t.Context(), "w", ResubmitOptions{Annotations: map[string]string{"example.com/owner": "request"}}); err != nil {
		t.Fatal(err)
	}
	if got["example.com/trace"] != "new" || got["example.com/kept"] != "yes" || got["example.com/owner"] != "request" {
		t.Errorf("%v", got)
	}
}
