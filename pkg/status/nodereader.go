package status

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// freeWeight is by how much nodes may weigh more than their JSON, see [arena]. A node states its ids,
// names, times and children at length, so that only one that was made to do harm weighs more than that.
const freeWeight = 8 << 20

// maxText is how long a field of such a node may be, as it stands in the JSON. The
// longest that Argo writes are messages of some KiB.
const maxText = 1 << 20

// nodeReader reads the JSON of status.nodes as a stream. Of a node it reads what [Node]
// has as fields; for the rest it notes where it stands.
type nodeReader struct {
	scanner

	arena  *arena
	source *nodeSource
	depth  int // of the object that the nodes are members of
	count  int

	dropped      []droppedOf
	droppedCount int

	node     *Node // at hand
	kept     int   // bytes of nodes that the source has
	inner    scanner
	scratch  []byte  // for texts with escapes
	cutGates []*Node // of which the source has no text yet

	// unsorted: the ids do not ascend as Argo writes them, so one may come twice.
	unsorted bool
	lastID   string
}

func newNodeReader(plain io.Reader) *nodeReader {
	const window = 32 << 10 // what gzip looks back
	return &nodeReader{
		scanner: scanner{src: plain, buf: make([]byte, 0, window)},
		arena:   newArena(MaxNodesSize),
		source:  &nodeSource{},
		depth:   1,
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
		return r.unexpected("an object")
	}
	if err := r.nodes(); err != nil {
		return err
	}
	return r.end()
}

// nodes reads the object at hand.
func (r *nodeReader) nodes() error {
	r.pos++
	for first := true; ; first = false {
		c, err := r.next()
		switch {
		case err != nil:
			return err
		case c == '}' && first:
			r.pos++
			return nil
		case c != '"':
			return r.unexpected("the id of a node")
		case r.heavy(nodeWeight):
			return errHeavy
		}
		r.keep, r.hold = r.pos, true // a node is read when all of its fields are there
		if err := r.entry(); err != nil {
			return err
		}
		r.hold = false
		if more, err := r.comma('}'); !more {
			return err
		}
	}
}

// errHeavy says that nodes weigh too much.
var errHeavy = fmt.Errorf("they would take over %d MiB more than their JSON", freeWeight>>20)

// heavy reports whether the nodes so far may not weigh so much more.
func (r *nodeReader) heavy(more int) bool { return r.arena.weight+more > freeWeight+r.offset() }

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
	place, start := span{start: r.pos - r.keep}, r.offset()
	r.lost = false
	var fields [fieldCount]span
	if c == '{' {
		err = r.members(r.depth+1, nodeMember, fields[:])
	} else {
		err = r.bulkValue(c, r.depth+1, notRead)
	}
	if err != nil {
		return err
	}
	place.end = r.pos - r.keep

	if name.end > maxText {
		return fmt.Errorf("JSON at byte %d: the id is longer than %d KiB", r.base+r.keep, maxText>>10)
	}
	id := r.arena.copy(r.inside(r.bytes(name)))
	r.unsorted = r.unsorted || r.count > 0 && id <= r.lastID
	r.lastID = id
	r.count++
	n := r.arena.node()
	n.ID, r.node = id, n
	switch c {
	case '{':
		if err := r.read(n, &fields); err != nil {
			return err
		}
	case 'n': // as if it were not there
	default:
		raw := r.bytes(place)
		if r.cut {
			raw = []byte{c}
		}
		r.dropType("", "an object", raw)
	}
	if n.source != nil {
		n.start, n.end = uint32(start), uint32(r.offset())
		if r.src != nil && n.suspended() { // else all of it is kept
			return r.keepText(n, r.bytes(place))
		}
	}
	return nil
}

// maxGates is how many bytes of JSON the active gates and delays have, which are kept.
const maxGates = 16 << 20

// keepText keeps the text of a node, or notes that it is to be read again, since not all of it was kept.
func (r *nodeReader) keepText(n *Node, text []byte) error {
	size := len(text)
	if r.lost {
		size = int(n.end - n.start)
		r.cutGates = append(r.cutGates, n)
	} else {
		r.source.keep(n, bytes.Clone(text))
	}
	r.arena.weight += size + gateWeight
	if r.kept += size; r.kept > maxGates {
		return fmt.Errorf("the gates that wait take more than %d MiB", maxGates>>20)
	}
	return nil
}

// finish returns the nodes in their order, unless ended, if that is given, has an error. Of several with
// one id the last counts, as in any JSON object.
func (r *nodeReader) finish(dropped *[]Dropped, ended func() error) ([]*Node, error) {
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
	return nodes, sortNodes(nodes, ended)
}
