package status

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// The algorithms of compressed nodes; "" is gzip.
const (
	zstd   = "zstd"
	brotli = "brotli"
)

// DecompressNodes decompresses status.compressedNodes, which is base64 of gzip of the JSON of
// status.nodes. The error is a [*NodesError], for example if the nodes are larger than
// [MaxNodesSize]. It wraps a [*CompressionError] if the nodes are not compressed by gzip; see
// [NodeDecoders.Gzip].
//
// DecompressNodes decodes everything into maps, so it takes ten times the memory of
// [FromUnstructured], which also reads compressed nodes, and up to fifty times the size of the JSON
// for nodes that were made to do harm. To change nodes, use [NodeDecoders.EditNodes].
func DecompressNodes(packed string) (map[string]any, error) {
	plain, err := NodeDecoders{}.unpack(packed, nil)
	if err != nil {
		return nil, nodesError(err)
	}
	defer func() { _ = plain.Close() }()
	text, err := io.ReadAll(plain)
	if err != nil {
		return nil, nodesError(err)
	}
	// The errors of the decoder would show values, which may be secret.
	if err := wfjson.Check(text); err != nil {
		return nil, nodesError(err)
	}
	var nodes map[string]any
	if err := json.Unmarshal(text, &nodes); err != nil {
		return nil, nodesError(err)
	}
	return nodes, nil
}

// CompressNodes is the inverse of [DecompressNodes]. If you write its result to
// status.compressedNodes, leave status.nodes empty: readers prefer nodes.
func CompressNodes(nodes map[string]any) (string, error) {
	plain, err := json.Marshal(nodes)
	if err != nil {
		return "", nodesError(err)
	}
	var packed bytes.Buffer
	zipper := newPacker(&packed)
	_, err = zipper.Write(plain)
	if err := errors.Join(err, zipper.Close()); err != nil {
		return "", nodesError(err)
	}
	return packed.String(), nil
}

// Gzip returns status.compressedNodes compressed by gzip, which every version of Argo and
// [DecompressNodes] read. If they are already, it returns them unchanged. The error is a
// [*NodesError]. Gzip does not check that the nodes are valid JSON.
func (d NodeDecoders) Gzip(packed string) (string, error) {
	src, algorithm, err := compressed(packed)
	if err != nil {
		return "", nodesError(err)
	}
	if algorithm == "" {
		return packed, nil
	}
	plain, err := d.decompress(src, algorithm, nil)
	if err != nil {
		return "", nodesError(err)
	}
	defer func() { _ = plain.Close() }()
	var again packedText
	zipper := newPacker(&again)
	_, err = io.Copy(zipper, plain)
	if err := cmp.Or(err, zipper.Close()); err != nil {
		return "", nodesError(err)
	}
	return again.String(), nil
}

// unpack returns the decompressed nodes as a stream. Reading fails behind MaxNodesSize bytes, and
// with the error of ended if that is not nil and returns one.
func (d NodeDecoders) unpack(packed string, ended func() error) (io.ReadCloser, error) {
	src, algorithm, err := compressed(packed)
	if err != nil {
		return nil, err
	}
	return d.decompress(src, algorithm, ended)
}

// compressed decodes the base64, and returns the algorithm of the compression.
func compressed(packed string) (src io.Reader, algorithm string, err error) {
	buffered := bufio.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed)))
	const magic = 4
	head, err := buffered.Peek(magic)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, "", err
	case len(head) == 0:
		return nil, "", io.ErrUnexpectedEOF
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return buffered, "", nil
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return buffered, zstd, nil
	}
	return buffered, brotli, nil // which has no magic number
}

// decompress is like unpack for what src returns.
func (d NodeDecoders) decompress(src io.Reader, algorithm string, ended func() error) (io.ReadCloser, error) {
	decoder := func(src io.Reader) (io.ReadCloser, error) { return gzip.NewReader(src) }
	switch algorithm {
	case zstd:
		decoder = d.Zstd
	case brotli:
		decoder = d.Brotli
	}
	if decoder == nil {
		return nil, &CompressionError{Algorithm: algorithm}
	}
	plain, err := decoder(src)
	if err != nil {
		return nil, err
	}
	return &limitedReader{src: plain, left: MaxNodesSize, ended: ended}, nil
}

type limitedReader struct {
	src   io.ReadCloser
	left  int
	ended func() error // may be nil
}

// Close implements io.Closer.
func (r *limitedReader) Close() error { return r.src.Close() }

// Read implements io.Reader.
func (r *limitedReader) Read(p []byte) (int, error) {
	if r.ended != nil {
		if err := r.ended(); err != nil {
			return 0, err
		}
	}
	const atOnce = 64 << 10 // between two calls of ended
	n, err := r.src.Read(p[:min(len(p), r.left+1, atOnce)])
	if r.left -= n; r.left < 0 {
		return 0, fmt.Errorf("they unpack to more than %d MiB", MaxNodesSize>>20)
	}
	return n, err
}

// packedText collects compressed nodes up to a limit: gzip may take more bytes than the algorithm
// that they were compressed by.
type packedText struct{ strings.Builder }

// Write implements io.Writer.
func (t *packedText) Write(p []byte) (int, error) {
	const most = 16 << 20
	if t.Len()+len(p) > most {
		return 0, fmt.Errorf("they pack to more than %d MiB by gzip", most>>20)
	}
	return t.Builder.Write(p)
}

// packer writes base64 of gzip.
type packer struct {
	*gzip.Writer

	encoder io.WriteCloser
}

func newPacker(packed io.Writer) packer {
	encoder := base64.NewEncoder(base64.StdEncoding, packed)
	return packer{Writer: gzip.NewWriter(encoder), encoder: encoder}
}

// Close implements io.Closer.
func (p packer) Close() error { return cmp.Or(p.Writer.Close(), p.encoder.Close()) }
