package wfjson_test

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// fields are the members of a node that the sink records, by name.
func fields() map[string]wfjson.Field {
	return map[string]wfjson.Field{
		"name": wfjson.FieldName, "message": wfjson.FieldMessage, "phase": wfjson.FieldPhase,
		"startedAt": wfjson.FieldStartedAt, "children": wfjson.FieldChildren, "nodeFlag": wfjson.FieldNodeFlag,
	}
}

// recorded is what a sink has received of a node.
type recorded struct {
	id, kind   string
	fields     map[string]string
	start, end int
}

type sink struct{ nodes []recorded }

// AddNode implements wfjson.NodeSink.
func (s *sink) AddNode(n *wfjson.Node) error {
	r := recorded{id: wfjson.Unquote(n.ID()), kind: string(n.Value()[:1]), fields: map[string]string{}, start: n.Start, end: n.End}
	for name, field := range fields() {
		if raw := n.Field(field); len(raw) > 0 {
			r.fields[name] = string(raw)
		}
	}
	s.nodes = append(s.nodes, r)
	return nil
}

func readNodes(src io.Reader) (nodes []recorded, size int, err error) {
	var s sink
	size, err = wfjson.ReadNodes(src, &s)
	return s.nodes, size, err
}

func TestReadNodesInPiecesOfAnySize(t *testing.T) {
	text := `{"a" : {"name":"w.\u0061b","children":["x","y\n"],"n":[-1.5e3,true,null,false],"nodeFlag":{"retried":true}},` +
		strings.Repeat(" ", 40_000) + `"b":{"message":"` + strings.Repeat("m", 70_000) + `","phase":1},"c":{"startedAt":"2026-01-01T00:00:00Z"},"d":[7]}  `
	want, _, err := readNodes(strings.NewReader(text))
	if err != nil || len(want) != 4 || want[0].fields["name"] != `"w.\u0061b"` || want[3].kind != "[" {
		t.Fatalf("%v, %.300v", err, want)
	}
	for name, src := range map[string]io.Reader{
		"single bytes":                 iotest.OneByteReader(strings.NewReader(text)),
		"halves":                       iotest.HalfReader(strings.NewReader(text)),
		"the end with the last bytes":  iotest.DataErrReader(strings.NewReader(text)),
		"empty reads":                  &hesitantReader{src: strings.NewReader(text)},
		"seven bytes":                  &pieceReader{src: strings.NewReader(text), size: 7},
		"more bytes than the window":   &pieceReader{src: strings.NewReader(text), size: 40_001},
		"the end only after the bytes": strings.NewReader(text),
	} {
		nodes, size, err := readNodes(src)
		if err != nil || size != len(text) || !reflect.DeepEqual(nodes, want) {
			t.Errorf("%s: %v, size %d\n%.500v\nwant\n%.500v", name, err, size, nodes, want)
		}
		for _, n := range nodes {
			if at := text[n.start:n.end]; at[:1] != n.kind || !strings.HasSuffix(at, "}") && !strings.HasSuffix(at, "]") {
				t.Errorf("%s: node %s is at %.20q", name, n.id, at)
			}
		}
	}
}

func TestReadNodesReturnsTheErrorOfTheStream(t *testing.T) {
	text := ` {"a" : {"name":"w.\u0061b" , "children":["x" ,"y"],"n":[-1.5e3,true,null] } , "b":{} } `
	broken := errors.New("broken")
	for at := range len(text) {
		if _, _, err := readNodes(io.MultiReader(strings.NewReader(text[:at]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Errorf("broken off after %q: %v", text[:at], err)
		}
		if at > strings.LastIndexByte(text, '}') {
			continue
		}
		if _, _, err := readNodes(strings.NewReader(text[:at])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("ends after %q: %v", text[:at], err)
		}
	}
	if _, _, err := readNodes(stuckReader{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a stream without bytes or an error: %v", err)
	}
}

func TestReadNodesReplacesLongValues(t *testing.T) {
	long := `"` + strings.Repeat("x", 4<<20) + `"`
	for name, tc := range map[string]struct {
		node     string
		complete bool
		value    string
	}{
		"of an unknown member":       {`{"x":` + long + `,"name":"n"}`, true, `{"x":0,"name":"n"}`},
		"of a member read on demand": {`{"inputs":` + long + `,"name":"n"}`, false, `{"inputs":0,"name":"n"}`},
		"in place of a node":         {long, true, `"`},
	} {
		var got string
		var complete bool
		size, err := wfjson.ReadNodes(strings.NewReader(`{"a":`+tc.node+`}`), sinkFunc(func(n *wfjson.Node) error {
			got, complete = string(n.Value()), n.Complete
			if n.End-n.Start != len(tc.node) {
				t.Errorf("%s: from %d to %d", name, n.Start, n.End)
			}
			return nil
		}))
		if err != nil || size != len(tc.node)+len(`{"a":}`) || got != tc.value || complete != tc.complete {
			t.Errorf("%s: %v, size %d, %.100q, complete: %v", name, err, size, got, complete)
		}
	}
}

type sinkFunc func(n *wfjson.Node) error

// AddNode implements wfjson.NodeSink.
func (f sinkFunc) AddNode(n *wfjson.Node) error { return f(n) }

type hesitantReader struct {
	src   io.Reader
	ready bool
}

// Read implements io.Reader.
func (r *hesitantReader) Read(p []byte) (int, error) {
	if r.ready = !r.ready; !r.ready {
		return 0, nil
	}
	return r.src.Read(p)
}

type pieceReader struct {
	src  io.Reader
	size int
}

// Read implements io.Reader.
func (r *pieceReader) Read(p []byte) (int, error) { return r.src.Read(p[:min(len(p), r.size)]) }

type stuckReader struct{}

// Read implements io.Reader.
func (stuckReader) Read([]byte) (int, error) { return 0, nil }
