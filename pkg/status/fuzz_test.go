package status_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// No object may make the decoder or a method of its result fail or hang.
func FuzzFromUnstructured(f *testing.F) {
	f.Add([]byte(`{"kind":"Workflow","status":{"phase":"Failed","nodes":{"a":{"type":"Retry","children":["a","b"],"boundaryID":"b"},"b":{"type":"Pod","phase":"Failed","boundaryID":"a"}}}}`))
	f.Add([]byte(`{"kind":"Workflow","status":{"nodes":{"a":{"children":[null,1]}},"outputs":{"parameters":[{"value":true}]}}}`))
	f.Add([]byte(`{"kind":"Workflow","status":{"phase":"Pending","synchronization":{"mutex":{"waiting":[{"mutex":"a/Mutex/b","holder":"c"}]}},"nodes":{"a":{"synchronizationStatus":{"waiting":"x"}}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		u := &unstructured.Unstructured{}
		if err := u.UnmarshalJSON(text); err != nil {
			return
		}
		before := u.DeepCopy()
		s, err := status.FromUnstructured(u)
		if err != nil {
			return
		}
		exercise(s)
		if !reflect.DeepEqual(u, before) {
			t.Fatal("the input was changed")
		}
	})
}

// stored packs text without compressing it, which is fast.
func stored(t testing.TB, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, err = z.Write(text)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// If the API server's JSON decoder rejects the decompressed nodes, they must be rejected. Otherwise
// they must be the same as inline ones.
func FuzzCompressedNodes(f *testing.F) {
	for _, text := range nodeTexts() {
		f.Add([]byte(text))
	}
	for _, text := range brokenTexts() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var nodes map[string]any
		want := json.Unmarshal(text, &nodes)
		compressed, err := status.FromUnstructured(withStatus(map[string]any{"compressedNodes": stored(t, text)}))
		if err != nil {
			t.Fatal(err)
		}
		if (compressed.NodesErr != nil) != (want != nil) {
			t.Fatalf("%q: %v, want %v", text, compressed.NodesErr, want)
		}
		if want != nil {
			return
		}
		inline, err := status.FromUnstructured(withStatus(map[string]any{"nodes": nodes}))
		if err != nil {
			t.Fatal(err)
		}
		expectSame(t, compressed, inline)
	})
}

// A selector that can be parsed must survive String and parsing again, unless String hides values.
func FuzzParseNodeSelector(f *testing.F) {
	s := readStatus(f, `status: {nodes: {a: {displayName: approve, phase: Running, inputs: {parameters: [{name: p, value: "1"}]}}, b: {templateRef: {name: x}}}}`)
	for _, text := range []string{
		"", "displayName=approve", "phase!=Failed,name==x", "inputs.parameters.p.value=1", "inputs.parameters..value=1", "inputs.parameters.",
		`displayName=a\,b`, "=", "a=b", ",,", "templateRef.name=x,templateRef.name!=x",
	} {
		f.Add(text)
	}
	withValue := regexp.MustCompile(`(^|,)inputs\.parameters\.[^=,]*=`)
	f.Fuzz(func(t *testing.T, text string) {
		selector, err := status.ParseNodeSelector(text)
		if err != nil {
			var bad *status.NodeSelectorError
			if !errors.As(err, &bad) || bad.Reason == "" || withValue.MatchString(text) && bad.Selector == text && !strings.Contains(text, "…") {
				t.Fatalf("%#v", err)
			}
			return
		}
		if selector.Empty() != (text == "") {
			t.Fatalf("%q selects every node", text)
		}
		if strings.Contains(text, "inputs.parameters.") {
			return
		}
		again, err := status.ParseNodeSelector(selector.String())
		if err != nil || again.String() != selector.String() || again.Empty() != selector.Empty() {
			t.Fatalf("%q became %q: %v", selector, again, err)
		}
		for _, n := range s.Nodes {
			if selector.Matches(n) != again.Matches(n) {
				t.Fatalf("%q and %q differ about %s", selector, again, n.ID)
			}
		}
	})
}
