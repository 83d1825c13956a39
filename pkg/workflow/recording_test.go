package workflow

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// notebook is a Recorder that writes down its calls. Its history must not be asked.
type notebook struct {
	History

	calls     []string
	decisions []DecisionRecord
}

func (n *notebook) Observed(_ context.Context, s *status.WorkflowStatus) {
	n.calls = append(n.calls, "observed "+string(s.Phase)+" "+s.ResourceVersion)
}

func (n *notebook) Decided(_ context.Context, d DecisionRecord) { n.decisions = append(n.decisions, d) }

func TestStatesAreRecorded(t *testing.T) {
	n := &notebook{}
	phase := "Running"
	c := scriptedWith(t, Options{History: n}, func(r *http.Request) (any, error) {
		if isWatch(r) {
			phase = "Succeeded"
			return nil, apierrors.NewResourceExpired("look again")
		}
		version := map[string]string{"Running": "1", "Succeeded": "2"}[phase]
		obj := gateObject(t, version, "Succeeded", "")
		_ = unstructured.SetNestedField(obj.Object, phase, "status", "phase")
		if r.URL.Query().Get("fieldSelector") != "" {
			return listOf("3", obj), nil
		}
		return obj, nil
	})
	if _, err := c.Get(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if len(n.calls) > 0 {
		t.Errorf("a Get of one that runs: %q", n.calls)
	}
	if _, err := c.Wait(t.Context(), "w", Completed); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if want := []string{"observed Running 1", "observed Succeeded 2", "observed Succeeded 2"}; !slices.Equal(n.calls, want) {
		t.Errorf("%q", n.calls)
	}
}

func TestDecisionsAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		s.acts = func(s *stage) {
			if phase, _, _ := unstructured.NestedString(s.obj.Object, "status", "nodes", "g", "phase"); phase == "Succeeded" {
				s.edit(next)
			}
		}
		n := &notebook{}
		c := scriptedWith(t, Options{History: n}, s.answer)
		if _, err := c.Approve(t.Context(), "w", Decision{Gates: []string{"approve"}, By: "jo", Message: "looks right"}); err != nil {
			t.Fatal(err)
		}
		if len(n.decisions) != 1 {
			t.Fatalf("%v", n.decisions)
		}
		d := n.decisions[0]
		if d.Op != OpApprove || d.Namespace != "ma" || d.Name != "w" || d.UID != "u" || d.By != "jo" ||
			d.Message != "looks right" || len(d.Gates) != 1 || d.Gates[0].ID != "g" || d.At.IsZero() {
			t.Errorf("%+v", d)
		}
		if _, err := c.Approve(t.Context(), "w", Decision{Gates: []string{"approve"}, By: "al", Message: "me too"}); err != nil {
			t.Fatal(err)
		}
		if len(n.decisions) != 1 {
			t.Errorf("a repetition was recorded: %+v", n.decisions)
		}
	})
}

// The end that was recorded before a Retry is not one any more.
func TestRetryIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		_ = unstructured.SetNestedField(s.obj.Object, "Failed", "status", "phase")
		_ = unstructured.SetNestedField(s.obj.Object, "1999-01-01T00:00:00Z", "status", "finishedAt")
		for _, id := range []string{"w", "s", "g"} {
			_ = unstructured.SetNestedField(s.obj.Object, "Failed", "status", "nodes", id, "phase")
		}
		n := &notebook{}
		c := scriptedWith(t, Options{History: n}, s.answer)
		retried, err := c.Retry(t.Context(), "w", RetryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"observed Running " + retried.ResourceVersion}; !slices.Equal(n.calls, want) {
			t.Errorf("%q", n.calls)
		}
	})
}

// A history that has only a part of a workflow can show it, and cannot run it again.
func TestAbridgedWorkflow(t *testing.T) {
	s := newCollecting(t)
	c := clientOf(t, s.Server, Options{History: s.historyStore})
	first, err := c.Start(t.Context(), keyed())
	if err != nil {
		t.Fatal(err)
	}
	s.collect(first.Name, monday)
	s.kept[0].SetAnnotations(overlaid(s.kept[0].GetAnnotations(), map[string]string{naming.AnnotationAbridged: "spec\x1b"}))
	if found, err := c.Get(t.Context(), first.Name); err != nil || found.Source != status.SourceHistory {
		t.Errorf("%+v, %v", found, err)
	}
	_, err = c.Resubmit(t.Context(), first.Name, ResubmitOptions{})
	if !errors.Is(err, ErrUnsupported) || strings.Contains(err.Error(), "\x1b") || s.made != 1 {
		t.Errorf("%v, %d runs", err, s.made)
	}
}
