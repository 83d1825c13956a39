package status_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// someEdit returns an edit that changes a node in every way.
func someEdit() status.NodeEdit {
	return status.NodeEdit{
		Set:    map[string]any{"phase": "Succeeded", "message": nil, "new": []string{"<é>"}},
		Supply: map[string]string{"who": "me & you", "p": "x"},
		KeepID: func(id string) bool { return id != "gone" && id != "b" },
	}
}

// editedByMaps applies someEdit to a node that is a map.
func editedByMaps(node map[string]any) {
	node["phase"], node["new"] = "Succeeded", []any{"<é>"}
	delete(node, "message")
	for _, key := range []string{"children", "outboundNodes"} {
		ids, ok := node[key].([]any)
		if !ok {
			continue
		}
		kept := []any{}
		for _, id := range ids {
			if text, ok := id.(string); ok && text != "gone" && text != "b" {
				kept = append(kept, id)
			}
		}
		node[key] = kept
	}
	outputs, _ := node["outputs"].(map[string]any)
	parameters, _ := outputs["parameters"].([]any)
	for _, item := range parameters {
		p, _ := item.(map[string]any)
		from, _ := p["valueFrom"].(map[string]any)
		name, _ := p["name"].(string)
		value, known := map[string]string{"who": "me & you", "p": "x"}[name]
		if _, supplied := from["supplied"]; supplied && known && p["value"] == nil {
			delete(p, "valueFrom")
			p["value"] = value
		}
	}
}

func TestEditNodes(t *testing.T) {
	texts := nodeTexts()
	texts["awaited outputs"] = `{"a":{"outputs":{"parameters":[{"name":"who","valueFrom":{"supplied":{}},"description":"d"},` +
		`{"value":null,"valueFrom":{"supplied":null},"name":"p"},{"name":"who","value":"is","valueFrom":{"supplied":{}}},` +
		`{"name":"other","valueFrom":{"supplied":{}}},{"name":"who","valueFrom":{"path":"/x"}},7,null,[]],"result":"r"}}}`
	texts["lists"] = `{"a":{"children":[],"outboundNodes":[ "b" , "c","gone",1,null,"d"]},"b":{"children":"x","outputs":[]}}`
	for name, text := range texts {
		t.Run(name, func(t *testing.T) { expectEdited(t, text) })
	}
}

// The result must not depend on where the window ends.
func TestEditNodesAtTheEndOfTheWindow(t *testing.T) {
	const text = `{"pad":{"x":"` + "PAD" + `"},"a":{"name":"n","phase":"Running","message":"m","children":["b","c","gone","d"],` +
		`"outputs":{"result":"r","parameters":[{"name":"who","valueFrom":{"supplied":{}}},{"name":"z","value":"1"}]},"junk":[1.5e3,{}]},"b":{},"c":{"x":-12}}`
	const window = 32 << 10
	for pad := window - len(text) - 10; pad < window+10; pad++ {
		if expectEdited(t, strings.Replace(text, "PAD", strings.Repeat("x", pad), 1)); t.Failed() {
			t.Fatalf("behind %d bytes", pad)
		}
	}
}

func expectEdited(t *testing.T, text string) {
	t.Helper()
	packed := stored(t, []byte(text))
	want, err := status.DecompressNodes(packed)
	if err != nil {
		t.Fatal(err)
	}
	for id := range want {
		node, isObject := want[id].(map[string]any)
		switch {
		case id == "c":
			delete(want, id)
		case isObject && id != "pad":
			editedByMaps(node)
		}
	}
	edited, err := status.NodeDecoders{}.EditNodes(t.Context(), packed, func(id string) status.NodeEdit {
		switch id {
		case "c":
			return status.NodeEdit{Remove: true}
		case "pad":
			return status.NodeEdit{}
		}
		return someEdit()
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := status.DecompressNodes(edited); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%.2000v\nwant\n%.2000v", err, got, want)
	}
}

// FuzzEditNodes compares edits with the same edits of maps.
func FuzzEditNodes(f *testing.F) {
	for _, text := range nodeTexts() {
		f.Add([]byte(text))
	}
	for _, text := range brokenTexts() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		packed := stored(t, text)
		if _, err := status.DecompressNodes(packed); err == nil {
			expectEdited(t, string(text))
			return
		}
		edit := func(string) status.NodeEdit { return someEdit() }
		if edited, err := (status.NodeDecoders{}).EditNodes(t.Context(), packed, edit); err == nil {
			t.Errorf("%q is edited to %q", text, edited)
		}
	})
}

