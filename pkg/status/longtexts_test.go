package status_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Text for people is truncated and marked as such. The data stays complete.
func TestTextsAreShort(t *testing.T) {
	const long, many = 1 << 18, 60
	text := strings.Repeat("x", long)
	outputs := make([]any, 0, many)
	for i := range many {
		outputs = append(outputs, map[string]any{"name": fmt.Sprint(i, text), "valueFrom": map[string]any{"supplied": map[string]any{}}})
	}
	nodes := map[string]any{
		"g": map[string]any{"displayName": "g", "type": "Suspend", "phase": "Running", "outputs": map[string]any{"parameters": outputs}},
	}
	for i := range many {
		nodes[fmt.Sprint(i)] = map[string]any{"name": text, "displayName": text, "type": "Pod", "phase": "Failed", "message": text}
	}
	running := decode(t, withStatus(map[string]any{"phase": "Running", "message": text, "nodes": nodes}))
	failed := decode(t, withStatus(map[string]any{"phase": "Failed", "message": text, "nodes": nodes}))
	var tree strings.Builder
	if err := running.WriteTree(&tree, time.Now(), status.TreeOptions{}); err != nil {
		t.Fatal(err)
	}
	_, noWorkflow := status.FromJSON([]byte(`{"kind":"` + text + `","apiVersion":"` + text + `"}`))
	_, noField := status.ParseNodeSelector(text + "=1")
	_, noTerm := status.ParseNodeSelector(text + "!")
	for name, tc := range map[string]struct {
		text string
		most int
	}{
		"the tree":         {tree.String(), (many + 2) * 1_500},
		"the failure":      {failed.Err().Error(), 8*1_500 + 1_500},
		"no workflow":      {noWorkflow.Error(), 1_000},
		"no field":         {noField.Error(), 2_000},
		"no selector":      {noTerm.Error(), 2_000},
		"a description":    {running.Describe(running.Node("1")), 500},
		"a lock's holders": {status.Lock{Name: text, Holders: strings.Split(strings.Repeat(text+" ", many), " ")}.String(), 3_000},
	} {
		if len(tc.text) > tc.most {
			t.Errorf("%s takes %d bytes: %.200s…", name, len(tc.text), tc.text)
		}
	}
	for _, says := range []string{"and 52 more\n", "…"} {
		if !strings.Contains(tree.String(), says) {
			t.Errorf("the tree does not say %q", says)
		}
	}
	if n := failed.Node("1"); n.Message != text || n.Name != text || failed.Message != text || len(running.Node("g").AwaitedOutputs()) != many {
		t.Error("the data was cut too")
	}
}

// A terminal wraps long lines, so text after many spaces would look like a new line.
func TestTextsBeginNoLine(t *testing.T) {
	spaced := "load" + strings.Repeat(" ", 40) + strings.Repeat("\u3000 ", 20) + "\u00a0└─ ✔ checked"
	const want = "load └─ ✔ checked"
	state := decode(t, withStatus(map[string]any{"phase": "Failed", "message": spaced, "nodes": map[string]any{
		"p": map[string]any{"name": spaced, "displayName": spaced, "type": "Pod", "phase": "Failed", "message": spaced},
	}}))
	var tree strings.Builder
	if err := state.WriteTree(&tree, time.Now(), status.TreeOptions{}); err != nil {
		t.Fatal(err)
	}
	for text, times := range map[string]int{tree.String(): 3, state.Err().Error(): 3, state.Describe(state.Nodes[0]): 1} {
		if strings.Count(text, want) != times || strings.Contains(text, "    ") {
			t.Errorf("%q", text)
		}
	}
	if state.Message != spaced || state.Nodes[0].Message != spaced {
		t.Error("the data was changed too")
	}
}

// A tree with more nodes than a person can read is truncated and shows how many nodes are missing.
func TestLargeTreeIsCut(t *testing.T) {
	const shown, more = 20_000, 123
	nodes := make(map[string]any, shown+more)
	for i := range shown + more {
		nodes[fmt.Sprint(i)] = map[string]any{"displayName": "p", "type": "Pod", "phase": "Failed", "boundaryID": fmt.Sprint(i/2 - 1)}
	}
	s, err := status.FromUnstructured(withStatus(map[string]any{"phase": "Running", "nodes": nodes}))
	if err != nil {
		t.Fatal(err)
	}
	var tree strings.Builder
	if err := s.WriteTree(&tree, time.Now(), status.TreeOptions{ASCII: true}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(tree.String(), "\n"); lines != 1+shown+1 || !strings.HasSuffix(tree.String(), "and 123 more\n") {
		t.Errorf("%d lines, the end is %q", lines, tree.String()[tree.Len()-100:])
	}
}
