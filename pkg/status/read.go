package status

import (
	"bytes"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// MaxNodesSize is the size in bytes up to which compressed nodes are decompressed and nodes are
// read by [FromJSON] (64 MiB).
//
// Further limits apply. The nodes may take up to 8 MiB more memory than their JSON, reckoned as 384
// bytes for each node, 32 for each child, 1,536 and its JSON for each compressed gate that waits,
// and the strings of the fields. A field may have up to 1 MiB. The fields of one compressed node,
// and all gates and delays that wait in compressed nodes, may have up to 16 MiB. Argo compresses
// nodes above 1 MiB of JSON at about 10:1, so an object that no one has tampered with stays far
// below each limit.
const MaxNodesSize = wfjson.MaxNodesSize

// readNodes reads the nodes from where the controller has put them: the object, compressed in the
// object, or its own database.
func readNodes(status *object, decoders NodeDecoders, ended func() error) ([]*Node, error) {
	if nodes, ok := status.fields["nodes"].(*wfjson.Nodes); ok {
		if builder := nodes.Sink.(*nodeBuilder); nodes.Err != nil || builder.count > 0 {
			return readJSON(nodes, builder, status.dropped, ended)
		}
	} else if nodes := status.object("nodes"); len(nodes.fields) > 0 {
		return readInline(nodes, ended)
	}
	if packed := status.string("compressedNodes"); packed != "" {
		return readPacked(packed, decoders, ended, status.dropped)
	}
	if status.string("offloadNodeStatusVersion") != "" {
		return nil, ErrNodesOffloaded
	}
	return nil, nil
}

func readInline(nodes *object, ended func() error) ([]*Node, error) {
	source := &nodeSource{inline: nodes.fields}
	all := make([]Node, 0, len(nodes.fields)) // one allocation
	sorted := make([]*Node, 0, len(nodes.fields))
	for id := range nodes.fields {
		fields := nodes.object(id)
		if fields.fields == nil { // null, or dropped
			continue
		}
		all = append(all, Node{})
		n := &all[len(all)-1]
		n.readFields(id, fields, source)
		sorted = append(sorted, n)
	}
	return sorted, sortNodes(sorted, ended)
}

// readJSON finishes the nodes that were read as a part of the JSON of their workflow.
func readJSON(nodes *wfjson.Nodes, b *nodeBuilder, dropped *[]Dropped, ended func() error) ([]*Node, error) {
	if nodes.Err != nil {
		return nil, &NodesError{Err: jsonError(nodes.Err), inline: true}
	}
	b.source.json = nodes.JSON
	return b.finish(dropped, ended)
}

// readPacked reads compressed nodes while they are decompressed.
func readPacked(packed string, decoders NodeDecoders, ended func() error, dropped *[]Dropped) ([]*Node, error) {
	plain, err := decoders.unpack(packed, ended)
	if err != nil {
		return nil, nodesError(err)
	}
	defer func() { _ = plain.Close() }()
	b := newNodeBuilder(MaxNodesSize)
	b.streamed, b.keepAlso = true, decoders.keep
	decoders.keep, decoders.load = nil, nil // the source needs no more than the codecs
	b.source.packed, b.source.decoders = packed, decoders
	if b.source.size, err = wfjson.ReadNodes(plain, b); err != nil {
		return nil, nodesError(err)
	}
	if err := b.source.keepIncomplete(b.incomplete, ended); err != nil {
		return nil, nodesError(err)
	}
	nodes, err := b.finish(dropped, ended)
	if err != nil {
		return nil, nodesError(err)
	}
	return nodes, nil
}

// loadNodes reads offloaded nodes from where the decoders find them.
func (s *WorkflowStatus) loadNodes(decoders NodeDecoders, dropped *[]Dropped, ended func() error) ([]*Node, error) {
	nodes, err := decoders.load(s)
	switch {
	case err != nil:
		return nil, err
	case len(nodes) > MaxNodesSize:
		return nil, &NodesError{Err: fmt.Errorf("they take more than %d MiB", MaxNodesSize>>20), inline: true}
	}
	b := newNodeBuilder(len(nodes))
	b.source.json = nodes
	if _, err := wfjson.ReadNodes(bytes.NewReader(nodes), b); err != nil {
		return nil, &NodesError{Err: jsonError(err), inline: true}
	}
	return b.finish(dropped, ended)
}
