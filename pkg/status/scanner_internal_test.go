package status

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func scan(src io.Reader) (*nodeReader, []*Node, []Dropped, error) {
	r := newNodeReader(src)
	if err := r.run(); err != nil {
		return r, nil, nil, err
	}
	var dropped []Dropped
	nodes, err := r.finish(&dropped, nil)
	return r, nodes, dropped, err
}

// However the stream comes in pieces, what is read is the same.
func TestNodeReaderWithAnyPieces(t *testing.T) {
	text := `{"a" : {"name":"w.\u0061b","children":["x","y\n"],"n":[-1.5e3,true,null,false],"nodeFlag":{"retried":true}},` +
		strings.Repeat(" ", 40_000) + `"b":{"message":"` + strings.Repeat("m", 70_000) + `","phase":1},"c":{"startedAt":"2026-01-01T00:00:00Z"}}  `
	want, wantNodes, wantDropped, err := scan(strings.NewReader(text))
	if err != nil || len(wantNodes) != 3 || len(wantDropped) != 1 {
		t.Fatalf("%v, %d nodes, dropped %v", err, len(wantNodes), wantDropped)
	}
	for name, src := range map[string]io.Reader{
		"single bytes":           iotest.OneByteReader(strings.NewReader(text)),
		"halves":                 iotest.HalfReader(strings.NewReader(text)),
		"the end with the last":  iotest.DataErrReader(strings.NewReader(text)),
		"nothing now and then":   &hesitantReader{src: strings.NewReader(text)},
		"pieces of seven":        &pieceReader{src: strings.NewReader(text), size: 7},
		"pieces beyond a window": &pieceReader{src: strings.NewReader(text), size: 40_001},
	} {
		r, nodes, dropped, err := scan(src)
		if err != nil || r.source.size != want.source.size || r.source.size != len(text) {
			t.Fatalf("%s: %v, size %d", name, err, r.source.size)
		}
		for i, n := range nodes {
			got, want := *n, *wantNodes[i]
			got.source, want.source = nil, nil
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s:\n%+v\nwant\n%+v", name, got, want)
			}
			if at := text[n.start:n.end]; at[0] != '{' || at[len(at)-1] != '}' {
				t.Errorf("%s: node %s stands at %.20q", name, n.ID, at)
			}
		}
		if !reflect.DeepEqual(dropped, wantDropped) {
			t.Errorf("%s: dropped %v", name, dropped)
		}
	}
}

// A stream that breaks off is that error, wherever it does.
func TestNodeReaderReportsTheStreamsError(t *testing.T) {
	text := ` {"a" : {"name":"w.\u0061b" , "children":["x" ,"y"],"n":[-1.5e3,true,null] } , "b":{} } `
	broken := errors.New("broken")
	for at := range len(text) {
		if _, _, _, err := scan(io.MultiReader(strings.NewReader(text[:at]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Errorf("broken off after %q: %v", text[:at], err)
		}
		if at > strings.LastIndexByte(text, '}') {
			continue
		}
		if _, _, _, err := scan(strings.NewReader(text[:at])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("ends after %q: %v", text[:at], err)
		}
	}
	if _, _, _, err := scan(stuckReader{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a stream that gives nothing: %v", err)
	}
}

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

// Most of what nodes say comes again and again: it should be there once.
func TestArenaKeepsOneCopyOfWhatRepeats(t *testing.T) {
	a := newArena(0)
	group := []byte("w-3472938473")
	if allocations := testing.AllocsPerRun(100, func() { a.intern(group) }); allocations > 0 {
		t.Errorf("%v allocations for a text that is there", allocations)
	}
	long := []byte(strings.Repeat("x", 1<<20))
	for _, b := range [][]byte{nil, group, long, []byte("short")} {
		if got := a.copy(b); got != string(b) {
			t.Errorf("%.20q became %.20q", b, got)
		}
	}
	first, second := a.list(3), a.list(2)
	copy(first, []string{"a", "b", "c"})
	if _ = append(first, "d"); second[0] != "" {
		t.Error("lists overlap")
	}
	var nodes []*Node
	for i := range 3000 {
		n := a.node()
		n.start = uint32(i)
		nodes = append(nodes, n)
	}
	for i, n := range nodes {
		if n.start != uint32(i) {
			t.Fatalf("node %d was moved", i)
		}
	}
}

func TestCompareNatural(t *testing.T) {
	ascending := []string{
		"", "load", "load(0:a)", "load(1:a)", "load(2:2)", "load(10:2)", "load(10:10)", "load(10:10).x", "load1", "load1b", "load2", "load12", "load12b", "load100", "loaf", "z0", "z00", "z0b",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			got := compareNatural(a, b)
			if want := min(1, max(-1, i-j)); got != want {
				t.Errorf("compare %q with %q: %d, want %d", a, b, got, want)
			}
		}
	}
	for _, same := range [][2]string{{"a01", "a1"}, {"a007b2", "a7b02"}} {
		if c := compareNatural(same[0], same[1]); c != 0 {
			t.Errorf("compare %q with %q: %d", same[0], same[1], c)
		}
	}
}
