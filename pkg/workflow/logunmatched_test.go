package workflow

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestLogsOfNothing(t *testing.T) {
	phase := "Succeeded"
	c := scripted(t, func(r *http.Request) (any, error) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/pods"):
			return fromYAML(t, `
apiVersion: v1
kind: PodList
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: p, uid: u-p, annotations: {workflows.argoproj.io/node-id: n}, ownerReferences: [{uid: u}]}
  spec: {containers: [{name: main}, {name: wait}]}
  status: {phase: Succeeded}
`), nil
		case strings.HasSuffix(r.URL.Path, "/log"):
			return nil, errors.New("read")
		}
		return workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u, resourceVersion: "1"}
status: {phase: `+phase+`, nodes: {n: {id: n, displayName: setup, type: Pod, phase: Succeeded}}}
`), nil
	})
	c.retryFor = -1
	for _, phase = range []string{"Succeeded", "Running"} {
		for field, opts := range map[string]LogOptions{
			"selector":      {Selector: "displayName=stup"},
			"containers[0]": {Containers: []string{"mainn"}},
			"":              {Selector: "displayName=setup", Containers: []string{"main"}},
		} {
			var bad *InvalidError
			refused := false
			for _, err := range c.Logs(t.Context(), "w", opts) {
				refused = errors.As(err, &bad) && bad.Problems[0].Field == field
			}
			if want := phase == "Succeeded" && field != ""; refused != want {
				t.Errorf("%s, %q: refused: %v", phase, field, refused)
			}
		}
	}
}
