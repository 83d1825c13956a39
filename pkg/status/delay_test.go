package status_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// waitsOf describes what a node waits for.
func waitsOf(n *status.Node) string {
	text := "none"
	switch {
	case n.Waiting() && n.Delayed():
		return "both"
	case n.Waiting():
		text = "gate"
	case n.Delayed():
		text = "delay"
	}
	if until := n.Until(); !until.IsZero() {
		text += " until " + until.UTC().Format("15:04:05")
	}
	return text
}

// suspendedNode returns an active Suspend node that started at midnight.
func suspendedNode(more string) string {
	return `{type: Suspend, phase: Running, name: w.g, displayName: g, startedAt: "2026-01-01T00:00:00Z", boundaryID: w, ` + more + `}`
}

func TestDelays(t *testing.T) {
	const root = `w: {name: w, type: Steps, phase: Running, templateName: main, templateScope: local/w}`
	local := func(template, node string) string {
		return `{spec: {templates: [{name: main, container: {image: x}}, ` + template + `]}, status: {phase: Running, nodes: {` + root + `, g: ` + suspendedNode(node) + `}}}`
	}
	timed := func(duration string) string {
		return local(`{name: t, suspend: {duration: `+duration+`}}`, `templateName: t, templateScope: local/w`)
	}
	stored := func(key, node string) string {
		return `{status: {phase: Running, storedTemplates: {"namespaced/a/b": {name: b}, "` + key + `": {name: t, suspend: {duration: "10"}}}, nodes: {` + root + `, g: ` + suspendedNode(node) + `}}}`
	}
	inline := func(steps, name string) string {
		return `{spec: {templates: [{name: main, ` + steps + `}]}, status: {phase: Running, nodes: {` + root +
			`, g: {type: Suspend, phase: Running, name: "` + name + `", startedAt: "2026-01-01T00:00:00Z", boundaryID: w, templateScope: local/w}}}}`
	}
	with := func(inputs string) string {
		return `templateName: t, inputs: {parameters: [` + inputs + `]}`
	}
	const supplied = `outputs: {parameters: [{name: by, valueFrom: {supplied: {}, default: none}}]}`

	for name, tc := range map[string]struct{ text, want string }{
		"a gate":                     {local(`{name: t, suspend: {}}`, `templateName: t`), "gate"},
		"no template":                {local(`{name: x, suspend: {duration: "10"}}`, `templateName: t`), "gate"},
		"no templates":               {`{status: {phase: Running, nodes: {g: ` + suspendedNode(`templateName: t`) + `}}}`, "gate"},
		"seconds":                    {timed(`"10"`), "delay until 00:00:10"},
		"a number":                   {timed(`10`), "delay until 00:00:10"},
		"Go's notation":              {timed(`1h1m`), "delay until 01:01:00"},
		"no time at all":             {timed(`"0"`), "delay until 00:00:00"},
		"an empty duration":          {timed(`""`), "gate"},
		"a duration of null":         {timed(`null`), "gate"},
		"a duration of another kind": {timed(`{a: "10"}`), "gate"},
		"nonsense":                   {timed(`soon`), "delay"},
		"more than 32 bits hold":     {timed(`"3000000000"`), "delay until 05:20:00"},
		"more than can be":           {timed(`"9999999999999"`), "delay"},
		"an expression":              {timed(`"{{=sprig.add(1, 2)}}"`), "delay"},
		"no start":                   {strings.Replace(timed(`"10"`), `startedAt: "2026-01-01T00:00:00Z", `, "", 1), "delay"},
		"it has passed":              {strings.Replace(timed(`"10"`), "phase: Running, name: w.g", "phase: Succeeded, name: w.g", 1), "none"},
		"it has not begun":           {strings.Replace(timed(`"10"`), "phase: Running, name: w.g", "phase: Pending, name: w.g", 1), "none"},
		"a scope without a name":     {local(`{name: t, suspend: {duration: "10"}}`, `templateName: t, templateScope: local/`), "delay until 00:00:10"},
		"no scope":                   {local(`{name: t, suspend: {duration: "10"}}`, `templateName: t`), "delay until 00:00:10"},
		"outputs to supply in time":  {local(`{name: t, suspend: {duration: "10"}}`, `templateName: t, `+supplied), "gate until 00:00:10"},

		"an input": {local(`{name: t, suspend: {duration: "{{inputs.parameters.d}}"}}`, with(`{name: d, value: 5m}`)), "delay until 00:05:00"},
		"inputs within": {
			local(`{name: t, suspend: {duration: "{{ inputs.parameters.d }}{{inputs.parameters.unit}}"}}`, with(`{name: d, value: 5}, {name: unit, value: h}`)),
			"delay until 05:00:00",
		},
		"an empty input":    {local(`{name: t, suspend: {duration: "{{inputs.parameters.d}}"}}`, with(`{name: d, value: ""}`)), "gate"},
		"an unknown input":  {local(`{name: t, suspend: {duration: "{{inputs.parameters.e}}"}}`, with(`{name: d, value: "5"}`)), "delay"},
		"an unclosed one":   {local(`{name: t, suspend: {duration: "{{inputs.parameters.d"}}`, with(`{name: d, value: "5"}`)), "delay"},
		"another reference": {local(`{name: t, suspend: {duration: "{{tasks.a.outputs.result}}"}}`, with(`{name: d, value: "5"}`)), "delay"},
		"an argument": {
			`{spec: {arguments: {parameters: [{name: d, value: "20"}]}, templates: [{name: t, suspend: {duration: "{{workflow.parameters.d}}"}}]}, status: {nodes: {g: ` +
				suspendedNode(`templateName: t`) + `}}}`,
			"delay until 00:00:20",
		},
		"an argument from elsewhere": {
			`{spec: {arguments: {parameters: [{name: d, valueFrom: {configMapKeyRef: {name: c, key: k}}}]}}, status: {storedWorkflowTemplateSpec: {arguments: {parameters: [{name: d, value: "10"}]}, ` +
				`templates: [{name: t, suspend: {duration: "{{workflow.parameters.d}}"}}]}, nodes: {g: ` + suspendedNode(`templateName: t`) + `}}}`,
			"delay",
		},
		"too long to be one":     {timed(`"` + strings.Repeat("1h", 1_000) + `"`), "delay"},
		"too long with an input": {local(`{name: t, suspend: {duration: "{{inputs.parameters.d}}"}}`, with(`{name: d, value: "`+strings.Repeat("1h", 1_000)+`"}`)), "delay"},
		"an argument of the template": {
			`{spec: {arguments: {parameters: [{name: d, value: "20"}]}}, status: {storedWorkflowTemplateSpec: {arguments: {parameters: [{name: d, value: "10"}, {name: e, value: m}]}, ` +
				`templates: [{name: t, suspend: {duration: "{{workflow.parameters.d}}{{workflow.parameters.e}}"}}]}, nodes: {g: ` + suspendedNode(`templateName: t`) + `}}}`,
			"delay until 00:20:00",
		},

		"made from a template": {
			`{spec: {workflowTemplateRef: {name: x}}, status: {storedWorkflowTemplateSpec: {templates: [{name: t, suspend: {duration: "10"}}]}, nodes: {g: ` +
				suspendedNode(`templateName: t, templateScope: local/`) + `}}}`,
			"delay until 00:00:10",
		},
		"a template's default": {
			`{spec: {templateDefaults: {suspend: {duration: "10"}}, templates: [{name: t, suspend: {}}]}, status: {nodes: {g: ` + suspendedNode(`templateName: t`) + `}}}`,
			"delay until 00:00:10",
		},
		"another than the default": {
			`{status: {storedWorkflowTemplateSpec: {templateDefaults: {suspend: {duration: "10"}}, templates: [{name: t, suspend: {duration: "20"}}]}, nodes: {g: ` + suspendedNode(`templateName: t`) + `}}}`,
			"delay until 00:00:20",
		},

		"a reference":                {stored("namespaced/x/t", `templateRef: {name: x, template: t}, templateScope: local/w`), "delay until 00:00:10"},
		"a reference to the cluster": {stored("cluster/x/t", `templateRef: {name: x, template: t, clusterScope: true}, templateScope: local/w`), "delay until 00:00:10"},
		"not that of the namespace":  {stored("namespaced/x/t", `templateRef: {name: x, template: t, clusterScope: true}, templateScope: local/w`), "gate"},
		"within a template":          {stored("namespaced/x/t", `templateName: t, templateScope: namespaced/x`), "delay until 00:00:10"},
		"within one of the cluster":  {stored("cluster/x/t", `templateName: t, templateScope: cluster/x`), "delay until 00:00:10"},
		"an older scope":             {stored("namespaced/x/t", `templateName: t, templateScope: x`), "delay until 00:00:10"},
		"a local one of that name":   {local(`{name: t, suspend: {duration: "10"}}`, `templateName: t, templateScope: namespaced/x`), "gate"},
		"inline within a template":   {stored("namespaced/x/inline/g", `templateScope: namespaced/x`), "delay until 00:00:10"},

		"inline in a step":    {inline(`steps: [[{name: m}], [{name: g, inline: {suspend: {duration: "10"}}}]]`, "w[1].g"), "delay until 00:00:10"},
		"inline in a task":    {inline(`dag: {tasks: [{name: g, inline: {suspend: {duration: "10"}}}]}`, "w.g"), "delay until 00:00:10"},
		"inline in a loop":    {inline(`dag: {tasks: [{name: g, inline: {suspend: {duration: "10"}}}]}`, "w.g(0:a].b(c)"), "delay until 00:00:10"},
		"inline in another":   {inline(`dag: {tasks: [{name: m, inline: {suspend: {duration: "10"}}}]}`, "w.g"), "gate"},
		"an inline gate":      {inline(`dag: {tasks: [{name: m, inline: {suspend: {duration: "10"}}}, {name: g, inline: {suspend: {}}}]}`, "w.g"), "gate"},
		"inline, no boundary": {`{spec: {templates: [{name: t, suspend: {duration: "10"}}]}, status: {nodes: {g: ` + suspendedNode(`templateScope: local/w`) + `}}}`, "gate"},
	} {
		t.Run(name, func(t *testing.T) {
			u := object(t, "{kind: Workflow, "+tc.text[1:])
			s := decode(t, u)
			if got := waitsOf(s.Node("g")); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			isGate, isDelay := strings.HasPrefix(tc.want, "gate"), strings.HasPrefix(tc.want, "delay")
			if s.Suspended() != isGate || s.HasSuspendedNodes() != isGate || len(s.SuspendedNodes()) > 0 != isGate {
				t.Errorf("suspended: %v, nodes %v", s.Suspended(), s.SuspendedNodes())
			}
			if (s.Outcome() == status.OutcomeSuspended) != isGate || len(s.DelayedNodes()) > 0 != isDelay {
				t.Errorf("%s, delayed: %v", s.Outcome(), s.DelayedNodes())
			}
			if len(s.Dropped) > 0 {
				t.Errorf("dropped: %v", s.Dropped)
			}

			nodes := u.Object["status"].(map[string]any)
			packed, err := status.CompressNodes(nodes["nodes"].(map[string]any))
			if err != nil {
				t.Fatal(err)
			}
			delete(nodes, "nodes")
			nodes["compressedNodes"] = packed
			if got := waitsOf(decode(t, u).Node("g")); got != tc.want {
				t.Errorf("compressed: %s, want %s", got, tc.want)
			}
		})
	}
}

