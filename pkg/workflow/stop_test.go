package workflow

import (
	"errors"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestPlanShutdown(t *testing.T) {
	for name, tc := range map[string]struct {
		now      string
		strategy status.ShutdownStrategy
		want     string // the patch; "" if nothing is written
		err      error
	}{
		"running":                           {"{spec: {}, status: {phase: Running}}", "Stop", "spec: {shutdown: Stop, suspend: null}", nil},
		"no controller has seen it":         {"{spec: {}}", "Terminate", "spec: {shutdown: Terminate, suspend: null}", nil},
		"terminate after a stop":            {"{spec: {shutdown: Stop}, status: {phase: Running}}", "Terminate", "spec: {shutdown: Terminate, suspend: null}", nil},
		"stop after a terminate, suspended": {"{spec: {shutdown: Terminate, suspend: true}, status: {phase: Running}}", "Stop", "spec: {suspend: null}", nil},
		"stop after a stop":                 {"{spec: {shutdown: Stop}, status: {phase: Running}}", "Stop", "metadata: {annotations: {argoservice.opensearch.org/asked-again: now}}", nil},
		"ended after a stop":                {"{spec: {shutdown: Stop}, status: {phase: Failed}}", "Stop", "", nil},
		"terminate, ended after a stop":     {"{spec: {shutdown: Stop}, status: {phase: Failed}}", "Terminate", "", nil},
		"ended without a stop":              {"{spec: {}, status: {phase: Failed}}", "Stop", "", ErrCompleted},
	} {
		t.Run(name, func(t *testing.T) {
			obj := workflowObject(t, "{kind: Workflow}")
			for key, value := range fromYAML(t, tc.now) {
				obj.Object[key] = value
			}
			s, err := status.FromUnstructured(obj)
			if err != nil {
				t.Fatal(err)
			}
			planned, err := planShutdown(tc.strategy)(obj, s)
			if !errors.Is(err, tc.err) || (planned == nil) != (tc.want == "") {
				t.Fatalf("%+v, %v", planned, err)
			}
			if planned == nil {
				return
			}
			if metadata, ok := planned.patch["metadata"].(map[string]any); ok {
				metadata["annotations"].(map[string]any)[naming.AnnotationAsked] = "now"
			}
			if got, want := asYAML(t, planned.patch), asYAML(t, fromYAML(t, tc.want)); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		})
	}
}
