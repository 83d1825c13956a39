package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const ended = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: w
  namespace: ma
  uid: u
  resourceVersion: "7"
  creationTimestamp: "2026-11-01T10:00:00+01:00"
  labels: {team: search}
  annotations:
    note: short
    kubectl.kubernetes.io/last-applied-configuration: '{"spec":{"arguments":"hunter2"}}'
spec:
  workflowTemplateRef: {name: bulk-load, clusterScope: true}
  entrypoint: main
  arguments:
    parameters:
    - {name: index, value: logs}
    - {name: target-password, value: hunter2}
    - {name: target, value: 'https://jo:hunter2@search:9200'}
  templates: [{name: main, script: {source: hunter2}}]
status:
  phase: Failed
  message: 'child failed: Authorization: Basic am86aHVudGVyMg=='
  startedAt: "2026-11-01T10:00:05+01:00"
  finishedAt: "2026-11-01T10:05:05+01:00"
  progress: 2/3
  outputs: {parameters: [{name: documents, value: "12"}, {name: api-token, value: hunter2}]}
  storedTemplates: {main: {script: {source: hunter2}}}
  nodes:
    w: {id: w, name: w, displayName: w, type: Steps, phase: Failed, children: [rotate-password-1]}
    rotate-password-1:
      id: rotate-password-1
      name: "w[0].load"
      displayName: load
      type: Pod
      templateName: load
      phase: Failed
      message: 'refused with password=hunter2 at once'
      boundaryID: w
      startedAt: "2026-11-01T10:00:06+01:00"
      finishedAt: "2026-11-01T10:05:04+01:00"
      progress: 1/2
      nodeFlag: {retried: true}
      inputs: {parameters: [{name: shard, value: hunter2}]}
      outputs:
        exitCode: "3"
        result: fine
        artifacts: [{name: main-logs}]
        parameters: [{name: count, value: "12"}, {name: state, valueFrom: {supplied: {}}}]
