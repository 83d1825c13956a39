package status_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// packedSmall compresses repetitive text as well as a hostile author would.
func packedSmall(t testing.TB, start, piece string, times int, end string) string {
	t.Helper()
	zipped := func(text string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write([]byte(text))
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	const atOnce = 1 << 16
	packed := zipped(start)
	packed = append(packed, bytes.Repeat(zipped(strings.Repeat(piece, atOnce)), times/atOnce)...)
	packed = append(packed, zipped(strings.Repeat(piece, times%atOnce)+end)...)
	return base64.StdEncoding.EncodeToString(packed)
}

// A few KiB must not become gigabytes, neither at once nor when a node decodes on demand.
func TestHostileNodesTakeFewBytes(t *testing.T) {
	const size = 13 << 20 // large enough to meet each bound; MaxNodesSize itself takes long to scan
	cases := map[string]struct {
		start, piece, end string
		fails             string
	}{
		"lists in an odd field":   {start: `{"a":{"name":[`, piece: `[],`, end: `[]]}}`},
		"children":                {start: `{"a":{"children":[`, piece: `"",`, end: `"",""]}}`, fails: "they would take over 8 MiB more than their JSON"},
		"children that are none":  {start: `{"a":{"children":[`, piece: `[1,2,3,4,5,6,7,8,9],`, end: `1]}}`},
		"quotes in a child":       {start: `{"a":{"children":["`, piece: `\"`, end: `"]}}`},
		"a name that is no UTF-8": {start: `{"a":{"name":"`, piece: "\xff", end: `"}}`},
		"an id":                   {start: `{"`, piece: "\xff", end: `":{}}`, fails: "the id is longer than 1024 KiB"},
		"parameters":              {start: `{"a":{"outputs":{"parameters":[`, piece: `{},`, end: `{}]}}}`},
		"resources":               {start: `{"a":{"resourcesDuration":{`, piece: `"":1,`, end: `"cpu":1}}}`},
		"nodes":                   {start: `{`, piece: `"a":{},`, end: `"a":{}}`, fails: "they would take over 8 MiB more than their JSON"},
		"a number out of range":   {start: `{"a":{"x":`, piece: "1", end: `}}`, fails: "the number is out of range"},
		"a time":                  {start: `{"a":{"startedAt":"`, piece: "2", end: `"}}`},
	}
	for name, tc := range cases {
		const most = 8 * size
		times := (size - len(tc.start)) / len(tc.piece)
		if tc.fails == "" { // a smaller input is enough
			times /= 4
		}
		t.Run(name+", compressed", func(t *testing.T) {
			obj := withStatus(map[string]any{"compressedNodes": packedSmall(t, tc.start, tc.piece, times, tc.end)})
			expectFewBytes(t, most, tc.fails, func() (*status.WorkflowStatus, error) { return status.FromUnstructured(obj) })
		})
		t.Run(name+", in JSON", func(t *testing.T) {
			text := []byte(`{"status":{"nodes":` + tc.start + strings.Repeat(tc.piece, times) + tc.end + `}}`)
			if name == "a number out of range" { // invalid, as for encoding/json
				_ = expectBroken(t, text)
				return
			}
			expectFewBytes(t, most, tc.fails, func() (*status.WorkflowStatus, error) { return status.FromJSON(text) })
		})
	}
}

func expectFewBytes(t *testing.T, most uint64, fails string, read func() (*status.WorkflowStatus, error)) {
	t.Helper()
	var s *status.WorkflowStatus
	var err error
	if took := growth.Allocated(func() { s, err = read() }); err != nil || took > most {
		t.Fatalf("%v, %d MiB to read", err, took>>20)
	}
	if fails != "" {
		if s.NodesErr == nil || !strings.Contains(s.NodesErr.Error(), fails) || len(s.NodesErr.Error()) > 200 {
			t.Errorf("%.300v", s.NodesErr)
		}
		return
	}
	if s.NodesErr != nil {
		t.Fatalf("%.300v", s.NodesErr)
	}
	for _, n := range s.Nodes {
		if took := growth.Allocated(func() { n.Dropped() }); took > most { // reads everything
			t.Errorf("%d MiB to read the rest", took>>20)
		}
	}
}

// Dropped fields abbreviate a long id, because there may be many of them.
func TestHostileIDsAreAbbreviated(t *testing.T) {
	text := `{"` + strings.Repeat("i", 1<<19) + `":{"children":[` + strings.Repeat("1,", 2_000) + `1]}}`
	obj := withStatus(map[string]any{"compressedNodes": stored(t, []byte(text))})
	if took := growth.Allocated(func() {
		if s, err := status.FromUnstructured(obj); err != nil || len(s.Dropped) != 1_000 || len(s.Nodes[0].Dropped()) != 1_000 {
			t.Error(err)
		}
	}); took > 16<<20 {
		t.Errorf("%d MiB", took>>20)
	}
}

// A truncated list is reported as dropped.
func TestNodesWithTooManyItems(t *testing.T) {
	const most = status.MaxNodesSize / 512
	for count, cut := range map[int]bool{most: false, most + 1: true} {
		text := `{"a":{"outboundNodes":[` + strings.Repeat(`"b",`, count-1) + `"b"]}}`
		s := decode(t, withStatus(map[string]any{"compressedNodes": stored(t, []byte(text))}))
		inJSON, err := status.FromJSON([]byte(`{"status":{"nodes":` + text + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		expectSame(t, inJSON, s)
		if got := len(s.Nodes[0].Details().OutboundNodes); got != most {
			t.Errorf("%d of %d are read", got, count)
		}
		dropped := s.Nodes[0].Dropped()
		if (len(dropped) == 1) != cut || cut && (dropped[0].Path != "status.nodes.a" || !strings.Contains(dropped[0].Reason, "131072 items")) {
			t.Errorf("%d: dropped %v", count, dropped)
		}
	}
}

// Values may be secret, so errors must not show them as those of encoding/json do.
func TestNodesErrorsShowNoValues(t *testing.T) {
	const secret = "31337e999"
	text := `{"a":{"inputs":{"parameters":[{"name":"p","value":` + secret + `}]}}}`
	packed := stored(t, []byte(text))
	s, err := status.FromUnstructured(withStatus(map[string]any{"compressedNodes": packed}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = status.DecompressNodes(packed)
	for _, err := range []error{err, s.NodesErr} {
		if err == nil || strings.Contains(err.Error(), "31337") ||
			!strings.HasSuffix(err.Error(), fmt.Sprintf("JSON at byte %d: the number is out of range", strings.Index(text, secret))) {
			t.Error(err)
		}
	}
}

// Many nodes may refer to one duration, so its length must not multiply.
func TestHostileDurationsTakeFewBytes(t *testing.T) {
	const count = 2_000
	nodes := map[string]any{}
	for i := range count {
		nodes[fmt.Sprint("n", i)] = map[string]any{
			"type": "Suspend", "phase": "Running", "templateName": "t", "startedAt": "2026-01-01T00:00:00Z",
			"inputs": map[string]any{"parameters": []any{map[string]any{"name": "i", "value": "1"}}},
		}
	}
	for name, duration := range map[string]string{
		"a long one":      strings.Repeat("1", 1<<18) + "x",
		"many parameters": strings.Repeat("{{inputs.parameters.i}}", 1<<13),
		"a long argument": strings.Repeat("{{workflow.parameters.w}}", 8),
	} {
		fields := map[string]any{
			"spec": map[string]any{
				"arguments": map[string]any{"parameters": []any{map[string]any{"name": "w", "value": strings.Repeat("1", 1<<17)}}},
				"templates": []any{map[string]any{"name": "t", "suspend": map[string]any{"duration": duration}}},
			},
			"status": map[string]any{"phase": "Running", "nodes": nodes},
		}
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		for how, read := range map[string]func() (*status.WorkflowStatus, error){
			"FromJSON": func() (*status.WorkflowStatus, error) { return status.FromJSON(text) },
			"FromUnstructured": func() (*status.WorkflowStatus, error) {
				return status.FromUnstructured(&unstructured.Unstructured{Object: fields})
			},
		} {
			var s *status.WorkflowStatus
			took := growth.Allocated(func() { s, err = read() })
			if err != nil || len(s.DelayedNodes()) != count || took > 32<<20 {
				t.Errorf("%s, %s: %v, %d delays, %d MiB", name, how, err, len(s.DelayedNodes()), took>>20)
			}
		}
	}
}

// The end of a context also ends the work after decompression: sorting, and reading delays and
// gates.
func TestContextEndsWhatFollowsTheReading(t *testing.T) {
	const count = 10_000
	var names, delays strings.Builder
	for i := range count {
		fmt.Fprintf(&names, `,"n%d":{"name":"%s%[1]d"}`, i, strings.Repeat("1", 400))
		if i >= 4_000 { // more would exceed the limit on memory
			continue
		}
		fmt.Fprintf(&delays, `,"n%d":{"type":"Suspend","phase":"Running","templateName":"t","inputs":{"parameters":[]}}`, i)
	}
	spec := map[string]any{"templates": []any{map[string]any{"name": "t", "suspend": map[string]any{"duration": "{{inputs.parameters.x}}"}}}}
	why := errors.New("enough")
	for name, nodes := range map[string]string{
		"order":  names.String(),
		"delays": delays.String(),
		"gates":  `,"a":{"type":"Suspend","phase":"Running","outputs":{"junk":[` + strings.Repeat("{},", 3<<20) + `{}]}}`,
	} {
		obj := withStatus(map[string]any{"compressedNodes": stored(t, []byte(`{"a":{}`+nodes+`}`))})
		obj.Object["spec"] = spec
		whole := &endsWhenAsked{Context: t.Context(), after: 1 << 30}
		if s, err := (status.NodeDecoders{}).FromUnstructuredContext(whole, obj); err != nil || s.NodesErr != nil {
			t.Fatal(name, err)
		}
		while := len(nodes)/(64<<10) + 5 // calls during decompression
		if whole.asked < while+20 {
			t.Errorf("%s: Err is called %d times, %d of them during decompression", name, whole.asked, while)
		}
		ctx := &endsWhenAsked{Context: t.Context(), after: while + 10, err: why}
		if s, err := (status.NodeDecoders{}).FromUnstructuredContext(ctx, obj); !errors.Is(err, why) || s != nil || ctx.asked > while+20 {
			t.Errorf("%s: %v, %d calls of Err", name, err, ctx.asked)
		}
	}
}

// AwaitedOutputs of an active gate must not decompress the nodes again.
func TestGatesAreKept(t *testing.T) {
	const size = 12 << 20
	enum := strings.Repeat(`"value",`, 200_000)
	for name, gate := range map[string]string{"short": `"value",`, "long": enum} {
		obj := withStatus(map[string]any{"compressedNodes": packedSmall(t, `{"a":{"type":"Suspend","phase":"Running","outputs":{"parameters":[`+
			`{"name":"o","enum":[`+gate+`"value"],"valueFrom":{"supplied":{}}}]}},"b":{"junk":[`, `{},`, size/3, `{}]}}`)})
		s := readAlone(t, obj)
		var awaited []status.Parameter
		took := growth.Allocated(func() { awaited = s.Node("a").AwaitedOutputs() })
		if len(awaited) != 1 || len(awaited[0].Enum) == 0 || took > 12*uint64(len(gate))+1<<20 {
			t.Errorf("%s: %d outputs, %d MiB", name, len(awaited), took>>20)
		}
	}
}

// Lists outside of the nodes are bounded, too.
func TestHostileListsTakeFewBytes(t *testing.T) {
	const size = 3 << 20
	for name, text := range map[string]string{
		"conditions":  `{"status":{"conditions":[` + strings.Repeat(`{},`, size/3) + `{}]}}`,
		"typed":       `{"status":{"conditions":[` + strings.Repeat(`{"type":1},`, size/11) + `{}]}}`,
		"arguments":   `{"spec":{"arguments":{"parameters":[` + strings.Repeat(`{"enum":[""]},`, size/14) + `{}]}}}`,
		"annotations": `{"metadata":{"annotations":{` + strings.Repeat(`"":"",`, size/6) + `"a":"b"}}}`,
		"templates": `{"spec":{"templates":[` + strings.Repeat(`{"suspend":{"duration":1}},`, size/27) +
			`{}]},"status":{"nodes":{"g":{"type":"Suspend","phase":"Running"}}}}`,
	} {
		var s *status.WorkflowStatus
		var err error
		if took := growth.Allocated(func() { s, err = status.FromJSON([]byte(text)) }); err != nil || took > 3*size+16<<20 {
			t.Errorf("%s: %v, %d MiB", name, err, took>>20)
		}
		said := slices.ContainsFunc(s.Dropped, func(d status.Dropped) bool { return strings.Contains(d.Reason, "more than 8192 items") })
		if name != "templates" && name != "typed" && !said { // dropped items of these fill the list
			t.Errorf("%s: dropped %.200v", name, s.Dropped)
		}
	}
}

// Nodes that are small under another algorithm may be too large for gzip.
func TestNodesThatGzipCannotCompress(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	piece := make([]byte, 1<<20)
	for i := range piece {
		piece[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[random.IntN(64)]
	}
	plain := `{"a":{"junk":"` + strings.Repeat(string(piece), 20) + `"}}`
	decoders := status.NodeDecoders{Brotli: func(io.Reader) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(plain)), nil }}
	packed := base64.StdEncoding.EncodeToString([]byte("brotli"))
	for what, do := range map[string]func() (string, error){
		"EditNodes": func() (string, error) {
			return decoders.EditNodes(t.Context(), packed, func(string) status.NodeEdit { return status.NodeEdit{} })
		},
		"Gzip": func() (string, error) { return decoders.Gzip(packed) },
	} {
		var nodes *status.NodesError
		if _, err := do(); !errors.As(err, &nodes) || err.Error() != "compressed nodes: they pack to more than 16 MiB by gzip" {
			t.Errorf("%s: %v", what, err)
		}
	}
}
