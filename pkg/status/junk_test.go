package status_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Members that no controller writes must take no memory, neither while nodes are decoded nor when a
// gate that has them reads its outputs.
func TestJunkInNodesTakesNoRoom(t *testing.T) {
	const size = 12 << 20
	const gate = `"type":"Suspend","phase":"Running","outputs":{"parameters":[{"name":"who","valueFrom":{"supplied":{}}}]}`
	for name, tc := range map[string]struct {
		start, piece, end string
		window            uint64 // 0: some MiB
	}{
		"a member of a node":  {start: `{"w":{"name":"w","phase":"Running"},"a":{"name":"x","junk":[`, piece: `{},`, end: `{}],` + gate + `}}`},
		"a member at the end": {start: `{"w":{"name":"w","phase":"Running"},"a":{` + gate + `,"name":"x","junk":[`, piece: `{},`, end: `{}]}}`},
		"a string":            {start: `{"w":{"name":"w","phase":"Running"},"a":{"junk":"`, piece: `\u0041`, end: `","name":"x",` + gate + `}}`},
		// Long values are not kept in the window, but names are, up to 16 MiB.
		"many members":           {start: `{"w":{"name":"w","phase":"Running"},"a":{`, piece: `"j":[[],[[]]],`, end: `"name":"x",` + gate + `}}`, window: 4 * size},
		"the node beside a gate": {start: `{"a":{"name":"x",` + gate + `},"w":{"name":"w","junk":[`, piece: `{"a":1},`, end: `{}],"phase":"Running"}}`},
		// These are kept, up to 16 MiB.
		"its inputs": {start: `{"w":{"name":"w"},"a":{"name":"x","inputs":{"junk":[`, piece: `{},`, end: `{}]},` + gate + `}}`, window: 2 * size},
	} {
		t.Run(name, func(t *testing.T) {
			times := (size - len(tc.start)) / len(tc.piece)
			obj := withStatus(map[string]any{"compressedNodes": packedSmall(t, tc.start, tc.piece, times, tc.end)})
			var s *status.WorkflowStatus
			few := max(tc.window, 6<<20)
			if took := growth.Allocated(func() { s = readAlone(t, obj) }); took > few {
				t.Errorf("%d MiB to read", took>>20)
			}
			if s.NodesErr != nil || len(s.Nodes) != 2 {
				t.Fatalf("%d nodes, %v", len(s.Nodes), s.NodesErr)
			}
			n := s.Node("a")
			var awaited []status.Parameter
			took := growth.Allocated(func() { awaited = n.AwaitedOutputs() })
			if n.Name != "x" || !n.Waiting() || len(awaited) != 1 || awaited[0].Name != "who" || took > 6<<20 {
				t.Errorf("%+v awaits %v, read with %d MiB", n, awaited, took>>20)
			}
		})
	}
}

