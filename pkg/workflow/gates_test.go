package workflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestGates(t *testing.T) {
	c := scripted(t, func(*http.Request) (any, error) { return workflowObject(t, gatesYAML), nil })
	gates, err := c.Gates(t.Context(), "w")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(gates)
	const want = `[{"id":"one","name":"approve","since":"0001-01-01T00:00:00Z","outputs":[{"name":"by","enum":["ann","bob"]},{"name":"note","default":"none"}]},` +
		`{"id":"two","name":"second","since":"0001-01-01T00:00:00Z"}]`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}

func TestGatesOfOtherStates(t *testing.T) {
	offloaded := func(obj map[string]any) {
		unstructured.RemoveNestedField(obj, "status", "nodes")
		_ = unstructured.SetNestedField(obj, "fnv:1", "status", "offloadNodeStatusVersion")
	}
	ended := func(obj map[string]any) { _ = unstructured.SetNestedField(obj, "Failed", "status", "phase") }
	for name, tc := range map[string]struct {
		change func(obj map[string]any)
		want   error
	}{
		"ended":                  {ended, nil},
		"offloaded":              {offloaded, ErrNodesOffloaded},
		"ended and offloaded":    {func(obj map[string]any) { ended(obj); offloaded(obj) }, nil},
		"no controller yet":      {func(obj map[string]any) { delete(obj, "status") }, nil},
		"about to be stopped":    {func(obj map[string]any) { obj["spec"] = map[string]any{"shutdown": "Stop"} }, nil},
		"about to be terminated": {func(obj map[string]any) { obj["spec"] = map[string]any{"shutdown": "Terminate"} }, nil},
	} {
		obj := gateObject(t, "1", "Running", "")
		tc.change(obj.Object)
		gates, err := scripted(t, func(*http.Request) (any, error) { return obj, nil }).Gates(t.Context(), "w")
		if !errors.Is(err, tc.want) || len(gates) > 0 || err == nil && gates == nil {
			t.Errorf("%s: %v, %v", name, gates, err)
		}
	}
}

func TestGateMatches(t *testing.T) {
	gate := Gate{ID: "w-1", Name: "shard-[1]"}
	for pattern, want := range map[string]bool{
		"w-1": true, "w-*": false, "shard-[1]": true, "shard-*": true, `shard-\[?\]`: true, "shard-1": false, "[": false, "": false,
	} {
		if got := gate.Matches(pattern); got != want {
			t.Errorf("%q: %v", pattern, got)
		}
	}
}

// Short values are not changed.
func TestGateJSON(t *testing.T) {
	value := "a"
	text, err := json.Marshal([]Gate{{ID: "i", Name: "n", Outputs: []GateOutput{{Name: "o", Default: &value, Enum: []string{"a", "b"}}}}})
	const want = `[{"id":"i","name":"n","since":"0001-01-01T00:00:00Z","outputs":[{"name":"o","default":"a","enum":["a","b"]}]}]`
	if err != nil || string(text) != want {
		t.Error(err, fmt.Sprintf("%s, want %s", text, want))
	}
}

// The JSON of a gate is short, whatever others have written into the workflow, and says what it omits.
func TestGateJSONIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, outputs := range [][]GateOutput{{{Name: "by"}}, {{Name: "by", Default: &long}}, {{Name: "by", Enum: []string{long}}}} {
		text, err := json.Marshal(Gate{ID: long, Name: long, Message: long, Outputs: outputs})
		var read struct {
			ID, Name, Message string
			Outputs           []GateOutput
			OutputsLeftOut    bool
		}
		if err != nil || len(text) > 4_000 || json.Unmarshal(text, &read) != nil {
			t.Fatalf("%v, %d bytes", err, len(text))
		}
		omitted := outputs[0].Default != nil || outputs[0].Enum != nil
		if len(read.ID) > 300 || len(read.Message) > 1_100 || read.OutputsLeftOut != omitted || len(read.Outputs) == 0 != omitted {
			t.Errorf("%+v", read)
		}
	}
}
