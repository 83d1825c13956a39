package workflow

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestLabelValue(t *testing.T) {
	for text, want := range map[string]string{
		"ops":                         "ops",
		"ops@example.com":             "ops-example.com",
		"CN=Ann Müller,OU=x":          "CN-Ann-M-ller-OU-x",
		"--.ann_":                     "ann",
		"日本":                          "",
		strings.Repeat("x", 63) + "y": strings.Repeat("x", 62) + "y",
		strings.Repeat("x", 3) + strings.Repeat("@", 5) + strings.Repeat("y", 60): strings.Repeat("y", 60),
	} {
		if got := labelValue(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestActorLabels(t *testing.T) {
	const prefix = "workflows.argoproj.io/"
	before := map[string]string{prefix + "actor": "eve", prefix + "actor-preferred-username": "eve", prefix + "creator": "ann"}
	for by, want := range map[string]map[string]any{
		"":         {prefix + "actor": nil, prefix + "actor-preferred-username": nil},
		"bob":      {prefix + "actor": "bob", prefix + "actor-preferred-username": nil, prefix + "action": "Resume"},
		"bob@x.io": {prefix + "actor": "bob-x.io", prefix + "actor-email": "bob.at.x.io", prefix + "actor-preferred-username": nil, prefix + "action": "Resume"},
		"a@b@c":    {prefix + "actor": "a-b-c", prefix + "actor-preferred-username": nil, prefix + "action": "Resume"},
	} {
		if got := actorLabels(by, "Resume", before); !maps.Equal(got, want) {
			t.Errorf("%q: %v", by, got)
		}
	}
	if got := actorLabels("", "Resume", nil); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

// Another client decides while the response to our decision is lost. Its decision must not count as
// ours, even if it is the same one: ours is then a repetition. Ours counts, whatever others do after it.
func TestLostDecisions(t *testing.T) {
	ours := Decision{Gates: []string{"g"}, Message: "ours"}
	theirs := func(phase, message string) func(obj map[string]any) {
		return func(obj map[string]any) {
			_ = unstructured.SetNestedField(obj, phase, "status", "nodes", "g", "phase")
			_ = unstructured.SetNestedField(obj, message, "status", "nodes", "g", "message")
			ids, _, _ := unstructured.NestedString(obj, "metadata", "annotations", naming.AnnotationDecisions)
			_ = unstructured.SetNestedField(obj, strings.TrimSpace(ids+" "+newDecisionID()), "metadata", "annotations", naming.AnnotationDecisions)
		}
	}
	offloaded := func(obj map[string]any) {
		unstructured.RemoveNestedField(obj, "status", "nodes")
		_ = unstructured.SetNestedField(obj, "fnv:1", "status", "offloadNodeStatusVersion")
	}
	for name, tc := range map[string]struct {
		written bool
		then    func(obj map[string]any) // nil: nothing
		call    func(context.Context, *WorkflowClient) (*DecisionResult, error)
		want    error
		gates   int
	}{
		"a rejection, and an approval":      {false, theirs("Succeeded", "theirs"), rejecting(ours), ErrNotSuspended, 0},
		"an approval, and a rejection":      {false, theirs("Failed", "theirs"), approving(ours), ErrNotSuspended, 0},
		"a rejection, and another one":      {false, theirs("Failed", "theirs"), rejecting(ours), nil, 0},
		"an approval, and another one":      {false, theirs("Succeeded", "theirs"), approving(ours), nil, 0},
		"an approval, and the same one":     {false, theirs("Succeeded", "ours"), approving(ours), nil, 0},
		"a rejection, and the same one":     {false, theirs("Failed", "ours"), rejecting(ours), nil, 0},
		"a rejection that was written":      {true, nil, rejecting(ours), nil, 1},
		"an approval that was written":      {true, nil, approving(ours), nil, 1},
		"one that was written, and another": {true, theirs("Succeeded", "ours"), approving(ours), nil, 1},
		"one that was not written, again":   {false, nil, approving(ours), nil, 1},
		"one that was written, offloaded":   {true, offloaded, rejecting(ours), nil, 1},
		"one that was not, offloaded":       {false, offloaded, rejecting(ours), ErrNodesOffloaded, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				result, err := tc.call(t.Context(), losing(gateStage(t, ""), tc.written, tc.then))
				if !errors.Is(err, tc.want) || errors.Is(err, ErrUnknownOutcome) || err == nil && len(result.Gates) != tc.gates {
					t.Errorf("%+v, %v", result, err)
				}
			})
		})
	}
}

// losing returns a client of a stage, the response to whose first write is lost. written says whether
// that write was made, and then what another client writes after it.
func losing(s *stage, written bool, then func(obj map[string]any)) *WorkflowClient {
	lost := false
	return scripted(s.t, func(r *http.Request) (any, error) {
		if r.Method != http.MethodPatch || lost {
			return s.answer(r)
		}
		lost = true
		if written {
			if _, err := s.answer(r); err != nil {
				return nil, err
			}
		}
		if then != nil {
			s.edit(then)
		}
		return nil, io.ErrUnexpectedEOF
	})
}

// A Resume knows its own write in the same way.
func TestLostResumes(t *testing.T) {
	resumedByOther := func(obj map[string]any) {
		unstructured.RemoveNestedField(obj, "spec", "suspend")
		_ = unstructured.SetNestedField(obj, "Succeeded", "status", "nodes", "g", "phase")
	}
	for _, keepGates := range []bool{false, true} {
		for written, then := range map[bool]func(obj map[string]any){true: nil, false: resumedByOther} {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, "")
				_ = unstructured.SetNestedField(s.obj.Object, true, "spec", "suspend")
				result, err := losing(s, written, then).Resume(t.Context(), "w", ResumeOptions{KeepGates: keepGates})
				if err != nil || result.Unsuspended != written || (len(result.Gates) == 1) != (written && !keepGates) {
					t.Errorf("written %v, keep gates %v: %+v, %v", written, keepGates, result, err)
				}
			})
		}
	}
}

// A workflow keeps the IDs of its last decisions. What others have written there is not kept.
func TestDecisionIDsAreBounded(t *testing.T) {
	s := &status.WorkflowStatus{Annotations: map[string]string{naming.AnnotationDecisions: "x " + strings.Repeat("y", 10_000)}}
	var made []string
	for range 3 * mostDecisionIDs {
		d := &decision{id: newDecisionID()}
		made = append(made, d.id)
		s.Annotations[naming.AnnotationDecisions], _, _ = unstructured.NestedString(d.metadata(s), "annotations", naming.AnnotationDecisions)
		if did, err := d.tookEffect(s); !did || err != nil {
			t.Fatalf("%v, %v", did, err)
		}
	}
	if got, want := decisionIDs(s.Annotations), made[len(made)-mostDecisionIDs:]; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
