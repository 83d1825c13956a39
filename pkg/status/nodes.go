package status

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"
)

// MaxNodesSize is the size in bytes up to which compressed nodes are unpacked, and nodes are
// read by [FromJSON] (64 MiB). Nodes that would take over 8 MiB more than their JSON are not read
// either; that is reckoned as 384 bytes for a node, 32 for a child, 1,536 and its JSON for
// a packed gate that waits, and the strings of the fields. Nor
// is a field of more than 1 MiB, nor are compressed nodes of which one has more than 16 MiB of
// fields, or the gates and delays that wait have more than 16 MiB in all. Argo
// compresses above 1 MiB of JSON at about 10:1, so an honest object stays far below all of that.
const MaxNodesSize = 64 << 20

// readNodes finds the nodes where the controller has put them: in the object, compressed
// in the object, or in a database of its own.
func readNodes(status *object, decoders NodeDecoders, ended func() error) ([]*Node, error) {
	if nodes, ok := status.fields["nodes"].(*jsonNodes); ok {
		if !nodes.empty() {
			return nodes.finish(status.dropped, ended)
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
	room := make([]Node, 0, len(nodes.fields)) // one allocation for all
	sorted := make([]*Node, 0, len(nodes.fields))
	for id := range nodes.fields {
		fields := nodes.object(id)
		if fields.fields == nil { // null, or dropped
			continue
		}
		room = append(room, Node{})
		n := &room[len(room)-1]
		n.read(id, fields, source)
		sorted = append(sorted, n)
	}
	return sorted, sortNodes(sorted, ended)
}

// DecompressNodes unpacks status.compressedNodes: base64 of gzip of the JSON that would
// stand in status.nodes. The error is a [*NodesError]; one is that the nodes are larger
// than [MaxNodesSize], another a [*CompressionError] in it: for nodes that are not compressed by
// gzip, see [NodeDecoders.Gzip].
//
// It makes maps of everything, so it takes ten times the memory of [FromUnstructured], which reads
// compressed nodes as well, and up to fifty times the JSON of nodes that were made to do harm. To
// change nodes use [NodeDecoders.EditNodes].
func DecompressNodes(packed string) (map[string]any, error) {
	plain, err := NodeDecoders{}.unpack(packed, nil)
	if err != nil {
		return nil, &NodesError{Err: err}
	}
	defer func() { _ = plain.Close() }()
	text, err := io.ReadAll(plain)
	if err != nil {
		return nil, &NodesError{Err: err}
	}
	// Of what is no JSON, this tells no more than the place: the values may be secret.
	in := scanner{buf: text}
	c, err := in.next()
	if err == nil {
		err = in.value(c, 1)
	}
	if err == nil {
		err = in.end()
	}
	var nodes map[string]any
	if err == nil {
		err = json.Unmarshal(text, &nodes)
	}
	if err != nil {
		return nil, &NodesError{Err: err}
	}
	return nodes, nil
}

// CompressNodes is the inverse of [DecompressNodes]. Whoever writes its result to
// status.compressedNodes must leave status.nodes empty: readers take nodes first.
func CompressNodes(nodes map[string]any) (string, error) {
	plain, err := json.Marshal(nodes)
	if err != nil {
		return "", &NodesError{Err: err}
	}
	var packed bytes.Buffer
	zipper := newPacker(&packed)
	_, err = zipper.Write(plain)
	if err := errors.Join(err, zipper.Close()); err != nil {
		return "", &NodesError{Err: err}
	}
	return packed.String(), nil
}

// packedText collects what was packed. Other algorithms pack what gzip doesn't, so there is a limit.
type packedText struct{ strings.Builder }

// Write implements io.Writer.
func (t *packedText) Write(p []byte) (int, error) {
	const most = 16 << 20
	if t.Len()+len(p) > most {
		return 0, fmt.Errorf("they pack to more than %d MiB by gzip", most>>20)
	}
	return t.Builder.Write(p)
}

// packer writes what is written to it as base64 of gzip.
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

// Node returns the node of that id, or nil. It takes linear time; see [WorkflowStatus.NodesByID].
func (s *WorkflowStatus) Node(id string) *Node {
	for _, n := range s.Nodes {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// HasSuspendedNodes reports whether a gate waits for a decision, see [Node.Active]. It is false
// once the workflow has ended, and where the nodes are not known; see NodesErr.
func (s *WorkflowStatus) HasSuspendedNodes() bool {
	return slices.ContainsFunc(s.Nodes, (*Node).Active)
}

// SuspendedNodes are the gates that wait for a decision, in order of their start. None once the
// workflow has ended.
func (s *WorkflowStatus) SuspendedNodes() []*Node {
	var suspended []*Node
	for _, n := range s.Nodes {
		if n.Active() {
			suspended = append(suspended, n)
		}
	}
	return suspended
}

// DelayedNodes are the active Suspend nodes that only pass time, in order of their start; see
// [Node.Delayed].
func (s *WorkflowStatus) DelayedNodes() []*Node {
	var delayed []*Node
	for _, n := range s.Nodes {
		if n.Delayed() {
			delayed = append(delayed, n)
		}
	}
	return delayed
}

// UnfinishedNodes are the pods, calls, delays and other work that has begun, or is to begin as soon
// as there is room, and has not ended, in order of their start. Among them are a Retry node that
// waits for its next attempt, and a group that waits for a lock. Gates are not: see
// [WorkflowStatus.SuspendedNodes].
func (s *WorkflowStatus) UnfinishedNodes() []*Node {
	waiting := waitingRetries(s.Nodes)
	var unfinished []*Node
	for _, n := range s.Nodes {
		switch {
		case n.Phase.Fulfilled() || n.Type == NodeTypeSuspend && !n.Delayed():
		case !n.Type.Group() || n.WaitingForLock != "" || waiting[n]:
			unfinished = append(unfinished, n)
		}
	}
	return unfinished
}

// waitingRetries are the Retry nodes that have not ended, though all their attempts have: they wait to
// be tried again.
func waitingRetries(nodes []*Node) map[*Node]bool {
	open := func(n *Node) bool { return n.Type == NodeTypeRetry && !n.Phase.Fulfilled() }
	if !slices.ContainsFunc(nodes, open) {
		return nil
	}
	g := graphOf(nodes)
	waiting := map[*Node]bool{}
	for i := range g.members {
		retry := &g.members[i]
		tried := func(attempt *member) bool { return !attempt.Phase.Fulfilled() }
		if open(retry.Node) && !slices.ContainsFunc(retry.attempts, tried) {
			waiting[retry.Node] = true
		}
	}
	return waiting
}

func nodesByID(nodes []*Node) map[string]*Node {
	byID := make(map[string]*Node, len(nodes))
	for _, n := range nodes {
		byID[n.ID] = n
	}
	return byID
}
