package status

import (
	"fmt"
	"io"
	"slices"

	"k8s.io/apimachinery/pkg/util/json"
)

// maxNodes is how many compressed nodes are read. A node states its ids, names and times,
// in far more than 128 bytes, so this many never fit in MaxNodesSize: they are a bomb of
// empty nodes, which would take 30 times their size.
const maxNodes = MaxNodesSize / 128

// nodeReader reads the JSON of status.nodes as a stream. Of a node it reads what [Node]
// has as fields; for the rest it notes where it stands.
type nodeReader struct {
	scanner

	arena  *arena
	source *nodeSource
	count  int

	dropped      []droppedOf
	droppedCount int

	odd     bool    // the node at hand is not of the usual form
	inner   scanner // of what stands within it
	scratch []byte  // for texts with escapes

	// unsorted: the ids do not ascend as Argo writes them, so one may come twice.
	unsorted bool
	lastID   string
}

// droppedOf is what could not be read of a node.
type droppedOf struct {
	node  *Node
	items []Dropped
}

func newNodeReader(plain io.Reader) *nodeReader {
	const window = 32 << 10 // what gzip looks back
	return &nodeReader{
		scanner: scanner{src: plain, buf: make([]byte, 0, window)},
		arena:   &arena{},
		source:  &nodeSource{},
	}
}

func (r *nodeReader) run() error {
	c, err := r.next()
	switch {
	case err != nil:
		return err
	case c == 'n':
		if err := r.literal("null"); err != nil {
			return err
		}
		return r.end()
	case c != '{':
		return r.unexpected(c, "an object")
	}
	r.pos++
	for first := true; ; first = false {
		c, err := r.next()
		switch {
		case err != nil:
			return err
		case c == '}' && first:
			r.pos++
			return r.end()
		case c != '"':
			return r.unexpected(c, "the id of a node")
		case r.count == maxNodes:
			return fmt.Errorf("they are more than %d", maxNodes)
		}
		r.keep, r.hold = r.pos, true // a node is read when all of it is there
		if err := r.entry(); err != nil {
			return err
		}
		r.hold = false
		if more, err := r.comma('}'); err != nil {
			return err
		} else if !more {
			return r.end()
		}
	}
}

// entry reads one id and its node.
func (r *nodeReader) entry() error {
	if _, err := r.skipString(); err != nil {
		return err
	}
	name := span{end: r.pos - r.keep}
	if err := r.colon(); err != nil {
		return err
	}
	c, err := r.next()
	if err != nil {
		return err
	}
	place := span{start: r.pos - r.keep}
	var fields [fieldCount]span
	if c == '{' {
		err = r.members(2, nodeField, fields[:])
	} else {
		err = r.value(c, 2)
	}
	if err != nil {
		return err
	}
	place.end = r.pos - r.keep

	id := r.arena.copy(r.content(r.bytes(name)))
	r.unsorted = r.unsorted || r.count > 0 && id <= r.lastID
	r.lastID = id
	r.count++
	n := r.arena.node()
	if r.odd = c != '{'; !r.odd {
		r.read(n, &fields)
	}
	if r.odd {
		if err := r.readOdd(n, id, r.bytes(place)); err != nil {
			return err
		}
	}
	n.ID = id
	if n.source != nil {
		at := r.base + r.keep
		n.start, n.end = uint32(at+place.start), uint32(at+place.end)
		if n.Active() {
			r.source.keep(n, r.bytes(place))
		}
	}
	return nil
}

// readOdd reads a node that has something unusual in it, just as one that is not
// compressed. It leaves n without a source where it is no node at all.
func (r *nodeReader) readOdd(n *Node, id string, text []byte) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	var dropped []Dropped
	*n = Node{}
	if o := objectOfNodes(map[string]any{id: value}, &dropped).object(id); o.fields != nil {
		n.read(id, o, r.source)
	}
	if dropped = dropped[:min(len(dropped), maxDropped-r.droppedCount)]; len(dropped) > 0 {
		r.dropped = append(r.dropped, droppedOf{node: n, items: dropped})
		r.droppedCount += len(dropped)
	}
	return nil
}

// finish returns the nodes in their order. Of several with one id the last counts, as in
// any JSON object.
func (r *nodeReader) finish(dropped *[]Dropped) []*Node {
	r.source.size = r.base + len(r.buf)
	nodes := make([]*Node, 0, r.count)
	for _, piece := range r.arena.nodes {
		for i := range piece {
			nodes = append(nodes, &piece[i])
		}
	}
	if r.unsorted {
		last := make(map[string]*Node, len(nodes))
		for _, n := range nodes {
			last[n.ID] = n
		}
		nodes = slices.DeleteFunc(nodes, func(n *Node) bool { return last[n.ID] != n })
		r.dropped = slices.DeleteFunc(r.dropped, func(d droppedOf) bool { return last[d.node.ID] != d.node })
	}
	for _, d := range r.dropped {
		*dropped = append(*dropped, d.items...)
	}
	nodes = slices.DeleteFunc(nodes, func(n *Node) bool { return n.source == nil })
	sortNodes(nodes)
	return nodes
}

// content returns what the string in raw says, until the next call; nil for null or none.
func (r *nodeReader) content(raw []byte) []byte {
	switch {
	case len(raw) == 0 || raw[0] == 'n':
		return nil
	case raw[0] != '"':
		r.odd = true
		return nil
	}
	inside := raw[1 : len(raw)-1]
	if !simple(inside) {
		r.scratch = unescape(r.scratch[:0], inside)
		return r.scratch
	}
	return inside
}
