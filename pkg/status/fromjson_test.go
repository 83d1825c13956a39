package status_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// decode reads a workflow in every way and checks that the results are the same.
func decode(t testing.TB, u *unstructured.Unstructured) *status.WorkflowStatus {
	t.Helper()
	want, err := status.FromUnstructured(u)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(u.Object)
	if err != nil {
		t.Fatal(err)
	}
	expectFromJSON(t, text, want)
	return want
}

// expectFromJSON checks what FromJSON reads from text and from the result of Slim.
func expectFromJSON(t testing.TB, text []byte, want *status.WorkflowStatus) {
	t.Helper()
	slim, err := wfjson.Slim([]byte("before"), text)
	if err != nil || !strings.HasPrefix(string(slim), "before") || len(slim) > len("before")+len(text) {
		t.Fatalf("slimmed to %.100q, %v", slim, err)
	}
	for _, data := range [][]byte{text, slim[len("before"):]} {
		got, err := status.FromJSON(data)
		if err != nil {
			t.Fatalf("%.200q: %v", data, err)
		}
		if got.Raw() != nil {
			t.Fatal("the object is kept")
		}
		expectSame(t, got, want)
	}
}

// fields returns the exported fields of a struct, except for some.
func fields(of any, but ...string) map[string]any {
	values := map[string]any{}
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			values[f.Name] = v.Field(i).Interface()
		}
	}
	for _, name := range but {
		delete(values, name)
	}
	return values
}

// expectSame compares everything that the API exposes of two statuses.
func expectSame(t testing.TB, got, want *status.WorkflowStatus) {
	t.Helper()
	expectSameDropped(t, got.Dropped, want.Dropped)
	if a, b := fmt.Sprint(got.NodesErr), fmt.Sprint(want.NodesErr); a != b {
		t.Fatalf("NodesErr: %s, want %s", a, b)
	}
	own := []string{"Nodes", "NodesErr", "Dropped"}
	if a, b := fields(*got, own...), fields(*want, own...); !reflect.DeepEqual(a, b) {
		t.Fatalf("%+v\nwant\n%+v", a, b)
	}
	if len(got.Nodes) != len(want.Nodes) {
		t.Fatalf("%d nodes, want %d", len(got.Nodes), len(want.Nodes))
	}
	for i, n := range got.Nodes {
		expectSameNode(t, n, want.Nodes[i])
	}
	if a, b := drawn(t, got), drawn(t, want); a != b {
		t.Fatalf("%s\nwant\n%s", a, b)
	}
}

func expectSameNode(t testing.TB, got, want *status.Node) {
	t.Helper()
	for what, pair := range map[string][2]any{
		"fields":  {fields(*got), fields(*want)},
		"details": {got.Details(), want.Details()},
		"inputs":  {got.Inputs(), want.Inputs()},
		"outputs": {got.Outputs(), want.Outputs()},
		"awaited": {got.AwaitedOutputs(), want.AwaitedOutputs()},
		"waits":   {waitsOf(got), waitsOf(want)},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Fatalf("node %q: %s\n%+v\nwant\n%+v", got.ID, what, pair[0], pair[1])
		}
	}
	expectSameDropped(t, got.Dropped(), want.Dropped())
}

func expectSameDropped(t testing.TB, got, want []status.Dropped) {
	t.Helper()
	const most = 1_000 // if there are more fields, it is not specified which are listed
	if len(got) == most && len(want) == most {
		return
	}
	if a, b := sortedDropped(got), sortedDropped(want); !reflect.DeepEqual(a, b) {
		t.Fatalf("dropped\n%v\nwant\n%v", a, b)
	}
}

