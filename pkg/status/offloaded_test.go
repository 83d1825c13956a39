package status_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func offloadedObject(nodes string) string {
	return `{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":"w","namespace":"ma","uid":"u"},` +
		`"status":{"phase":"Running","offloadNodeStatusVersion":"fnv:7"` + nodes + `}}`
}

// read reads an object in each way that takes a context.
func read(ctx context.Context, t *testing.T, d status.NodeDecoders, text string) map[string]*status.WorkflowStatus {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	fromJSON, err := d.FromJSONContext(ctx, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	fromObject, err := d.FromUnstructuredContext(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*status.WorkflowStatus{"JSON": fromJSON, "object": fromObject}
}

func TestNodesFromAStore(t *testing.T) {
	const gate = `{"g":{"id":"g","name":"w.approve","displayName":"approve","type":"Suspend","phase":"Running",` +
		`"inputs":{"parameters":[{"name":"p","value":"v"}]}}}`
	failure := errors.New("down")
	for name, tc := range map[string]struct {
		nodes  string
		err    error
		want   error
		gates  int
		beside string // more of the object's status
		asked  bool
	}{
		"a gate":         {nodes: gate, gates: 1, asked: true},
		"none":           {nodes: "{}", asked: true},
		"null":           {nodes: "null", asked: true},
		"not kept":       {err: status.ErrNodesGone, want: status.ErrNodesGone, asked: true},
		"not reached":    {err: failure, want: failure, asked: true},
		"malformed":      {nodes: `{"g":`, want: status.ErrUnreadable, asked: true},
		"no object":      {nodes: `[]`, want: status.ErrUnreadable, asked: true},
		"too large":      {nodes: `{"g":"` + strings.Repeat("x", status.MaxNodesSize) + `"}`, want: status.ErrUnreadable, asked: true},
		"inline as well": {nodes: "{}", beside: `,"nodes":` + gate, gates: 1},
	} {
		asked := false
		d := status.NodeDecoders{}.WithOffloaded(func(_ context.Context, namespace string, uid types.UID, version string) ([]byte, error) {
			if namespace != "ma" || uid != "u" || version != "fnv:7" {
				t.Errorf("%s: asked for %s, %s, %s", name, namespace, uid, version)
			}
			asked = true
			return []byte(tc.nodes), tc.err
		})
		for of, s := range read(t.Context(), t, d, offloadedObject(tc.beside)) {
			if tc.want == nil && s.NodesErr != nil || !errors.Is(s.NodesErr, tc.want) || asked != tc.asked {
				t.Errorf("%s, from %s: %v", name, of, s.NodesErr)
			}
			gates := s.SuspendedNodes()
			if len(gates) != tc.gates || s.OffloadVersion != "fnv:7" || s.Phase != status.PhaseRunning {
				t.Errorf("%s, from %s: %+v", name, of, s)
			}
			if tc.gates > 0 {
				if p := gates[0].Inputs().Parameters; len(p) != 1 || p[0].Value != "v" {
					t.Errorf("%s, from %s: inputs %+v", name, of, p)
				}
			}
		}
	}
}

// A status is read without I/O by the methods that take no context, and by decoders without a function.
func TestOffloadedNodesAreNotAskedFor(t *testing.T) {
	d := status.NodeDecoders{}.WithOffloaded(func(context.Context, string, types.UID, string) ([]byte, error) {
		t.Error("asked")
		return nil, nil
	})
	if s, err := d.FromJSON([]byte(offloadedObject(""))); err != nil || !errors.Is(s.NodesErr, status.ErrNodesOffloaded) {
		t.Errorf("%+v, %v", s, err)
	}
	for of, s := range read(t.Context(), t, status.NodeDecoders{}, offloadedObject("")) {
		if !errors.Is(s.NodesErr, status.ErrNodesOffloaded) || errors.Is(s.NodesErr, status.ErrNodesGone) {
			t.Errorf("from %s: %v", of, s.NodesErr)
		}
	}
}

func TestContextThatEndsWhileNodesAreLoaded(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	d := status.NodeDecoders{}.WithOffloaded(func(ctx context.Context, _ string, _ types.UID, _ string) ([]byte, error) {
		cancel(cause)
		return nil, ctx.Err()
	})
	if _, err := d.FromJSONContext(ctx, []byte(offloadedObject(""))); !errors.Is(err, cause) {
		t.Error(err)
	}
}
