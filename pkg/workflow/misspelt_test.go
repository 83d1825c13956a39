package workflow

import (
	"errors"
	"io"
	"net/http"
	"testing"
)

func TestMisspeltRequests(t *testing.T) {
	c := scripted(t, func(*http.Request) (any, error) { return nil, io.EOF })
	c.retryFor = -1
	for want, req := range map[string]StartRequest{
		"manifest.spec.entrypiont":                        {Manifest: []byte("{metadata: {name: w}, spec: {entrypiont: main}}")},
		"manifest.spec.templates[0].steps[0][0].template": {Manifest: []byte("{metadata: {name: w}, spec: {templates: [{name: main, steps: [[{name: a, template: mian}]]}]}}")},
		"spec.priorty": {Template: "t", Spec: map[string]any{"priorty": 3}},
	} {
		req.DryRun = true
		var bad *InvalidError
		if _, err := c.Start(t.Context(), req); !errors.As(err, &bad) || bad.Problems[0].Field != want {
			t.Errorf("%s: %v", want, err)
		}
		req.SkipTemplateCheck = true
		if _, err := c.Start(t.Context(), req); errors.As(err, &bad) {
			t.Errorf("checked although the check is skipped: %v", err)
		}
	}
}
