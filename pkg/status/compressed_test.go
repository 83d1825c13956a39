package status_test

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// nodeTexts returns nodes as JSON, keyed by what is special about them.
func nodeTexts() map[string]string {
	full := `{"id":"w-1","name":"w[0].load(3:x)","displayName":"load(3:x)","type":"Pod","templateName":"load",
		"templateRef":{"name":"lib","template":"t","clusterScope":true},"templateScope":"local/w","phase":"Succeeded",
		"boundaryID":"w","message":"m","startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:09Z",
		"estimatedDuration":5,"progress":"1/1","resourcesDuration":{"cpu":3,"memory":20},"podIP":"10.0.0.1","daemoned":true,
		"nodeFlag":{"hooked":true,"retried":true},"children":["w-2","w-2","gone"],"outboundNodes":["w-2"],"hostNodeName":"h",
		"inputs":{"parameters":[{"name":"a","value":"1"},{"name":"n","value":2.5}],"artifacts":[{"name":"in"}]},
		"outputs":{"parameters":[{"name":"b","value":"x","valueFrom":{"path":"/p"},"globalName":"g"}],"result":"r","exitCode":"0"},
		"memoizationStatus":{"hit":true,"key":"k","cacheName":"c"},"synchronizationStatus":{"waiting":"ma/Mutex/m"},
		"taskResultSynced":false,"failedPodRestarts":2,"unknown":[{"a":[1,-2.5e3,true,false,null,"x"]}]}`
	gate := `{"type":"Suspend","phase":"Running","outputs":{"parameters":[{"name":"who","valueFrom":{"supplied":{}}},7]}}`
	return map[string]string{
		"none":                   `{}`,
		"null":                   ` null `,
		"everything":             `{"w-1":` + full + `,"w-2":{"name":"x"}}`,
		"spaces":                 " {\n\t\"a\" : { \"children\" : [ \"b\" , \"c\" ] ,\r\n \"phase\" : \"Running\" } , \"b\" : { } } \n",
		"gates":                  `{"g1":` + gate + `,"g2":` + gate + `}`,
		"escapes":                `{"\u0061\n":{"\u006eame":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","message":"\ud800 \ud800\u0041 \udc00\ud800 \uD83D\uDE00","displayName":"<\u003c>"}}`,
		"no UTF-8":               "{\"a\xff\":{\"name\":\"b\xc3(\",\"displayName\":\"\xe2\x82\",\"inputs\":{\"parameters\":[{\"name\":\"p\xfe\"}]}}}",
		"other scripts":          `{"ä":{"name":"日本 𝄞","displayName":"𝄞"}}`,
		"nulls":                  `{"a":null,"b":{"name":null,"type":null,"phase":null,"children":null,"templateRef":null,"nodeFlag":null,"daemoned":null,"startedAt":null,"progress":null,"inputs":null,"synchronizationStatus":null}}`,
		"no nodes":               `{"a":1,"b":"x","c":[],"d":true,"e":-1.5,"f":{"name":"f"}}`,
		"wrong types":            `{"a":{"name":1,"displayName":[],"type":{},"phase":true,"message":1.5,"children":"x","progress":3,"startedAt":4,"daemoned":"yes","nodeFlag":[],"templateRef":"x","boundaryID":2,"synchronizationStatus":7,"finishedAt":"2026-01-01T00:00:00Z"}}`,
		"wrong types below":      `{"a":{"name":"n","nodeFlag":{"hooked":1,"retried":true},"templateRef":{"name":[],"template":"t","clusterScope":0},"children":["b",null,3,{}],"synchronizationStatus":{"waiting":1}}}`,
		"wrong types in details": `{"a":{"name":"n","podIP":1,"resourcesDuration":{"cpu":"x","memory":7},"memoizationStatus":3,"estimatedDuration":"y","inputs":{"parameters":[1,{"name":2}],"artifacts":3},"outputs":7}}`,
		"values":                 `{"a":{"startedAt":"yesterday","finishedAt":"2026-02-30T00:00:00Z","progress":"3/2"},"b":{"startedAt":"2026-01-01T1:00:00Z","finishedAt":"2026-01-01T01:00:00.25+02:00"},"c":{"startedAt":"","progress":"","phase":"Strange","type":"New"}}`,
		"one id twice":           `{"a":{"name":"1","startedAt":1},"b":{"name":"b","startedAt":2},"a":{"name":"3","children":["x"]}}`,
		"one id, then none":      `{"a":{"name":"1"},"b":{"name":"2","phase":1},"b":null,"a":7}`,
		"a gate's id twice":      `{"a":` + gate + `,"a":{"name":"x"}}`,
		"unsorted ids":           `{"c":{"name":"c"},"a":{"name":"a"},"b":{"name":"b","startedAt":"x"}}`,
		"one member twice":       `{"a":{"name":1,"name":"n","phase":"Running","phase":null,"inputs":{"result":"1"},"inputs":{"exitCode":"2"},"children":["b"],"children":[]}}`,
		"numbers":                `{"a":{"x":[0,-0,0.0,1e5,1E+5,1e-400,9223372036854775807,9223372036854775808,123456789012345678901234567890],"estimatedDuration":1.9}}`,
		"large":                  `{"a":{"name":"` + strings.Repeat("n", 100_000) + `","message":"` + strings.Repeat("é", 3_000) + `","inputs":{"result":"` + strings.Repeat(`\n`, 50_000) + `"}},"b":{}}`,
		"deep":                   `{"a":{"x":` + strings.Repeat("[", 9_998) + strings.Repeat("]", 9_998) + `}}`,
		"same start": `{"a":{"name":"p(10)","startedAt":"2026-01-01T00:00:00Z"},"b":{"name":"p(9)","startedAt":"2026-01-01T00:00:00Z"},
			"c":{"name":"p(09)","startedAt":"2026-01-01T00:00:00Z"},"d":{"name":"p","startedAt":"2026-01-01T00:00:00.5Z"},"e":{"name":"a"}}`,
	}
}

