package workflow

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

const spelling = `
metadata: {name: w}
spec:
  entrypoint: main
  activeDeadlineSeconds: 3
  fieldOfTheFuture: kept
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: work, withItems: [{templat: users own}]}
      - {name: b, template: work, depends: a}
      - {name: c, template: "{{workflow.parameters.which}}"}
      - {name: d, templateRef: {name: other, template: elsewhere}}
      - {name: e, inline: {steps: [[{name: s, template: work}]]}}
  - {name: work, container: {image: any}}
`

func TestMisspeltSpecs(t *testing.T) {
	c := scripted(t, func(*http.Request) (any, error) { return nil, io.EOF })
	c.retryFor = -1
	for name, tc := range map[string]struct{ old, new, field, hint string }{
		"nothing":        {"", "", "", ""},
		"of the spec":    {"activeDeadlineSeconds", "activeDeadlineSecond", "manifest.spec.activeDeadlineSecond", `"activeDeadlineSeconds"`},
		"entrypoint":     {"entrypoint", "entrypiont", "manifest.spec.entrypiont", `"entrypoint"`},
		"of a task":      {"depends: a", "dependz: a", "manifest.spec.templates[0].dag.tasks[1].dependz", `"depend`},
		"of a case":      {"withItems", "withitems", "manifest.spec.templates[0].dag.tasks[0].withitems", `"withItems"`},
		"of a template":  {"container", "contaner", "manifest.spec.templates[1].contaner", `"container"`},
		"not read":       {"activeDeadlineSeconds: 3", "podPriority: 3", "manifest.spec.podPriority", "podPriorityClassName"},
		"a call":         {"template: work, depends", "template: worc, depends", "manifest.spec.templates[0].dag.tasks[1].template", `did you mean "work"?`},
		"a call, inline": {"{name: s, template: work}", "{name: s, template: worc}", "manifest.spec.templates[0].dag.tasks[4].inline.steps[0][0].template", "main, work"},
	} {
		t.Run(name, func(t *testing.T) {
			text := []byte(strings.Replace(spelling, tc.old, tc.new, 1))
			_, err := c.Start(t.Context(), StartRequest{Manifest: text, DryRun: true})
			var bad *InvalidError
			if tc.field == "" {
				if errors.As(err, &bad) {
					t.Errorf("%v", err)
				}
				return
			}
			if !errors.As(err, &bad) || bad.Problems[0].Field != tc.field || !strings.Contains(bad.Problems[0].Detail, tc.hint) {
				t.Errorf("%v", err)
			}
			if _, err := c.Start(t.Context(), StartRequest{Manifest: text, DryRun: true, SkipTemplateCheck: true}); errors.As(err, &bad) {
				t.Errorf("checked all the same: %v", err)
			}
		})
	}
	var bad *InvalidError
	if _, err := c.Start(t.Context(), StartRequest{Template: "t", Spec: map[string]any{"priorty": 3}}); !errors.As(err, &bad) || bad.Problems[0].Field != "spec.priorty" {
		t.Errorf("%v", err)
	}
}
