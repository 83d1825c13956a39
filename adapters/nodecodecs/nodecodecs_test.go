package nodecodecs_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/nodecodecs"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// algorithms returns the compressors, at the levels that Argo could choose.
func algorithms(t testing.TB) map[string]func(io.Writer) io.WriteCloser {
	all := map[string]func(io.Writer) io.WriteCloser{}
	for _, level := range []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedDefault, zstd.SpeedBetterCompression, zstd.SpeedBestCompression} {
		all["zstd "+level.String()] = func(w io.Writer) io.WriteCloser {
			encoder, err := zstd.NewWriter(w, zstd.WithEncoderLevel(level))
			if err != nil {
				t.Fatal(err)
			}
			return encoder
		}
	}
	for _, level := range []int{brotli.BestSpeed, brotli.DefaultCompression, brotli.BestCompression} {
		all[fmt.Sprint("brotli ", level)] = func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, level) }
	}
	return all
}

// packed compresses plain as in status.compressedNodes.
func packed(t testing.TB, algorithm func(io.Writer) io.WriteCloser, plain []byte) string {
	t.Helper()
	var text bytes.Buffer
	encoder := base64.NewEncoder(base64.StdEncoding, &text)
	w := algorithm(encoder)
	_, err := w.Write(plain)
	if err := errors.Join(err, w.Close(), encoder.Close()); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func workflowOf(phase, compressed string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{"name": "w", "namespace": "ma", "uid": "u", "resourceVersion": "1"},
		"status":   map[string]any{"phase": phase, "finishedAt": "1999-01-01T00:00:00Z", "compressedNodes": compressed},
	}}
}

// manyNodes returns some MiB of JSON.
func manyNodes(count int) []byte {
	var b strings.Builder
	b.WriteString(`{"gate":{"displayName":"approve","type":"Suspend","phase":"Running","outputs":{"parameters":[{"name":"by","valueFrom":{"supplied":{}}}]}}`)
	for i := range count {
		fmt.Fprintf(&b, `,"w-%d":{"displayName":"p(%[1]d)","type":"Pod","phase":"Succeeded","startedAt":"2026-01-01T00:00:00Z",`+
			`"outputs":{"parameters":[{"name":"n","value":"%[1]d"}]}}`, i)
	}
	return []byte(b.String() + "}")
}

func TestNodesAreReadAtEveryLevel(t *testing.T) {
	const count = 5_000
	plain := manyNodes(count)
	for name, algorithm := range algorithms(t) {
		t.Run(name, func(t *testing.T) {
			obj := workflowOf("Running", packed(t, algorithm, plain))
			s, err := nodecodecs.Decoders().FromUnstructured(obj)
			if err != nil || s.NodesErr != nil || len(s.Nodes) != count+1 || s.Outcome() != status.OutcomeSuspended {
				t.Fatalf("%v, %v", err, s)
			}
			// What is read on demand comes from the same nodes.
			if value, _ := s.Node("w-4321").Outputs().Parameter("n"); value != "4321" {
				t.Errorf("%q", value)
			}
			without, err := status.FromUnstructured(obj)
			var missing *status.CompressionError
			if err != nil || !errors.As(without.NodesErr, &missing) || !strings.HasPrefix(name, missing.Algorithm) ||
				!strings.Contains(missing.Error(), "adapters/nodecodecs") {
				t.Errorf("without decoders: %v, %v", err, without.NodesErr)
			}
			text, _, _ := unstructured.NestedString(obj.Object, "status", "compressedNodes")
			again, err := nodecodecs.Decoders().Gzip(text)
			if err != nil {
				t.Fatal(err)
			}
			if nodes, err := status.DecompressNodes(again); err != nil || len(nodes) != count+1 {
				t.Errorf("as gzip: %d nodes, %v", len(nodes), err)
			}
			cut := text[:len(text)/8*4]
			if s, err := nodecodecs.Decoders().FromUnstructured(workflowOf("Running", cut)); err != nil || s.NodesErr == nil {
				t.Errorf("cut off: %v, %v", err, s.NodesErr)
			}
		})
	}
}

// A megabyte can claim to contain terabytes.
func TestBombs(t *testing.T) {
	bombs := map[string]string{
		// A frame that claims a window of 1 GiB, and one segment of 1 GiB.
		"window":  base64.StdEncoding.EncodeToString([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00}),
		"segment": base64.StdEncoding.EncodeToString([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 0x01, 0, 0}),
	}
	spaces := bytes.Repeat([]byte(" "), status.MaxNodesSize+1)
	for _, name := range []string{"zstd default", "brotli 0"} {
		bombs[name] = packed(t, algorithms(t)[name], spaces)
	}
	for name, text := range bombs {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s, err := nodecodecs.Decoders().FromUnstructured(workflowOf("Running", text))
			runtime.ReadMemStats(&after)
			var nodes *status.NodesError
			if err != nil || !errors.As(s.NodesErr, &nodes) {
				t.Fatalf("%v, %v", err, s.NodesErr)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 128<<20 {
				t.Errorf("it took %d MiB", took>>20)
			}
			if _, err := nodecodecs.Decoders().Gzip(text); err == nil {
				t.Error("it was compressed again")
			}
		})
	}
}

// FuzzDecoders looks for inputs that break a decoder, and compares both ways to read nodes.
func FuzzDecoders(f *testing.F) {
	plain := manyNodes(3)
	for _, algorithm := range algorithms(f) {
		text, err := base64.StdEncoding.DecodeString(packed(f, algorithm, plain))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, compressed []byte) {
		text := base64.StdEncoding.EncodeToString(compressed)
		s, err := nodecodecs.Decoders().FromUnstructured(workflowOf("Running", text))
		if err != nil {
			t.Fatal(err)
		}
		again, err := nodecodecs.Decoders().Gzip(text)
		if text == "" || err != nil {
			if text != "" && s.NodesErr == nil {
				t.Fatalf("%d nodes, but %v", len(s.Nodes), err)
			}
			return
		}
		other, err := status.FromUnstructured(workflowOf("Running", again))
		if err != nil || (other.NodesErr == nil) != (s.NodesErr == nil) || len(other.Nodes) != len(s.Nodes) {
			t.Fatalf("%v, %v, %v", err, s.NodesErr, other.NodesErr)
		}
	})
}
