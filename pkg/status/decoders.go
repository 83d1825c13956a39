package status

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// NodeDecoders read nodes that are compressed by an algorithm other than gzip, as Argo's controller
// does since 4.1 if WORKFLOW_COMPRESSION_ALGORITHM says so. The zero value reads gzip only, as the
// functions [FromUnstructured] and [FromJSON] do. The module adapters/nodecodecs has both decoders,
// so that this module doesn't need their dependencies.
//
// A decoder returns the plain bytes as a stream, which is closed after at most [MaxNodesSize] of
// them were read. It has to bound its own memory, and must be safe for concurrent use.
type NodeDecoders struct {
	// Zstd reads what is compressed by zstd, Brotli by brotli; nil: such nodes are an error.
	Zstd, Brotli func(compressed io.Reader) (io.ReadCloser, error)
}

// CompressionError is wrapped by the [*NodesError] of nodes for which there is no decoder.
type CompressionError struct {
	// Algorithm is "zstd" or "brotli". Nodes compressed by brotli carry no mark of it, so
	// corrupt ones count as brotli too.
	Algorithm string
}

func (e *CompressionError) Error() string {
	what := "by " + e.Algorithm
	if e.Algorithm == brotli {
		what = "neither by gzip nor by zstd, so probably by brotli"
	}
	return fmt.Sprintf("they are compressed %s: use status.NodeDecoders, or the client's Options.NodeDecoders, with the module "+
		"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/nodecodecs; or have the controller use gzip", what)
}

const (
	zstd   = "zstd"
	brotli = "brotli"
)

// FromUnstructured is like the function [FromUnstructured], with these decoders.
func (d NodeDecoders) FromUnstructured(u *unstructured.Unstructured) (*WorkflowStatus, error) {
	return d.fromUnstructured(u, nil)
}

// FromUnstructuredContext is like FromUnstructured, and ends with the cause of ctx if that ends
// while compressed nodes are read, which can take a second. What the nodes read later does not
// depend on ctx.
func (d NodeDecoders) FromUnstructuredContext(ctx context.Context, u *unstructured.Unstructured) (*WorkflowStatus, error) {
	return d.fromUnstructured(u, endOf(ctx))
}

// endOf returns the cause of ctx once that has ended.
func endOf(ctx context.Context) func() error {
	return func() error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
}

func (d NodeDecoders) fromUnstructured(u *unstructured.Unstructured, ended func() error) (*WorkflowStatus, error) {
	if u == nil {
		return nil, &NotWorkflowError{}
	}
	s, err := fromFields(u.Object, d, ended)
	if err == nil {
		s.raw = u
	}
	return s, err
}

// FromJSON is like the function [FromJSON], with these decoders.
func (d NodeDecoders) FromJSON(data []byte) (*WorkflowStatus, error) {
	return d.fromJSON(data, nil)
}

// FromJSONContext is like FromJSON, and ends with ctx as
// [NodeDecoders.FromUnstructuredContext] does.
func (d NodeDecoders) FromJSONContext(ctx context.Context, data []byte) (*WorkflowStatus, error) {
	return d.fromJSON(data, endOf(ctx))
}

func (d NodeDecoders) fromJSON(data []byte, ended func() error) (*WorkflowStatus, error) {
	p := partReader{scanner: whole(data)}
	value, err := p.read(shapeWorkflow, 1)
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return nil, p.broken(err)
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return nil, &NotWorkflowError{}
	}
	status, err := fromFields(fields, d, ended)
	if err == nil && p.cut && len(status.Dropped) < maxDropped {
		status.Dropped = append(status.Dropped, Dropped{
			Reason: fmt.Sprintf("it has more than %d items outside of its nodes; the rest is left out", maxOutside),
		})
	}
	return status, err
}

// Gzip returns status.compressedNodes compressed by gzip, which every version of Argo and
// [DecompressNodes] read. If they are already, it returns them unchanged. The error is a
// [*NodesError]; Gzip doesn't check that the nodes are valid JSON.
func (d NodeDecoders) Gzip(packed string) (string, error) {
	src, algorithm, err := opened(packed)
	if err != nil {
		return "", &NodesError{Err: err}
	}
	if algorithm == "" {
		return packed, nil
	}
	plain, err := d.decoded(src, algorithm, nil)
	if err != nil {
		return "", &NodesError{Err: err}
	}
	defer func() { _ = plain.Close() }()
	var again packedText
	zipper := newPacker(&again)
	_, err = io.Copy(zipper, plain)
	if err := cmp.Or(err, zipper.Close()); err != nil {
		return "", &NodesError{Err: err}
	}
	return again.String(), nil
}

// opened returns the bytes that are packed, and the algorithm by which they are; "": gzip.
func opened(packed string) (src io.Reader, algorithm string, err error) {
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