// A workflow with delays only is running; one that also waits at a gate is suspended.
func TestDelaysBesideGates(t *testing.T) {
	s := readStatus(t, `
spec: {templates: [{name: cool-down, suspend: {duration: 10m}}, {name: approve, suspend: {}}]}
status:
  phase: Running
  nodes:
    a: {name: w.a, displayName: a, type: Suspend, phase: Running, templateName: cool-down, startedAt: "2026-01-01T00:00:00Z"}
    b: {name: w.b, displayName: b, type: Suspend, phase: Running, templateName: approve, startedAt: "2026-01-01T00:00:00Z"}
`)
	names := func(nodes []*status.Node) (names string) {
		for _, n := range nodes {
			names += n.DisplayName
		}
		return names
	}
	if got := names(s.SuspendedNodes()) + " " + names(s.DelayedNodes()) + " " + names(s.UnfinishedNodes()); got != "b a a" {
		t.Errorf("gates, delays and unfinished: %s", got)
	}
	if s.Outcome() != status.OutcomeSuspended {
		t.Error(s.Outcome())
	}
	var b strings.Builder
	if err := s.WriteTree(&b, s.Node("a").StartTime, status.TreeOptions{}); err != nil || !strings.Contains(b.String(), "● a  0s  until 2026-01-01T00:10:00Z\n") ||
		!strings.Contains(b.String(), "⏸ b  0s\n") {
		t.Errorf("%s, %v", &b, err)
	}
}

