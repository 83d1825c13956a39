package workflow

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// timedStage returns a stage whose gate passes by itself after a while, with a default for the output
// that it waits for. The workflow has been unchanged for an hour when a decision is written.
func timedStage(t *testing.T, after time.Duration) *stage {
	s := gateStage(t, "")
	const duration = time.Hour
	put := func(value any, fields ...string) {
		if err := unstructured.SetNestedField(s.obj.Object, value, fields...); err != nil {
			t.Fatal(err)
		}
	}
	put([]any{map[string]any{"name": "ask", "suspend": map[string]any{"duration": duration.String()}}}, "spec", "templates")
	put("ask", "status", "nodes", "g", "templateName")
	put(timestamp(s.began.Add(after-duration)), "status", "nodes", "g", "startedAt")
	put([]any{map[string]any{"name": "by", "valueFrom": map[string]any{"supplied": map[string]any{}, "default": "nobody"}}}, "status", "nodes", "g", "outputs", "parameters")
	written := func(at time.Time) {
		put([]any{map[string]any{"manager": "m", "time": timestamp(at)}}, "metadata", "managedFields")
	}
	written(s.began.Add(-time.Hour))
	s.fails = func(kind string) error {
		if kind == "write" {
			written(time.Now())
		}
		return nil
	}
	return s
}

// defaulted is the controller's write when it has passed a gate at its timeout, and then finds that the
// gate was approved meanwhile.
func defaulted(obj map[string]any) {
	_ = unstructured.SetNestedSlice(obj, []any{map[string]any{"name": "by", "value": "nobody"}}, "status", "nodes", "g", "outputs", "parameters")
	next(obj)
}

// stoppedInstead is the controller's write when it has failed a gate after a stop, and then finds that
// the gate was rejected meanwhile.
func stoppedInstead(obj map[string]any) {
	_ = unstructured.SetNestedField(obj, "Stopped with strategy 'Stop'", "status", "nodes", "g", "message")
	_ = unstructured.SetNestedField(obj, "Failed", "status", "nodes", "s", "phase")
}

// The controller's own decision about a gate can replace one that was written while it was made.
func TestDecisionsThatTheControllerReplaces(t *testing.T) {
	ended := func(obj map[string]any) {
		defaulted(obj)
		_ = unstructured.SetNestedField(obj, "Succeeded", "status", "phase")
	}
	retriedSince := func(obj map[string]any) {
		defaulted(obj)
		_ = unstructured.SetNestedField(obj, "2026-01-02T00:00:00Z", "status", "startedAt")
	}
	ann := map[string]any{"by": "ann"}
	for name, tc := range map[string]struct {
		after time.Duration // until the gate passes by itself
		acts  func(obj map[string]any)
		call  func(context.Context, *WorkflowClient) (*DecisionResult, error)
		want  error
		gates int
		sent  string
	}{
		"outputs":                           {0, defaulted, approving(Decision{Gates: []string{"g"}, Outputs: ann}), ErrNotSuspended, 0, "get@0 write@0 get@50"},
		"outputs of all":                    {0, defaulted, approving(Decision{All: true, Outputs: ann}), ErrNotSuspended, 0, "get@0 write@0 get@50"},
		"outputs, by a clock that is ahead": {5 * time.Second, defaulted, approving(Decision{All: true, Outputs: ann}), ErrNotSuspended, 0, "get@0 write@0 get@50"},
		"outputs, and the end":              {0, ended, approving(Decision{All: true, Outputs: ann}), ErrCompleted, 0, "get@0 write@0 get@50"},
		"outputs of a later run":            {0, retriedSince, approving(Decision{All: true, Outputs: ann}), nil, 1, "get@0 write@0 get@50"},
		"the same outputs":                  {0, defaulted, approving(Decision{All: true, Outputs: map[string]any{"by": "nobody"}}), nil, 1, "get@0 write@0 get@50"},
		"no outputs":                        {0, defaulted, approving(Decision{All: true}), nil, 1, "get@0 write@0 get@50"},
		"nothing":                           {0, next, approving(Decision{All: true, Outputs: ann}), nil, 1, "get@0 write@0 get@50"},
		"nothing, long before the timeout":  {time.Hour, defaulted, approving(Decision{All: true, Outputs: ann}), nil, 1, "get@0 write@0"},
		"a message":                         {0, stoppedInstead, rejecting(Decision{All: true, Message: "no"}), nil, 0, "get@0 write@0 get@50"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := timedStage(t, tc.after)
				s.acts = func(s *stage) {
					if len(s.log) > 1 { // after the decision
						s.acts = nil
						s.edit(tc.acts)
					}
				}
				result, err := tc.call(t.Context(), s.client())
				if !errors.Is(err, tc.want) || err == nil && len(result.Gates) != tc.gates {
					t.Errorf("%+v, %v", result, err)
				}
				if err != nil && (!strings.Contains(err.Error(), `gate "approve" is Succeeded`) ||
					!strings.Contains(err.Error(), "with other values of the outputs by") || strings.Contains(err.Error(), "nobody")) {
					t.Error(err)
				}
				if got := s.sent(); got != tc.sent {
					t.Errorf("%s\nwant %s", got, tc.sent)
				}
			})
		})
	}
}
