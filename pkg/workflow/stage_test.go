package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// stage is a scripted API server with one workflow, and a controller that acts on it.
type stage struct {
	t       *testing.T
	obj     *unstructured.Unstructured
	version int
	began   time.Time
	log     []string // the requests, each with its time

	// acts is called before each request except the first.
	acts func(s *stage)
	// edited is the time of another client's last write.
	edited time.Time
	// fails returns the error of a request; kind is "get", "write" or "touch".
	fails func(kind string) error
}

// gateStage returns a stage whose workflow waits at a gate. If beside is not empty, it is the phase of
// another step beside the gate.
func gateStage(t *testing.T, beside string) *stage {
	obj := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u}
status:
  phase: Running
  startedAt: "2026-01-01T00:00:00Z"
  nodes:
    w: {id: w, name: w, type: Steps, phase: Running, children: [s]}
    s: {id: s, name: "w[0]", type: StepGroup, phase: Running, boundaryID: w, children: [g]}
    g: {id: g, name: "w[0].approve", displayName: approve, type: Suspend, phase: Running, boundaryID: w}
`)
	if beside != "" {
		_ = unstructured.SetNestedMap(obj.Object, map[string]any{
			"id": "b", "name": "w[0].beside", "type": "Pod", "phase": beside, "boundaryID": "w",
		}, "status", "nodes", "b")
	}
	s := &stage{t: t, obj: obj, version: 1, began: time.Now()}
	s.setVersion()
	return s
}

func (s *stage) setVersion() { s.obj.SetResourceVersion(strconv.Itoa(s.version)) }

// edit writes the workflow as another client.
func (s *stage) edit(change func(obj map[string]any)) {
	change(s.obj.Object)
	s.edited = time.Now()
	s.version++
	s.setVersion()
}

func (s *stage) client() *WorkflowClient { return scripted(s.t, s.answer) }

func (s *stage) answer(r *http.Request) (any, error) {
	if s.acts != nil && len(s.log) > 0 {
		s.acts(s)
	}
	if r.Method == http.MethodGet {
		s.record("get")
		if s.fails != nil {
			if err := s.fails("get"); err != nil {
				return nil, err
			}
		}
		return s.obj.DeepCopy(), nil
	}
	var sent map[string]any
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		return nil, err
	}
	asked, _, _ := unstructured.NestedString(sent, "metadata", "annotations", naming.AnnotationAsked)
	before, _, _ := unstructured.NestedString(s.obj.Object, "metadata", "annotations", naming.AnnotationAsked)
	kind := "write"
	if asked != before {
		kind = "touch"
	}
	s.record(kind)
	var err error
	if s.fails != nil {
		err = s.fails(kind)
	}
	if answer := apierrors.APIStatus(nil); errors.As(err, &answer) {
		return nil, err
	}
	if version, _, _ := unstructured.NestedString(sent, "metadata", "resourceVersion"); version != s.obj.GetResourceVersion() {
		return nil, apierrors.NewConflict(schema.GroupResource{Resource: "workflows"}, "w", errors.New("changed"))
	}
	if r.Method == http.MethodPut {
		s.obj.Object = sent
	} else {
		applyPatch(s.obj.Object, sent)
	}
	s.version++
	s.setVersion()
	return s.obj.DeepCopy(), err
}

// applyPatch applies a merge patch.
func applyPatch(target, patch map[string]any) {
	for key, value := range patch {
		fields, ok := value.(map[string]any)
		if value == nil {
			delete(target, key)
		} else if old, is := target[key].(map[string]any); ok && is {
			applyPatch(old, fields)
		} else {
			target[key] = value
		}
	}
}

func (s *stage) record(kind string) {
	s.log = append(s.log, fmt.Sprintf("%s@%d", kind, time.Since(s.began).Milliseconds()))
}

// sent returns the requests so far, each with its time in milliseconds.
func (s *stage) sent() string { return strings.Join(s.log, " ") }

// next is the controller's write when it acts: a step follows the gate.
func next(obj map[string]any) {
	_ = unstructured.SetNestedStringSlice(obj, []string{"s1"}, "status", "nodes", "g", "children")
}

// annotated is an unrelated write of another client.
func annotated(obj map[string]any) {
	_ = unstructured.SetNestedField(obj, time.Now().String(), "metadata", "annotations", "another")
}

// touched is a touch by another call.
func touched(obj map[string]any) {
	_ = unstructured.SetNestedField(obj, "1999-01-01T00:00:00Z", "metadata", "annotations", naming.AnnotationAsked)
}

// touchedAtOnce is a touch by another call that repeats a decision.
func touchedAtOnce(obj map[string]any) {
	_ = unstructured.SetNestedField(obj, "1999-01-01T00:00:00Z"+askedAtOnce, "metadata", "annotations", naming.AnnotationAsked)
}

func approve(ctx context.Context, c *WorkflowClient) error {
	_, err := c.Approve(ctx, "w", Decision{Gates: []string{"g"}})
	return err
}