// delayTexts returns workflows with unusual templates.
func delayTexts() map[string]string {
	const node = `{"type":"Suspend","phase":"Running","name":"w.g","templateName":"t","boundaryID":"w","startedAt":"2026-01-01T00:00:00Z"}`
	const nodes = `"nodes":{"w":{"name":"w","templateName":"m"},"n":` + node + `,"i":{"type":"Suspend","phase":"Running","name":"w.i","boundaryID":"w"}}`
	texts := map[string]string{}
	for name, spec := range map[string]string{
		"twice":           `"templates":[{"name":"t","suspend":{"duration":"1"},"suspend":{}}]`,
		"twice, the last": `"templates":[{"name":"t","suspend":{},"suspend":{"duration":"1"}}]`,
		"duration twice":  `"templates":[{"name":"t","suspend":{"duration":"1","duration":null}}]`,
		"name twice":      `"templates":[{"name":"t","suspend":{"duration":"1"},"name":"u"}]`,
		"templates twice": `"templates":[{"name":"t","suspend":{"duration":"1"}}],"templates":[{"name":"t"}]`,
		"twice of a kind": `"templates":[{"name":"t","suspend":{"duration":"1"}}],"templates":7`,
		"one name":        `"templates":[{"name":"t","suspend":{"duration":"1"}},{"name":"t","suspend":{"duration":"2"}},{"name":"t"}]`,
		"types":           `"templates":[1,null,[],{"name":[],"suspend":[],"steps":{},"dag":[]},{"name":"t","suspend":{"duration":2.5}},{"name":"m","steps":[1,[2,{"name":"i","inline":3}],null],"dag":{"tasks":{}}}]`,
		"bools":           `"templates":[{"name":"t","suspend":{"duration":true}}]`,
		"no list":         `"templates":{"name":"t","suspend":{"duration":"1"}}`,
		"inline twice":    `"templates":[{"name":"m","dag":{"tasks":[{"name":"i","inline":{"suspend":{"duration":"1"}},"inline":{}}]}}]`,
		"deeper inline":   `"templates":[{"name":"m","dag":{"tasks":[{"name":"i","inline":{"dag":{"tasks":[{"name":"i","inline":{"suspend":{"duration":"1"}}}]}}}]}}]`,
		"both":            `"templates":[{"name":"m","steps":[[{"name":"i","inline":{"suspend":{"duration":"1"}}}]],"dag":{"tasks":[{"name":"i","inline":{"suspend":{"duration":"2"}}}]}}]`,
		"defaults":        `"templateDefaults":{"suspend":{"duration":"1"}},"templateDefaults":{"suspend":{}}`,
		"escapes":         `"\u0074emplates":[{"n\u0061me":"t","susp\u0065nd":{"\u0064uration":"\u0031"}}]`,
		"no UTF-8":        "\"templates\":[{\"name\":\"t\",\"suspend\":{\"duration\":\"\xff\"}}]",
		"arguments":       `"arguments":{"parameters":[{"name":"d","value":"3"}]},"templates":[{"name":"t","suspend":{"duration":"{{workflow.parameters.d}}"}}]`,
	} {
		texts["delays: "+name] = `{"spec":{` + spec + `},"status":{` + nodes + `}}`
		texts["delays, stored: "+name] = `{"status":{"storedWorkflowTemplateSpec":{` + spec + `},` + nodes + `}}`
	}
	texts["delays: stored twice"] = `{"status":{"storedTemplates":{"namespaced/x/t":{"suspend":{"duration":"1"}},"b":{},"namespaced/x/t":{"suspend":{}}},` +
		`"nodes":{"n":{"type":"Suspend","phase":"Running","templateRef":{"name":"x","template":"t"}}}}}`
	texts["delays: arguments alone"] = `{"spec":{"templates":[{"name":"t","suspend":{"duration":"{{workflow.parameters.d}}"}}]},` +
		`"status":{"storedWorkflowTemplateSpec":{"arguments":{"parameters":[{"name":"d","value":"3"}]}},` + nodes + `}}`
	return texts
}