`

func TestEndIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		for name, opts := range map[string]journal.Options{"by default": {}, "with parameters": {Parameters: true}} {
			t.Run(name, func(t *testing.T) {
				if p.driver == "sqlite" {
					p = inFile(t)
				} else {
					p = onServer(t)
				}
				j := p.open(t, opts)
				j.Observed(t.Context(), fromYAML(t, ended))
				stored(t, j, state{uid: "u", version: 7})
				u, err := j.ByUID(t.Context(), "ma", "u")
				s := read(t, u, err)
				encoded, err := json.Marshal(u)
				if err != nil {
					t.Fatal(err)
				}
				if text := string(encoded); strings.Contains(text, "hunter2") || strings.Contains(text, "am86aHVudGVyMg") {
					t.Errorf("it has a secret: %s", text)
				}
				if u.GetAPIVersion() != "argoproj.io/v1alpha1" || u.GetKind() != "Workflow" || u.GetResourceVersion() != "7" ||
					u.GetLabels()["team"] != "search" || u.GetAnnotations()["note"] != "short" || u.GetAnnotations()[workflow.AnnotationAbridged] != "spec" {
					t.Errorf("%v", u.Object["metadata"])
				}
				if at := time.Date(2026, 11, 1, 9, 0, 5, 0, time.UTC); !s.StartTime.Equal(at) || !s.EndTime.Equal(at.Add(5*time.Minute)) ||
					!s.CreationTime.Equal(at.Add(-5*time.Second)) || !strings.Contains(string(encoded), `"startedAt":"2026-11-01T09:00:05Z"`) {
					t.Errorf("%s %s %s", s.CreationTime, s.StartTime, s.EndTime)
				}
				if s.Phase != status.PhaseFailed || s.Progress != (status.Progress{Done: 2, Total: 3}) || !strings.HasPrefix(s.Message, "child failed") ||
					s.Template != (status.TemplateRef{Name: "bulk-load", ClusterScope: true}) || s.Entrypoint != "main" {
					t.Errorf("%+v", s)
				}
				if documents, _ := s.Outputs.Parameter("documents"); documents != "12" {
					t.Errorf("%+v", s.Outputs)
				}
				arguments := map[string]string{}
				for _, a := range s.Arguments {
					arguments[a.Name] = a.Value
				}
				if !opts.Parameters && len(arguments) > 0 {
					t.Errorf("%v", arguments)
				}
				if opts.Parameters && (arguments["index"] != "logs" || arguments["target-password"] != "*****" || !strings.HasSuffix(arguments["target"], "@search:9200")) {
					t.Errorf("%v", arguments)
				}
				n := s.NodesByID()["rotate-password-1"]
				if n == nil || n.DisplayName != "load" || n.Type != status.NodeTypePod || n.Phase != status.NodeFailed || n.Message != "refused with password=***** at once" ||
					n.BoundaryID != "w" || !n.Retried || n.StartTime.IsZero() || n.EndTime.IsZero() || n.Progress.Total != 2 || n.TemplateName != "load" {
					t.Fatalf("%+v", n)
				}
				out := n.Outputs()
				if count, _ := out.Parameter("count"); count != "12" || out.ExitCode != "3" || out.Result != "fine" || len(out.Artifacts) != 1 {
					t.Errorf("%+v", out)
				}
				if _, set := out.Parameter("state"); set {
					t.Errorf("an output without a value has one: %+v", out)
				}
				if root := s.NodesByID()["w"]; root == nil || len(root.Children) != 1 {
					t.Errorf("%+v", root)
				}
			})
		}
	})
}

func TestObjectIsBounded(t *testing.T) {
	huge := strings.Repeat("x", 40<<10)
	many := map[string]any{}
	for i := range 300 {
		id := fmt.Sprintf("n-%d", i)
		many[id] = map[string]any{"id": id, "name": id, "type": "Pod", "phase": "Failed", "message": huge}
	}
	outputs := []any{map[string]any{"name": "huge", "value": huge}, map[string]any{"name": "small", "value": "1"}}
	for i := range 40 {
		outputs = append(outputs, map[string]any{"name": strings.Repeat("o", i+1), "value": huge[:1000]})
	}
	w := state{name: "w", uid: "u", version: 1, phase: status.PhaseFailed}.object()
	w.SetAnnotations(map[string]string{"large": huge})
	for path, value := range map[string]any{"nodes": many, "outputs": map[string]any{"parameters": outputs}, "message": huge} {
		if err := unstructured.SetNestedField(w.Object, value, "status", path); err != nil {
			t.Fatal(err)
		}
	}
	s, err := status.FromUnstructured(w)
	if err != nil {
		t.Fatal(err)
	}
	for most, want := range map[int]string{16 << 10: "spec nodes outputs", 64 << 10: "spec nodes", 8 << 20: "spec"} {
		j := inFile(t).open(t, journal.Options{MaxObject: most})
		j.Observed(t.Context(), s)
		stored(t, j, state{uid: "u", version: 1})
		u, err := j.ByUID(t.Context(), "ma", "u")
		got := read(t, u, err)
		encoded, err := json.Marshal(u)
		if err != nil || len(encoded) > most {
			t.Errorf("%d bytes, more than %d: %v", len(encoded), most, err)
		}
		if omitted := u.GetAnnotations()[workflow.AnnotationAbridged]; omitted != want || (len(got.Nodes) > 0) != (want == "spec") {
			t.Errorf("with %d bytes, what is left out is %q, want %q", most, omitted, want)
		}
		if small, _ := got.Outputs.Parameter("small"); (small == "1") == strings.Contains(want, "outputs") {
			t.Errorf("%+v", got.Outputs)
		}
		if _, set := got.Outputs.Parameter("huge"); set {
			t.Error("a value that is too long is kept in part")
		}
		if got.Phase != status.PhaseFailed || len(got.Message) > 5000 {
			t.Errorf("%s: %d bytes of message", got.Phase, len(got.Message))
		}
	}
}

// What other writers put into an object reaches every database.
func TestHostileObject(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{Parameters: true})
		w := state{name: "w'); DROP TABLE x;--", uid: "u\x00\xff", version: 1, phase: "Succeeded\x00"}.object()
		w.SetLabels(map[string]string{"a\x00": "\xff"})
		if err := unstructured.SetNestedField(w.Object, "\x00\xff\u2028", "status", "message"); err != nil {
			t.Fatal(err)
		}
		if err := j.RecordCreated(t.Context(), w); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil { // which stores what is queued
			t.Fatal(err)
		}
		j, count := p.open(t, journal.Options{}), 0
		for _, err := range j.List(t.Context(), workflow.HistoryQuery{Namespace: "ma"}) {
			if count++; err != nil {
				t.Error(err)
			}
		}
		if count != 1 {
			t.Errorf("%d", count)
		}
	})
}