// brokenTexts returns strings that are not valid JSON of nodes.
func brokenTexts() []string {
	return []string{
		"", " ", "[]", `"x"`, "1", "true", "nul", "nullx", "null null", "{", `{"a"`, `{"a":`, `{"a":{}`, `{"a":{}}x`, `{"a":{}}{}`,
		`{"a":{},}`, `{,}`, `{"a" {}}`, `{a:{}}`, `{"a":{"b":1,}}`, `{"a":{"b":[1,]}}`, `{"a":{"b":[,1]}}`, `{"a":{"b":[1 2]}}`,
		`{"a":{"b":01}}`, `{"a":{"b":-}}`, `{"a":{"b":1.}}`, `{"a":{"b":.5}}`, `{"a":{"b":1e}}`, `{"a":{"b":1e+}}`, `{"a":{"b":+1}}`,
		`{"a":{"b":1e999}}`, `{"a":{"b":-1` + strings.Repeat("0", 400) + `}}`, `{"a":{"b":tru}}`, `{"a":{"b":True}}`, `{"a":{"b":NaN}}`,
		`{"a":{"b":"\x"}}`, `{"a":{"b":"\u12g4"}}`, `{"a":{"b":"\u12`, "{\"a\":{\"b\":\"\n\"}}", "{\"a\":{\"b\":\"\x00\"}}", `{"a":{"b":"x}}`,
		`{"a":{"b":'x'}}`, "{\"a\":\v{}}", "\ufeff{}", `{"a":{"b":]}}`, `{"a":{"b":[}}}`, `{"a":{]}`,
		`{"a":{"x":` + strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999) + `}}`,
		`{"a":` + strings.Repeat(`{"a":`, 10_000),
	}
}

func sortedDropped(dropped []status.Dropped) []status.Dropped {
	return slices.SortedFunc(slices.Values(dropped), func(a, b status.Dropped) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Reason, b.Reason))
	})
}

func TestCompressedNodesAreReadLikeInlineOnes(t *testing.T) {
	for name, text := range nodeTexts() {
		t.Run(name, func(t *testing.T) {
			var nodes map[string]any
			if err := json.Unmarshal([]byte(text), &nodes); err != nil {
				t.Fatal(err)
			}
			inline, err := status.FromUnstructured(withStatus(map[string]any{"nodes": nodes}))
			if err != nil {
				t.Fatal(err)
			}
			compressed := decode(t, withStatus(map[string]any{"compressedNodes": stored(t, []byte(text))}))
			expectSame(t, compressed, inline)
		})
	}
}

func TestCompressedNodesWithBrokenJSON(t *testing.T) {
	for _, text := range brokenTexts() {
		var nodes map[string]any
		if err := json.Unmarshal([]byte(text), &nodes); err == nil {
			t.Errorf("%.40q is not broken", text)
		}
		if s := decode(t, withStatus(map[string]any{"compressedNodes": stored(t, []byte(text))})); s.NodesErr == nil {
			t.Errorf("%.40q: %d nodes", text, len(s.Nodes))
		}
	}
}

// manyNodes returns the JSON of count nodes, each with its number as an output.
func manyNodes(count int) []byte {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, `%s"w-%d":{"name":"w[0].p(%[2]d)","displayName":"p(%[2]d)","type":"Pod","phase":"Succeeded","boundaryID":"w",`+
			`"startedAt":"2026-01-01T00:00:00Z","outputs":{"parameters":[{"name":"n","value":"%[2]d"}]}}`, ",{"[min(1, 1/(i+1)):][:1], i)
	}
	return []byte(b.String() + "}")
}