func drawn(t testing.TB, s *status.WorkflowStatus) string {
	t.Helper()
	var b strings.Builder
	if err := s.WriteTree(&b, time.Time{}, status.TreeOptions{Groups: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// workflowTexts returns workflows as JSON, keyed by what is special about them.
func workflowTexts(t testing.TB) map[string]string {
	t.Helper()
	texts := map[string]string{
		"watched": string(watchedWorkflow(t)),
		"empty":   ` { } `, "no kind": `{"metadata":{"name":"w"}}`, "nulls": `{"kind":null,"apiVersion":null,"metadata":null,"spec":null,"status":null}`,
		"types at the top":    `{"kind":1,"apiVersion":[2],"metadata":"x","spec":[{}],"status":true}`,
		"types below":         `{"metadata":{"name":{"a":1},"labels":[1],"annotations":{"a":{"b":[]},"c":[7],"d":null,"e":1.5},"uid":1e30},"spec":{"arguments":[],"workflowTemplateRef":"x","suspend":"yes"},"status":{"nodes":[{"a":1}],"conditions":{"a":1},"outputs":[],"synchronization":{"mutex":[],"semaphore":{"holding":{}}},"resourcesDuration":{"cpu":{"x":1}},"persistentVolumeClaims":[{"persistentVolumeClaim":[]},1]}}`,
		"types in lists":      `{"spec":{"arguments":{"parameters":[1,null,[],{"name":[],"value":{"a":1},"enum":[1,"x",{}],"valueFrom":7}]}},"status":{"conditions":[null,1,{"type":1}],"synchronization":{"mutex":{"waiting":[1,{"mutex":"m","holder":2}]},"semaphore":{"holding":[{"semaphore":"s","holders":[1,"h"]}]}}}}`,
		"escapes in names":    `{"\u006detadata":{"n\u0061me":"w","\u006c\u0061\u0062\u0065\u006c\u0073":{"\u00e9\n":"\ud83d\ude00","` + strings.Repeat(`\u0061`, 1_000) + `":"long"}},"st\u0061tus":{"\u006e\u006f\u0064\u0065\u0073":{"\u0061":{"\u0074ype":"Pod"}},"phase\u0000":"x"}}`,
		"no UTF-8":            "{\"metadata\":{\"name\":\"a\xff\",\"labels\":{\"\xfe\":\"\xc3(\"},\"\xff\":1},\"status\":{\"message\":\"\xe2\x82\",\"nodes\":{\"\xff\":{\"name\":\"\xff\"}}}}",
		"twice":               `{"metadata":{"name":"a","uid":"1","name":"b"},"status":{"phase":"Running","nodes":{"a":{"children":[1]}}},"metadata":{"name":"c"},"status":{"message":"m","nodes":{"b":{"startedAt":1}},"nodes":{"c":{},"d":{}}}}`,
		"nodes, then none":    `{"status":{"nodes":{"a":{"name":1}},"nodes":null}}`,
		"nodes, then no map":  `{"status":{"nodes":{"a":{"name":1}},"nodes":[1]}}`,
		"nodes and packed":    `{"status":{"compressedNodes":"****","nodes":{"a":null}}}`,
		"no nodes but packed": `{"status":{"nodes":{ },"compressedNodes":"` + stored(t, []byte(`{"a":{"type":"Pod"}}`)) + `"}}`,
		"offloaded":           `{"status":{"nodes":{},"offloadNodeStatusVersion":"fnv:1"}}`,
		"numbers":             `{"spec":{"arguments":{"parameters":[{"value":-0},{"value":1.50},{"value":1e3},{"value":9223372036854775808},{"value":1e-400}]}},"status":{"estimatedDuration":1.9,"resourcesDuration":{"cpu":9223372036854775807}}}`,
		"supplied":            `{"spec":{"arguments":{"parameters":[{"valueFrom":{"supplied":null}},{"valueFrom":{"supplied":{"a":1}}},{"valueFrom":{}}]}}}`,
		"deep":                `{"x":` + strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999) + `}`,
		"deep in a node":      `{"status":{"nodes":{"a":{"x":` + strings.Repeat("[", 9_996) + strings.Repeat("]", 9_996) + `}}}}`,
		"deep in a name":      `{"metadata":{"name":` + strings.Repeat(`{"name":`, 5_000) + `1` + strings.Repeat("}", 5_000) + `}}`,
		"large outside nodes": `{"metadata":{"annotations":{"a":"` + strings.Repeat("x", 2<<20) + `"}},"status":{"nodes":{}}}`,
		"many dropped":        `{"status":{"conditions":[` + strings.Repeat("1,", 2_000) + `1],"nodes":{"a":{"name":1}}}}`,
	}
	maps.Copy(texts, delayTexts())
	for name, text := range nodeTexts() {
		texts["nodes: "+name] = `{"kind":"Workflow","status": {"nodes":` + text + `,"phase":"Running"} }`
	}
	// The nodes are two levels deeper there.
	texts["nodes: deep"] = strings.Replace(strings.Replace(texts["nodes: deep"], "[[", "", 1), "]]", "", 1)
	return texts
}

func TestFromJSONReadsLikeFromUnstructured(t *testing.T) {
	for name, text := range workflowTexts(t) {
		t.Run(name, func(t *testing.T) {
			u := &unstructured.Unstructured{}
			if err := json.Unmarshal([]byte(text), &u.Object); err != nil {
				t.Fatal(err)
			}
			want, err := status.FromUnstructured(u)
			if err != nil {
				t.Fatal(err)
			}
			expectFromJSON(t, []byte(text), want)
			decode(t, u)
		})
	}
}

func TestFromJSONRefusesOtherObjects(t *testing.T) {
	for text, says := range map[string]string{
		`null`: "no object", `[]`: "no object", `"x"`: "no object", `1`: "no object", `true`: "no object",
		`{"kind":"WorkflowTemplate","apiVersion":"argoproj.io/v1alpha1"}`: `have kind "WorkflowTemplate"`,
		`{"apiVersion":"v1"}`: `apiVersion "v1"`,
	} {
		slim, err := wfjson.Slim(nil, []byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		for _, data := range [][]byte{[]byte(text), slim} {
			var not *status.NotWorkflowError
			if s, err := status.FromJSON(data); !errors.As(err, &not) || s != nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, %v", data, s, err)
			}
		}
	}
}

// expectBroken checks that FromJSON and Slim refuse data, and returns the error.
func expectBroken(t testing.TB, data []byte) *status.JSONError {
	t.Helper()
	var broken *status.JSONError
	var slimmed *wfjson.SyntaxError
	if s, err := status.FromJSON(data); !errors.As(err, &broken) || s != nil {
		t.Fatalf("%.100q: %v, %v", data, s, err)
	}
	dst, err := wfjson.Slim([]byte("before"), data)
	if !errors.As(err, &slimmed) || string(dst) != "before" {
		t.Fatalf("%.100q: slimmed to %q, %v", data, dst, err)
	}
	if *broken != status.JSONError(*slimmed) {
		t.Fatalf("%.100q: %v, but Slim: %v", data, broken, slimmed)
	}
	return broken
}

func TestFromJSONRefusesInvalidJSON(t *testing.T) {
	whole := func(text string) string { return text }
	in := func(before, after string) func(string) string {
		return func(text string) string { return before + text + after }
	}
	for name, wrap := range map[string]func(string) string{
		"alone": whole, "in an unread field": in(`{"x":`, `}`), "in metadata": in(`{"metadata":`, `}`), "in a label": in(`{"metadata":{"labels":{"a":`, `}}}`),
		"in a list": in(`{"spec":{"arguments":{"parameters":[{},`, `]}}}`), "nodes": in(`{"status":{"nodes":`, `}}`), "a node": in(`{"status":{"nodes":{"a":`, `}}}`),
		"in a template": in(`{"spec":{"templates":[`, `]}}`), "a field of a node": in(`{"status":{"nodes":{"a":{"name":`, `}}}}`),
		"in an input": in(`{"status":{"nodes":{"a":{"inputs":{"parameters":[`, `]}}}}}`), "in a wrong kind": in(`{"kind":"Pod","x":`, `}`),
	} {
		for _, text := range brokenTexts() {
			data := wrap(text)
			var any any
			if json.Unmarshal([]byte(data), &any) == nil { // e.g. a missing item
				continue
			}
			if broken := expectBroken(t, []byte(data)); broken.Offset < 0 || broken.Offset > len(data) || broken.Reason == "" {
				t.Errorf("%s: %.40q: %+v", name, text, broken)
			}
		}
	}
}

func TestJSONErrorsShowPositionsNotContent(t *testing.T) {
	for _, tc := range []struct{ before, secret, after, says string }{
		{`{"metadata":{"name":`, `s3cret`, `}}`, "want a value"},
		{`{"status":{"nodes":{"a":{"message":"m"`, `s3cret`, `}}}}`, "want a comma or '}'"},
		{`{"spec":{"templates":[`, `"s3cret`, ``, "it ends too early"},
		{`{"spec":{"arguments":{"parameters":[{"value":`, `31337e999`, `}]}}}`, "the number is out of range"},
		{`{`, `s3cret`, `}`, "want a member's name"},
		{`{"status":{}}`, `s3cret`, ``, "want the end"},
	} {
		data := tc.before + tc.secret + tc.after
		at := len(tc.before)
		if tc.after == "" && tc.says != "want the end" {
			at = len(data)
		}
		err := expectBroken(t, []byte(data))
		if err.Error() != fmt.Sprintf("JSON at byte %d: %s", at, tc.says) || errors.Is(err, io.ErrUnexpectedEOF) != (at == len(data)) {
			t.Errorf("%s: %v", data, err)
		}
	}
}

func TestFromJSONOfTruncatedJSON(t *testing.T) {
	text := []byte(`{"kind":"Workflow","metadata":{"name":"w","labels":{"a\n":"b"},"managedFields":[{}]},"spec":{"templates":[1.5e3,true,null,{"suspend":{"duration":"1"}},{"steps":[[{"inline":{"suspend":{"duration":2}}}]]}]},` +
		`"status":{"nodes":` + nodeTexts()["everything"] + `,"conditions":[{"type":"Completed"}]}}`)
	for at := range len(text) {
		if err := expectBroken(t, text[:at:at]); err.Offset != at || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut off at %d: %v", at, err)
		}
	}
}

func TestFromJSONOfTenMegabytesOfNodes(t *testing.T) {
	u := withStatus(map[string]any{"nodes": loadNodes(16_000)})
	text, err := json.Marshal(u.Object)
	if err != nil || len(text) < 10_000_000 {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	want, err := status.FromUnstructured(u)
	if err != nil {
		t.Fatal(err)
	}
	got, err := status.FromJSON(text)
	if err != nil || got.NodesErr != nil || len(got.Nodes) != len(want.Nodes) {
		t.Fatalf("%d nodes, %v, %v", len(got.Nodes), err, got.NodesErr)
	}
	for i, n := range got.Nodes {
		if i%100 == 0 {
			expectSameNode(t, n, want.Nodes[i])
		}
	}
}

// Nodes that exceed a limit are an error of the nodes only.
func TestFromJSONOfNodesBeyondALimit(t *testing.T) {
	for name, tc := range map[string]struct{ text, says string }{
		"nodes":    {"{" + strings.Repeat(`"a":{},`, 1<<19) + `"a":{}}`, "nodes: they would take over 8 MiB more than their JSON"},
		"children": {`{"a":{"children":[` + strings.Repeat(`"",`, 1<<22) + `""]}}`, "nodes: they would take over 8 MiB more than their JSON"},
		"an id":    {`{"` + strings.Repeat("i", 1<<20) + `":{}}`, "nodes: JSON at byte 1: the id is longer than 1024 KiB"},
		"size":     {`{"a":{"x":"` + strings.Repeat("x", status.MaxNodesSize) + `"}}`, "nodes: they take more than 64 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := status.FromJSON([]byte(`{"metadata":{"name":"w"},"status":{"nodes":` + tc.text + `,"phase":"Running"}}`))
			if err != nil {
				t.Fatal(err)
			}
			var nodes *status.NodesError
			if !errors.As(s.NodesErr, &nodes) || s.NodesErr.Error() != tc.says || len(s.Nodes) > 0 {
				t.Errorf("%v, %d nodes", s.NodesErr, len(s.Nodes))
			}
			if s.Name != "w" || s.Phase != status.PhaseRunning {
				t.Errorf("the rest is lost: %q, %q", s.Name, s.Phase)
			}
		})
	}
}

// FromJSON has to read the same as FromUnstructured, and no input may make a method of the result
// fail.
func FuzzFromJSON(f *testing.F) {
	texts := slices.Collect(maps.Values(workflowTexts(f)))
	for _, text := range brokenTexts() {
		texts = append(texts, `{"status":{"nodes":`+text+`}}`)
	}
	for _, text := range texts {
		if len(text) < 5_000 { // minimizing longer ones would take most of the fuzzer's time
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := string(text)
		var value any
		if json.Unmarshal(text, &value) != nil {
			_ = expectBroken(t, text)
			return
		}
		fields, ok := value.(map[string]any)
		if !ok {
			fields = map[string]any{"kind": "none"}
		}
		want, err := status.FromUnstructured(&unstructured.Unstructured{Object: fields})
		if err != nil {
			var not *status.NotWorkflowError
			if _, err := status.FromJSON(text); !errors.As(err, &not) {
				t.Fatal(err)
			}
			return
		}
		expectFromJSON(t, text, want)
		expectIdentity(t, fields, want)
		if string(text) != before {
			t.Fatal("the input was changed")
		}
	})
}

// expectIdentity checks Identify with an object in the API server's order.
func expectIdentity(t *testing.T, fields map[string]any, want *status.WorkflowStatus) {
	t.Helper()
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	id, err := wfjson.Identify(text)
	if want := (wfjson.Identity{Name: want.Name, UID: want.UID, ResourceVersion: want.ResourceVersion}); err != nil || id != want {
		t.Fatalf("%+v, %v; want %+v", id, err, want)
	}
}

func TestSlimAllocatesNothing(t *testing.T) {
	for name, text := range workflowTexts(t) {
		dst := make([]byte, 0, len(text))
		if allocations := testing.AllocsPerRun(3, func() {
			if _, err := wfjson.Slim(dst, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}); allocations > 1 { // the copy of text
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}
}
