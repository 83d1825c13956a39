package status

import (
	"context"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// NodeDecoders read nodes that are compressed by an algorithm other than gzip. Argo's controller
// compresses that way since 4.1 if WORKFLOW_COMPRESSION_ALGORITHM is set. The zero value reads gzip
// only, as the functions [FromUnstructured] and [FromJSON] do. The module adapters/nodecodecs
// provides both decoders, so that this module does not need their dependencies.
//
// A decoder returns the decompressed bytes as a stream, which is closed after at most
// [MaxNodesSize] bytes. It must bound its own memory and must be safe for concurrent use.
type NodeDecoders struct {
	// Zstd and Brotli decompress nodes. If the decoder is nil, such nodes are an error.
	Zstd, Brotli func(compressed io.Reader) (io.ReadCloser, error)

	gates     GateRule                              // see WithGates
	offloaded OffloadedNodes                        // see WithOffloaded
	load      func(*WorkflowStatus) ([]byte, error) // of a workflow; nil if offloaded nodes are not read
	keep      func(*Node) bool                      // the nodes whose JSON is kept while compressed ones are read
}

// WithGates returns decoders that also read which steps that poll an object are gates, by a rule. Nil
// stands for no rule: then only Suspend nodes are gates.
func (d NodeDecoders) WithGates(rule GateRule) NodeDecoders {
	d.gates = rule
	return d
}

// OffloadedNodes returns the nodes that the controller keeps in its database in one version: the JSON of
// status.nodes. An error becomes NodesErr; one that matches [ErrNodesGone] says that this version is not
// kept. It must be safe for concurrent use.
type OffloadedNodes func(ctx context.Context, namespace string, uid types.UID, version string) ([]byte, error)

// WithOffloaded returns decoders that also read offloaded nodes, by a function that blocks until it has
// them. Only the methods that take a context call it; for the others, these workflows have no nodes. Nil
// stands for no function.
func (d NodeDecoders) WithOffloaded(nodes OffloadedNodes) NodeDecoders {
	d.offloaded = nodes
	return d
}

// CompressionError is wrapped by the [*NodesError] of nodes for which there is no decoder.
type CompressionError struct {
	// Algorithm is "zstd" or "brotli". Brotli has no magic number, so corrupt nodes count as
	// compressed by brotli, too.
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

// FromUnstructured is like the function [FromUnstructured], with these decoders.
func (d NodeDecoders) FromUnstructured(u *unstructured.Unstructured) (*WorkflowStatus, error) {
	return d.fromUnstructured(u, nil)
}

// FromUnstructuredContext is like FromUnstructured, but returns the cause of ctx if ctx ends while
// compressed nodes are read, which can take a second. What the nodes read later does not depend on
// ctx.
func (d NodeDecoders) FromUnstructuredContext(ctx context.Context, u *unstructured.Unstructured) (*WorkflowStatus, error) {
	return d.loading(ctx).fromUnstructured(u, endOf(ctx))
}

// FromJSON is like the function [FromJSON], with these decoders.
func (d NodeDecoders) FromJSON(data []byte) (*WorkflowStatus, error) {
	return d.fromJSON(data, nil)
}

// FromJSONContext is like FromJSON, but returns the cause of ctx as
// [NodeDecoders.FromUnstructuredContext] does.
func (d NodeDecoders) FromJSONContext(ctx context.Context, data []byte) (*WorkflowStatus, error) {
	return d.loading(ctx).fromJSON(data, endOf(ctx))
}

// loading returns decoders that load offloaded nodes until ctx ends.
func (d NodeDecoders) loading(ctx context.Context) NodeDecoders {
	if d.offloaded != nil {
		d.load = func(s *WorkflowStatus) ([]byte, error) { return d.offloaded(ctx, s.Namespace, s.UID, s.OffloadVersion) }
	}
	return d
}

// endOf returns a function that returns the cause of ctx once ctx has ended.
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

func (d NodeDecoders) fromJSON(data []byte, ended func() error) (*WorkflowStatus, error) {
	object, err := wfjson.ReadWorkflow(data, func(size int) wfjson.NodeSink { return newNodeBuilder(size) })
	switch {
	case errors.Is(err, wfjson.ErrNotObject):
		return nil, &NotWorkflowError{}
	case err != nil:
		return nil, jsonError(err)
	}
	s, err := fromFields(object.Fields, d, ended)
	if err == nil && object.Truncated && len(s.Dropped) < maxDropped {
		s.Dropped = append(s.Dropped, Dropped{
			Reason: fmt.Sprintf("it has more than %d items outside of its nodes; the rest is left out", wfjson.MaxItems),
		})
	}
	return s, err
}