func TestCompressedNodesAreSafeForConcurrentUse(t *testing.T) {
	s, err := status.FromUnstructured(withStatus(map[string]any{"compressedNodes": stored(t, manyNodes(500))}))
	if err != nil || s.NodesErr != nil || len(s.Nodes) != 500 {
		t.Fatalf("%v, %v, %d nodes", err, s.NodesErr, len(s.Nodes))
	}
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for i, n := range s.Nodes {
				if value, _ := n.Outputs().Parameter("n"); value != fmt.Sprint(i) || n.DisplayName != "p("+value+")" {
					t.Errorf("node %d: %q puts out %q", i, n.DisplayName, value)
					return
				}
			}
		})
	}
	readers.Wait()
}

func TestChangingResultsLeavesNodesUnchanged(t *testing.T) {
	text := []byte(`{"a":{"children":["b"],"inputs":{"parameters":[{"name":"p","value":"1"}]}},"b":{"children":["c"]}}`)
	s, err := status.FromUnstructured(withStatus(map[string]any{"compressedNodes": stored(t, text)}))
	if err != nil {
		t.Fatal(err)
	}
	s.Node("a").Inputs().Parameters[0].Value = "changed"
	if value, _ := s.Node("a").Inputs().Parameter("p"); value != "1" {
		t.Errorf("the input is %q", value)
	}
	_ = append(s.Node("a").Children, "x")
	if children := s.Node("b").Children; !reflect.DeepEqual(children, []string{"c"}) {
		t.Errorf("children of b: %v", children)
	}
}

func TestNodeWithoutASource(t *testing.T) {
	n := &status.Node{DisplayName: "made by hand", Type: status.NodeTypeSuspend, Phase: status.NodeRunning}
	if !reflect.DeepEqual(n.Outputs(), status.Outputs{}) || !reflect.DeepEqual(n.Details(), status.NodeDetails{}) ||
		n.AwaitedOutputs() != nil || n.Dropped() != nil {
		t.Errorf("%+v %+v %v", n.Outputs(), n.Details(), n.Dropped())
	}
}

// Reading nodes as a stream must take far fewer bytes than decoding them into maps.
func TestCompressedNodesTakeFewBytes(t *testing.T) {
	packed, err := status.CompressNodes(loadNodes(5_000))
	if err != nil {
		t.Fatal(err)
	}
	allocated := func(decode func() error) uint64 {
		return growth.Allocated(func() {
			if err := decode(); err != nil {
				t.Fatal(err)
			}
		})
	}
	maps := allocated(func() error {
		_, err := status.DecompressNodes(packed)
		return err
	})
	stream := allocated(func() error {
		s, err := status.FromUnstructured(withStatus(map[string]any{"compressedNodes": packed}))
		return errors.Join(err, s.NodesErr)
	})
	if stream*8 > maps {
		t.Errorf("%d bytes as a stream, %d as maps", stream, maps)
	}
	t.Logf("%d bytes as a stream, %d as maps", stream, maps)
}

// The first bytes identify the algorithm. Without decoders, only gzip is read.
func TestNodesCompressedByOtherAlgorithms(t *testing.T) {
	for name, tc := range map[string]struct {
		compressed []byte
		algorithm  string
	}{
		"zstd":   {[]byte{0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00}, "zstd"},
		"brotli": {[]byte{0x0b, 0x00, 0x80, '{', '}', 0x03}, "brotli"},
		"short":  {[]byte{0x28}, "brotli"},
	} {
		packed := base64.StdEncoding.EncodeToString(tc.compressed)
		s := decode(t, withStatus(map[string]any{"phase": "Running", "compressedNodes": packed}))
		var nodes *status.NodesError
		var missing *status.CompressionError
		if !errors.As(s.NodesErr, &nodes) || !errors.As(s.NodesErr, &missing) || missing.Algorithm != tc.algorithm ||
			!strings.Contains(s.NodesErr.Error(), tc.algorithm) || !strings.Contains(s.NodesErr.Error(), "adapters/nodecodecs") {
			t.Errorf("%s: %v", name, s.NodesErr)
		}
		_, unpacked := status.DecompressNodes(packed)
		_, again := status.NodeDecoders{}.Gzip(packed)
		if !errors.As(unpacked, &missing) || !errors.As(again, &missing) {
			t.Errorf("%s: %v, %v", name, unpacked, again)
		}
	}
	for _, broken := range []string{"!", "====", "A"} {
		var missing *status.CompressionError
		if s := decode(t, withStatus(map[string]any{"compressedNodes": broken})); s.NodesErr == nil || errors.As(s.NodesErr, &missing) {
			t.Errorf("%q: %v", broken, s.NodesErr)
		}
	}
	packed := stored(t, []byte(`{"a":{"phase":"Running"}}`))
	if again, err := (status.NodeDecoders{}).Gzip(packed); err != nil || again != packed {
		t.Errorf("%q, %v", again, err)
	}
}