func TestEditNodesOfBrokenJSON(t *testing.T) {
	for _, text := range brokenTexts() {
		edited, err := status.NodeDecoders{}.EditNodes(t.Context(), stored(t, []byte(text)), func(string) status.NodeEdit { return someEdit() })
		var nodes *status.NodesError
		if !errors.As(err, &nodes) || edited != "" {
			t.Errorf("%.40q: %v, %.40q", text, err, edited)
		}
	}
	for _, packed := range []string{"", "****", "AAAA"} {
		if _, err := (status.NodeDecoders{}).EditNodes(t.Context(), packed, func(string) status.NodeEdit { return someEdit() }); err == nil {
			t.Errorf("%q is edited", packed)
		}
	}
}

// An edit takes a few MiB for nodes of any size.
func TestEditNodesTakesFewBytes(t *testing.T) {
	const size = 12 << 20
	const gate = `"type":"Suspend","phase":"Running","outputs":{"parameters":[{"name":"who","valueFrom":{"supplied":{}}}]}`
	for name, tc := range map[string]struct{ start, piece, end string }{
		"junk":               {`{"a":{"junk":[`, `{},`, `{}],` + gate + `}}`},
		"junk among outputs": {`{"a":{"outputs":{"junk":[`, `{},`, `{}]},` + gate + `}}`},
		"empty outputs":      {`{"a":{"outputs":{"parameters":[`, `{},`, `{}]}}}`},
		"children":           {`{"a":{"children":[`, `"x",`, `""],` + gate + `}}`},
		"nodes":              {`{`, `"b":{"message":"m"},`, `"a":{` + gate + `}}`},
	} {
		t.Run(name, func(t *testing.T) {
			packed := packedSmall(t, tc.start, tc.piece, (size-len(tc.start))/len(tc.piece), tc.end)
			keep := func(string) bool { return false }
			edits := map[string]status.NodeEdit{
				"a": {Set: map[string]any{"phase": "Succeeded"}, Supply: map[string]string{"who": "me"}, KeepID: keep},
			}
			var err error
			took := growth.Allocated(func() {
				_, err = status.NodeDecoders{}.EditNodes(t.Context(), packed, func(id string) status.NodeEdit { return edits[id] })
			})
			if perByte := float64(took) / size; err != nil || perByte > 3 { // nearly all of it short-lived
				t.Errorf("%v, %d MiB", err, took>>20)
			}
		})
	}
}

func TestContextEndsAnEdit(t *testing.T) {
	packed := packedSmall(t, `{"a":{"junk":[`, `{},`, 4<<20, `{}]}}`)
	why := errors.New("enough")
	ctx := &endsWhenAsked{Context: t.Context(), after: 50, err: why}
	edited, err := status.NodeDecoders{}.EditNodes(ctx, packed, func(string) status.NodeEdit { return someEdit() })
	if !errors.Is(err, why) || edited != "" || ctx.asked > 60 {
		t.Errorf("%v, %.40q, %d calls of Err", err, edited, ctx.asked)
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := (status.NodeDecoders{}).EditNodes(ended, packed, func(string) status.NodeEdit { return someEdit() }); !errors.Is(err, why) {
		t.Error(err)
	}
}
