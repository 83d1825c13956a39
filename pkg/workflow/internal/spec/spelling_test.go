package spec

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
)

const spelling = `
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

func TestMisspelt(t *testing.T) {
	for name, tc := range map[string]struct{ old, new, field, hint string }{
		"nothing":        {"", "", "", ""},
		"of the spec":    {"activeDeadlineSeconds", "activeDeadlineSecond", "spec.activeDeadlineSecond", `"activeDeadlineSeconds"`},
		"entrypoint":     {"entrypoint", "entrypiont", "spec.entrypiont", `"entrypoint"`},
		"of a task":      {"depends: a", "dependz: a", "spec.templates[0].dag.tasks[1].dependz", `"depend`},
		"of 4.1":         {"activeDeadlineSeconds: 3", "pendingTimeouts: 1m", "spec.pendingTimeouts", `"pendingTimeout"`},
		"of 4.1, right":  {"activeDeadlineSeconds: 3", "pendingTimeout: 1m", "", ""},
		"of a case":      {"withItems", "withitems", "spec.templates[0].dag.tasks[0].withitems", `"withItems"`},
		"of a template":  {"container", "contaner", "spec.templates[1].contaner", `"container"`},
		"not read":       {"activeDeadlineSeconds: 3", "podPriority: 3", "spec.podPriority", "podPriorityClassName"},
		"a call":         {"template: work, depends", "template: worc, depends", "spec.templates[0].dag.tasks[1].template", `did you mean "work"?`},
		"a call, inline": {"{name: s, template: work}", "{name: s, template: worc}", "spec.templates[0].dag.tasks[4].inline.steps[0][0].template", "main, work"},
	} {
		problems := Misspelt(field.NewPath("spec"), fromYAML(t, strings.Replace(spelling, tc.old, tc.new, 1)))
		if fieldsOf(problems) != tc.field || tc.field != "" && !strings.Contains(problems[0].Detail, tc.hint) {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// Of thousands of mistakes in thousands of names, only the first few get a hint.
func TestMisspeltTakesLinearTime(t *testing.T) {
	growth.Linear(t, "calls of templates that do not exist", func(n int) func() {
		var templates, steps []any
		for i := range n {
			templates = append(templates, map[string]any{"name": fmt.Sprint("process-documents-", i)})
			steps = append(steps, []any{map[string]any{"name": fmt.Sprint("s", i), "template": fmt.Sprint("processed-documents-", i)}})
		}
		spec := map[string]any{"templates": append(templates, map[string]any{"name": "main", "steps": steps})}
		return func() {
			problems := Misspelt(field.NewPath("spec"), spec)
			if len(problems) != min(n, maxProblems) || len(textOf(problems[:min(20, len(problems))])) > 16<<10 {
				t.Errorf("%d problems in %d calls, the first of %d bytes", len(problems), n, len(textOf(problems[:min(20, len(problems))])))
			}
		}
	})
}

// The comparison of unknown fields with the known ones takes bounded time.
func TestComparisonsAreBounded(t *testing.T) {
	took := map[int]int{}
	for _, n := range []int{mostCompared, 4 * mostCompared} {
		template := map[string]any{"name": "main"}
		for i := range n {
			template[fmt.Sprintf("nodeSel%06d", i)] = "a"
		}
		c := spellCheck{}
		c.template(field.NewPath("t"), template)
		took[n] = c.compared
	}
	if took[mostCompared] != mostCompared || took[4*mostCompared] != mostCompared {
		t.Error(took)
	}
}
