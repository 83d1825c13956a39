package status_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func withStatus(fields map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "status": fields,
	}}
}

func TestCompressedNodes(t *testing.T) {
	nodes := map[string]any{"g": map[string]any{"id": "g", "type": "Suspend", "phase": "Running", "n": int64(1) << 60}}
	packed, err := status.CompressNodes(nodes)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := status.DecompressNodes(packed); err != nil || !reflect.DeepEqual(again, nodes) {
		t.Errorf("%v, %v", again, err)
	}

	if s := decode(t, withStatus(map[string]any{"compressedNodes": packed})); s.NodesErr != nil || !s.HasSuspendedNodes() {
		t.Errorf("%+v", s)
	}
	inline := map[string]any{"p": map[string]any{"type": "Pod"}}
	s := decode(t, withStatus(map[string]any{"compressedNodes": packed, "nodes": inline}))
	if len(s.Nodes) != 1 || s.Nodes[0].ID != "p" {
		t.Errorf("inline nodes are not preferred: %+v", s)
	}
}

func gzipped(t *testing.T, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(plain)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCompressedNodesThatCannotBeRead(t *testing.T) {
	text := base64.StdEncoding.EncodeToString
	// Concatenated gzip files are a gzip file, so repeating a small one quickly creates a large
	// one.
	bomb := text(bytes.Repeat(gzipped(t, bytes.Repeat([]byte(" "), 1<<20)), status.MaxNodesSize>>20+1))
	good := gzipped(t, []byte(`{"a":{"type":"Suspend","phase":"Running"}}`))
	for name, tc := range map[string]struct{ packed, says string }{
		"no base64":               {"****", "base64"},
		"no gzip":                 {text([]byte("plain")), "probably by brotli"},
		"no JSON":                 {text(gzipped(t, []byte("{"))), "EOF"},
		"no object":               {text(gzipped(t, []byte("[]"))), "want an object"},
		"cut off":                 {bomb[:1000], "EOF"},
		"cut off before its sum":  {text(good[:len(good)-8]), "EOF"},
		"a wrong sum":             {text(append(good[:len(good)-8:len(good)-8], 1, 2, 3, 4, 5, 6, 7, 8)), "checksum"},
		"something after the end": {text(append(good[:len(good):len(good)], 'x')), "EOF"},
		"a second object":         {text(append(good[:len(good):len(good)], good...)), "want the end"},
		"bomb":                    {bomb, "64 MiB"},
		"a bomb in a string":      {text(append(gzipped(t, []byte(`{"`)), bytes.Repeat(gzipped(t, bytes.Repeat([]byte("x"), 1<<20)), status.MaxNodesSize>>20+1)...)), "more than 16 MiB"},
		"a bomb of empty nodes":   {text(append(gzipped(t, []byte("{")), bytes.Repeat(gzipped(t, bytes.Repeat([]byte(`"a":{},`), 1<<12)), 1<<8)...)), "over 8 MiB more than their JSON"},
	} {
		packed := tc.packed
		t.Run(name, func(t *testing.T) {
			s, err := status.FromUnstructured(withStatus(map[string]any{"compressedNodes": packed, "phase": "Running", "progress": "1/2"}))
			if err != nil {
				t.Fatal(err)
			}
			var nodes *status.NodesError
			if !errors.As(s.NodesErr, &nodes) || len(s.Nodes) > 0 {
				t.Errorf("%v, %d nodes", s.NodesErr, len(s.Nodes))
			}
			if s.Phase != status.PhaseRunning || s.Progress.Total != 2 {
				t.Errorf("the rest of the status is lost: %+v", s)
			}
			if !strings.Contains(s.NodesErr.Error(), tc.says) {
				t.Errorf("%v does not say %q", s.NodesErr, tc.says)
			}
		})
	}
}

func TestOffloadedNodes(t *testing.T) {
	s := decode(t, withStatus(map[string]any{"offloadNodeStatusVersion": "fnv:123", "phase": "Running", "message": "m"}))
	if !errors.Is(s.NodesErr, status.ErrNodesOffloaded) || s.Phase != status.PhaseRunning || s.Message != "m" {
		t.Errorf("%+v", s)
	}
}

// Nodes that can be decompressed must survive compression and decompression.
func FuzzDecompressNodes(f *testing.F) {
	packed, err := status.CompressNodes(map[string]any{"a": map[string]any{"phase": "Running"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Add("")
	f.Add("H4sI")
	f.Fuzz(func(t *testing.T, text string) {
		nodes, err := status.DecompressNodes(text)
		if err != nil {
			return
		}
		packed, err := status.CompressNodes(nodes)
		if err != nil {
			t.Fatalf("decompressed but cannot be compressed: %v", err)
		}
		if again, err := status.DecompressNodes(packed); err != nil || !reflect.DeepEqual(again, nodes) {
			t.Fatalf("%v became %v, %v", nodes, again, err)
		}
	})
}

func TestUnfinishedNodes(t *testing.T) {
	node := func(kind, phase, startedAt string) map[string]any {
		return map[string]any{"type": kind, "phase": phase, "startedAt": startedAt}
	}
	s := decode(t, withStatus(map[string]any{"nodes": map[string]any{
		"group": node("Steps", "Running", "2026-11-02T08:00:00Z"), "gate": node("Suspend", "Running", "2026-11-02T08:00:00Z"),
		"done": node("Pod", "Succeeded", "2026-11-02T08:00:00Z"), "omitted": node("Pod", "Omitted", "2026-11-02T08:00:00Z"),
		"late": node("Pod", "Pending", "2026-11-02T08:02:00Z"), "call": node("HTTP", "Running", "2026-11-02T08:01:00Z"),
	}}))
	var ids []string
	for _, n := range s.UnfinishedNodes() {
		ids = append(ids, n.ID)
	}
	if got := strings.Join(ids, " "); got != "call late" {
		t.Error(got)
	}
}
