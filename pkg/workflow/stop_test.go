package workflow

import (
	"errors"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestPlanShutdown(t *testing.T) {
	for name, tc := range map[string]struct {
		now      string
		strategy status.ShutdownStrategy
		want     string // the patch; "": nothing is written
		err      error
	}{
		"a running one":                   {"{spec: {}, status: {phase: Running}}", "Stop", "spec: {shutdown: Stop, suspend: null}", nil},
		"one that no controller has seen": {"{spec: {}}", "Terminate", "spec: {shutdown: Terminate, suspend: null}", nil},
		"beyond a stop":                   {"{spec: {shutdown: Stop}, status: {phase: Running}}", "Terminate", "spec: {shutdown: Terminate, suspend: null}", nil},
		"suspended, and not back":         {"{spec: {shutdown: Terminate, suspend: true}, status: {phase: Running}}", "Stop", "spec: {suspend: null}", nil},
		"again":                           {"{spec: {shutdown: Stop}, status: {phase: Running}}", "Stop", "metadata: {annotations: {argoservice.opensearch.org/asked-again: now}}", nil},
		"stopped by now":                  {"{spec: {shutdown: Stop}, status: {phase: Failed}}", "Stop", "", nil},
		"stopped, and terminated":         {"{spec: {shutdown: Stop}, status: {phase: Failed}}", "Terminate", "", nil},
		"ended by itself":                 {"{spec: {}, status: {phase: Failed}}", "Stop", "", ErrCompleted},
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
				metadata["annotations"].(map[string]any)[annotationAsked] = "now"
			}
			if got, want := asYAML(t, planned.patch), asYAML(t, fromYAML(t, tc.want)); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		})
	}
}
