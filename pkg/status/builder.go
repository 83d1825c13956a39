package status

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// nodeBuilder makes nodes from their JSON. It reads the fields of [Node], and records where the
// rest of a node is.
type nodeBuilder struct {
	alloc  allocator
	source *nodeSource
	// streamed means that the JSON is not kept, so the builder keeps that of waiting gates.
	streamed   bool
	keepAlso   func(*Node) bool // other nodes whose JSON it keeps unless they have ended; may be nil
	kept       int              // bytes of JSON that the source has
	incomplete []*Node          // gates whose JSON the source lacks

	node         *Node // the current one
	dropped      []droppedOf
	droppedCount int
	scratch      []byte // for strings with escapes

	count  int
	lastID string
	// unsorted means that the ids do not ascend, as Argo writes them, so one may occur twice.
	unsorted bool
}

func newNodeBuilder(size int) *nodeBuilder {
	return &nodeBuilder{alloc: newAllocator(size), source: &nodeSource{}}
}

// AddNode implements [wfjson.NodeSink].
func (b *nodeBuilder) AddNode(raw *wfjson.Node) error {
	if b.exceeds(nodeMemory, raw) {
		return errTooMuchMemory
	}
	id := b.alloc.copy(wfjson.UnquoteBytes(raw.ID(), &b.scratch))
	b.unsorted = b.unsorted || b.count > 0 && id <= b.lastID
	b.lastID = id
	b.count++
	n := b.alloc.node()
	n.ID, b.node = id, n
	switch value := raw.Value(); value[0] {
	case '{':
	case 'n': // counts as missing
		return nil
	default:
		b.dropType("", "an object", value)
		return nil
	}
	if err := b.readNode(n, raw); err != nil {
		return err
	}
	n.source = b.source
	n.start, n.end = uint32(raw.Start), uint32(raw.End)
	if b.streamed && (n.suspended() || b.keepAlso != nil && !n.Phase.Fulfilled() && b.keepAlso(n)) {
		return b.keep(n, raw)
	}
	return nil
}

// memoryAllowance is how much more memory nodes may take than their JSON. A node states its ids,
// names, times and children at length, so only one that was made to do harm exceeds it.
const memoryAllowance = 8 << 20

var errTooMuchMemory = fmt.Errorf("they would take over %d MiB more than their JSON", memoryAllowance>>20)

// exceeds reports whether the nodes up to raw may not take that much more memory.
func (b *nodeBuilder) exceeds(more int, raw *wfjson.Node) bool {
	return b.alloc.memory+more > memoryAllowance+raw.End
}

// maxGates is how many bytes of JSON are kept of active gates and delays.
const maxGates = 16 << 20

// keep keeps the JSON of a gate, or records that it has to be read again.
func (b *nodeBuilder) keep(n *Node, raw *wfjson.Node) error {
	var size int
	if raw.Complete {
		text := bytes.Clone(raw.Value())
		size = len(text)
		b.source.keep(n, text)
	} else {
		size = int(n.end - n.start)
		b.incomplete = append(b.incomplete, n)
	}
	b.alloc.memory += size + gateMemory
	if b.kept += size; b.kept > maxGates {
		return fmt.Errorf("the gates that wait take more than %d MiB", maxGates>>20)
	}
	return nil
}

// finish returns the nodes in order, or the error of ended if that is not nil and returns one. Of
// several nodes with one id the last counts, as in any JSON object.
func (b *nodeBuilder) finish(dropped *[]Dropped, ended func() error) ([]*Node, error) {
	nodes := make([]*Node, 0, b.count)
	for _, chunk := range b.alloc.nodes {
		for i := range chunk {
			nodes = append(nodes, &chunk[i])
		}
	}
	if b.unsorted {
		last := make(map[string]*Node, len(nodes))
		for _, n := range nodes {
			last[n.ID] = n
		}
		nodes = slices.DeleteFunc(nodes, func(n *Node) bool { return last[n.ID] != n })
		b.dropped = slices.DeleteFunc(b.dropped, func(d droppedOf) bool { return last[d.node.ID] != d.node })
	}
	for _, d := range b.dropped {
		*dropped = append(*dropped, d.items...)
	}
	nodes = slices.DeleteFunc(nodes, func(n *Node) bool { return n.source == nil })
	return nodes, sortNodes(nodes, ended)
}

// droppedOf is what could not be read of a node.
type droppedOf struct {
	node  *Node
	items []Dropped
}

// drop records what is wrong with a field of the current node, or if key is "", with the node.
func (b *nodeBuilder) drop(key, reason string) {
	if b.droppedCount == maxDropped {
		return
	}
	b.droppedCount++
	path := "status.nodes." + abbreviated(b.node.ID)
	if key != "" {
		path += "." + key
	}
	if last := len(b.dropped) - 1; last < 0 || b.dropped[last].node != b.node {
		b.dropped = append(b.dropped, droppedOf{node: b.node})
	}
	last := &b.dropped[len(b.dropped)-1]
	last.items = append(last.items, Dropped{Path: path, Reason: reason})
}

func (b *nodeBuilder) dropType(key, want string, raw []byte) {
	b.drop(key, fmt.Sprintf("want %s, have %s", want, wfjson.TypeName(raw)))
}