func TestAwaitedOutputsTakeFromInputs(t *testing.T) {
	s := readStatus(t, `
status:
  phase: Running
  nodes:
    g:
      type: Suspend
      phase: Running
      inputs:
        parameters:
        - {name: approve, enum: ["YES", "NO"], default: "NO", value: "YES", description: "Really?"}
        - {name: comment, default: none, value: from the step}
        - {name: reason, value: from the step}
        - {name: own, enum: [a], default: a, description: of the input}
        - {name: other, default: x}
      outputs:
        parameters:
        - {name: approve, valueFrom: {supplied: {}}}
        - {name: comment, valueFrom: {supplied: {}}}
        - {name: reason, valueFrom: {supplied: {}}}
        - {name: own, enum: [b], description: of the output, valueFrom: {supplied: {}, default: b}}
        - {name: alone, valueFrom: {supplied: {}}}
`)
	want := []status.Parameter{
		{Name: "approve", Supplied: true, Enum: []string{"YES", "NO"}, Default: "NO", HasDefault: true, Description: "Really?"},
		{Name: "comment", Supplied: true, Default: "from the step", HasDefault: true},
		{Name: "reason", Supplied: true},
		{Name: "own", Supplied: true, Enum: []string{"b"}, Default: "b", HasDefault: true, Description: "of the output"},
		{Name: "alone", Supplied: true},
	}
	if got := s.Node("g").AwaitedOutputs(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
}

// BenchmarkDelays shows that time is linear in the number of delays.
func BenchmarkDelays(b *testing.B) {
	for _, count := range []int{1_000, 10_000} {
		nodes, tasks := map[string]any{"w": map[string]any{"name": "w", "templateName": "main"}}, []any{}
		for i := range count {
			name := fmt.Sprint("step-", i)
			nodes[name] = map[string]any{
				"name": "w." + name, "type": "Suspend", "phase": "Running", "boundaryID": "w", "startedAt": "2026-01-01T00:00:00Z",
			}
			tasks = append(tasks, map[string]any{"name": name, "inline": map[string]any{"suspend": map[string]any{"duration": "1h"}}})
		}
		text, err := json.Marshal(map[string]any{
			"spec":   map[string]any{"templates": []any{map[string]any{"name": "main", "dag": map[string]any{"tasks": tasks}}}},
			"status": map[string]any{"phase": "Running", "nodes": nodes},
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			for b.Loop() {
				s, err := status.FromJSON(text)
				if err != nil || s.Suspended() || len(s.DelayedNodes()) != count {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/delay")
		})
	}
}
