package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// script answers a request with an object or an error. An error of the API server is sent as its
// answer; any other error cuts the connection.
type script func(r *http.Request) (any, error)

// scripted returns a client whose API server plays a script, for faults that are rare on a real
// one.
func scripted(t *testing.T, play script) *WorkflowClient {
	t.Helper()
	return scriptedWith(t, Options{}, play)
}

func scriptedWith(t *testing.T, opts Options, play script) *WorkflowClient {
	t.Helper()
	c, err := NewForConfig(&rest.Config{Host: "http://script", Transport: scriptTransport(play)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func scriptTransport(play script) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		body, err := play(r)
		code := http.StatusOK
		var answer apierrors.APIStatus
		if errors.As(err, &answer) {
			s := answer.Status()
			s.Kind, s.APIVersion = "Status", "v1"
			body, code = s, int(s.Code)
		} else if err != nil {
			return nil, err
		}
		if stream, ok := body.(io.ReadCloser); ok {
			return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: stream}, nil
		}
		text, err := json.Marshal(body)
		return &http.Response{
			StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)),
		}, err
	})
}

// gateObject returns a workflow with one gate in the given phase.
func gateObject(t *testing.T, version, phase, message string) *unstructured.Unstructured {
	t.Helper()
	obj := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u}
status:
  phase: Running
  nodes: {g: {id: g, displayName: approve, type: Suspend, phase: `+phase+`, message: "`+message+`"}}
`)
	obj.SetResourceVersion(version)
	return obj
}

// The cause of a caller's context can be any error, even one that has a meaning here.
func TestCauseOfContextIsNoAnswer(t *testing.T) {
	elsewhere := apierrors.NewNotFound(schema.GroupResource{Resource: "buckets"}, "b")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := scripted(t, func(r *http.Request) (any, error) {
		switch {
		case r.Method == http.MethodDelete:
			return metav1.Status{Status: metav1.StatusSuccess}, nil
		case isWatch(r):
			cancel(elsewhere)
			return nil, context.Canceled
		}
		return gateObject(t, "1", "Running", ""), nil
	})
	if err := c.Delete(ctx, "w", DeleteOptions{Wait: true}); err == nil {
		t.Error("it is still there, and Delete succeeds")
	}
	if _, err := c.Get(ctx, "w"); err == nil || sentinelOf(err) != nil {
		t.Errorf("Get: %v", err)
	}
}

func TestLostCreateThatCannotBeLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		posts := 0
		_, err := scripted(t, func(r *http.Request) (any, error) {
			workflows := schema.GroupResource{Group: "argoproj.io", Resource: "workflows"}
			switch {
			case r.Method == http.MethodPost && posts == 0:
				posts++
				return nil, io.ErrUnexpectedEOF
			case r.Method == http.MethodPost:
				return nil, apierrors.NewAlreadyExists(workflows, "w")
			}
			return nil, apierrors.NewForbidden(workflows, "w", errors.New("create only"))
		}).Start(t.Context(), StartRequest{Template: "t"})
		if !errors.Is(err, ErrUnknownOutcome) || errors.Is(err, ErrForbidden) {
			t.Errorf("%v", err)
		}
	})
}

// A dead connection delivers neither events nor its end.
func TestSilentWatchIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		c := scripted(t, func(r *http.Request) (any, error) {
			if isWatch(r) {
				return silence{until: r.Context()}, nil
			}
			reads++
			obj := gateObject(t, "1", "Running", "")
			if reads > 1 {
				obj = gateObject(t, "2", "Succeeded", "")
				_ = unstructured.SetNestedField(obj.Object, "Succeeded", "status", "phase")
			}
			if r.URL.Query().Get("fieldSelector") != "" {
				return listOf("3", obj), nil
			}
			return obj, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		if s, err := c.Wait(ctx, "w", Completed); err != nil || s.Phase != status.PhaseSucceeded {
			t.Errorf("%v", err)
		}
	})
}

// listOf returns a list with the given resource version.
func listOf(version string, items ...*unstructured.Unstructured) *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{Object: map[string]any{
		"apiVersion": apiVersion, "kind": kind + "List", "metadata": map[string]any{"resourceVersion": version},
	}}
	for _, item := range items {
		list.Items = append(list.Items, *item)
	}
	return list
}

func isWatch(r *http.Request) bool { return apitest.IsWatch(r) }

// silence is a body that says nothing.
type silence struct{ until context.Context } //nolint:containedctx // stands in for a connection

func (s silence) Read([]byte) (int, error) {
	<-s.until.Done()
	return 0, s.until.Err()
}

func (silence) Close() error { return nil }

// Objects built in Go have ints and string maps. They are sent as the same JSON.
func TestCreateTakesGoValues(t *testing.T) {
	var sent map[string]any
	c := scripted(t, func(r *http.Request) (any, error) {
		return &sent, json.NewDecoder(r.Body).Decode(&sent)
	})
	obj := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "w", "labels": map[string]string{"a": "b"}},
		"spec":     map[string]any{"priority": 3, "templates": []map[string]any{{"name": "main"}}},
	}}
	if _, err := c.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"priority": 3.0, "templates": []any{map[string]any{"name": "main"}}}
	if !reflect.DeepEqual(sent["spec"], want) {
		t.Errorf("%v", sent)
	}
	obj.Object["spec"] = func() {}
	if _, err := c.Create(t.Context(), obj); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

func TestWhatWouldMeanEverythingIsRefused(t *testing.T) {
	c := scripted(t, func(*http.Request) (any, error) {
		t.Error("something was sent")
		return nil, io.EOF
	})
	for _, d := range []Decision{{}, {Gates: []string{}}, {Selector: ",", Message: "no"}, {Selector: ",,"}} {
		if _, err := c.Approve(t.Context(), "w", d); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", d, err)
		}
		if _, err := c.Reject(t.Context(), "w", d); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", d, err)
		}
	}
	if _, err := Any(Completed, nil)(&status.WorkflowStatus{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// An object that is not a Workflow doesn't end a list.
func TestListGoesOnAfterWhatItCannotRead(t *testing.T) {
	c := scripted(t, func(*http.Request) (any, error) {
		return fromYAML(t, `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowList
metadata: {resourceVersion: "9"}
items:
- {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: a}}
- {apiVersion: argoproj.io/v1alpha1, kind: Surprise, metadata: {name: b}}
- {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: c}, status: [odd]}
`), nil
	})
	var seen []string
	for s, err := range c.List(t.Context(), ListOptions{}) {
		var e *Error
		switch {
		case errors.As(err, &e):
			seen = append(seen, "not "+e.Name)
		default:
			seen = append(seen, s.Name)
		}
	}
	if got := strings.Join(seen, ", "); got != "a, not b, c" {
		t.Error(got)
	}
}