// Many small nodes take more memory than their JSON.
func TestNodesTakeAtMostThreeTimesTheirJSON(t *testing.T) {
	for name, tc := range map[string]struct {
		start, piece, end string
		count             int
		fails             string
	}{
		"empty nodes":      {start: `{`, piece: `"":{},`, end: `"":{}}`, count: 200_000, fails: "over 8 MiB more than their JSON"},
		"few empty nodes":  {start: `{`, piece: `"a":{},`, end: `"b":{}}`, count: 20_000},
		"empty ids":        {start: `{"a":{"children":[`, piece: `"",`, end: `""]}}`, count: 2_000_000, fails: "over 8 MiB more than their JSON"},
		"few empty ids":    {start: `{"a":{"children":[`, piece: `"",`, end: `""]}}`, count: 250_000},
		"ordinary ids":     {start: `{"a":{"children":[`, piece: `"bulk-load-x7f2k-1000000007",`, end: `""]}}`, count: 500_000},
		"a field too long": {start: `{"a":{"children":[`, piece: `"bulk-load-x7f2k-1000000007",`, end: `""]}}`, count: 700_000, fails: "the fields of a node take more than 16 MiB"},
		"messages": {
			start: `{"a":{}`, piece: `,"a":{"message":"` + strings.Repeat("m", 1<<10) + `"}`, end: `}`, count: 20_000,
		},
		// Each of these is within the limit by itself.
		"nodes, children and strings that are not UTF-8": {
			start: `{"a":{}`, piece: `,"a":{"children":[` + strings.Repeat(`"",`, 11) + `""],"message":"` + strings.Repeat("\xff", 120) + `"}`,
			end: `}`, count: 150_000, fails: "over 8 MiB more than their JSON",
		},
		"gates": {
			start: `{"a":{}`, piece: `,"a":{"type":"Suspend","phase":"Running","inputs":{"parameters":["` + strings.Repeat("p", 10_000) + `"]}}`,
			end: `}`, count: 2_000, fails: "the gates that wait take more than 16 MiB",
		},
	} {
		t.Run(name, func(t *testing.T) {
			size := uint64(len(tc.start) + tc.count*len(tc.piece) + len(tc.end))
			obj := withStatus(map[string]any{"compressedNodes": packedSmall(t, tc.start, tc.piece, tc.count, tc.end)})
			var s *status.WorkflowStatus
			// This counts everything that is allocated, and a window that grows is allocated twice.
			if took := growth.Allocated(func() { s = readAlone(t, obj) }); took > 3*size+16<<20 {
				t.Errorf("%d MiB for %d MiB", took>>20, size>>20)
			}
			if tc.fails == "" && s.NodesErr != nil || tc.fails != "" && (s.NodesErr == nil || !strings.Contains(s.NodesErr.Error(), tc.fails)) {
				t.Errorf("%v", s.NodesErr)
			}
		})
	}
}

// The end of a context ends the decoding of nodes, but not what nodes decode on demand later.
func TestContextEndsReadingNodes(t *testing.T) {
	packed := packedSmall(t, `{"a":{"name":"x","type":"Suspend","phase":"Running","inputs":{"parameters":[{"name":"p","value":"v"}],"junk":[`,
		`{},`, 4<<20, `{}]}}}`)
	obj := withStatus(map[string]any{"compressedNodes": packed})
	text := []byte(fmt.Sprintf(`{"status":{"compressedNodes":%q}}`, packed))
	reads := map[string]func(context.Context) (*status.WorkflowStatus, error){
		"unstructured": func(ctx context.Context) (*status.WorkflowStatus, error) {
			return status.NodeDecoders{}.FromUnstructuredContext(ctx, obj)
		},
		"JSON": func(ctx context.Context) (*status.WorkflowStatus, error) {
			return status.NodeDecoders{}.FromJSONContext(ctx, text)
		},
	}
	why := errors.New("enough")
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			// The context counts calls, so that it ends in the middle on any machine.
			ctx := &endsWhenAsked{Context: t.Context(), after: 50, err: why}
			if s, err := read(ctx); !errors.Is(err, why) || s != nil || ctx.asked > 60 {
				t.Errorf("%v, %v, %d calls of Err", s, err, ctx.asked)
			}
			ctx = &endsWhenAsked{Context: t.Context(), after: 1 << 30, err: why}
			s, err := read(ctx)
			if err != nil || s.NodesErr != nil {
				t.Fatal(err, s.NodesErr)
			}
			ctx.after = 0
			if got, _ := s.Nodes[0].Inputs().Parameter("p"); got != "v" {
				t.Errorf("afterwards its inputs are %q", got)
			}
		})
	}
}

// readAlone is decode without the comparisons.
func readAlone(t *testing.T, obj *unstructured.Unstructured) *status.WorkflowStatus {
	t.Helper()
	s, err := status.FromUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// endsWhenAsked is a context that ends after a number of calls of Err.
type endsWhenAsked struct {
	context.Context

	asked, after int
	err          error
}

func (c *endsWhenAsked) Err() error {
	if c.asked++; c.asked > c.after {
		return c.err
	}
	return nil
}

func (c *endsWhenAsked) Deadline() (time.Time, bool) { return time.Time{}, false }
