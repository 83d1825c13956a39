package wfjson

import (
	"fmt"
	"io"
)

// NodeSink receives the nodes of a workflow in the order of the JSON.
type NodeSink interface {
	// AddNode receives a member of status.nodes, which need not be an object. n and all that it
	// returns are valid during the call only. An error ends the reading.
	AddNode(n *Node) error
}

// Nodes is the value of status.nodes in a [Workflow].
type Nodes struct {
	// Sink has received the nodes.
	Sink NodeSink
	// JSON is their JSON.
	JSON []byte
	// Err is not nil if the nodes exceed a limit or the sink returned an error. JSON is nil then.
	Err error
}

// ReadNodes reads nodes from a stream up to its end, and returns the size of their JSON. The stream
// may contain null instead. The error is that of src or of sink, a [*SyntaxError],
// [io.ErrUnexpectedEOF], or the limit that is exceeded.
func ReadNodes(src io.Reader, sink NodeSink) (size int, err error) {
	const window = 32 << 10 // the distance that gzip looks back
	r := nodeReader{scanner: scanner{src: src, buf: make([]byte, 0, window)}, sink: sink, depth: 1}
	r.node.reader = &r
	c, err := r.next()
	switch {
	case err != nil:
		return 0, err
	case c == 'n':
		err = r.literal("null")
	case c == '{':
		err = r.nodes()
	default:
		err = r.unexpected("an object")
	}
	if err != nil {
		return 0, err
	}
	err = r.expectEnd()
	return r.base + len(r.buf), err
}

// nodes reads the nodes at pos.
func (r *valueReader) nodes(depth int) (*Nodes, error) {
	start := r.pos
	n := &Nodes{Sink: r.newSink(len(r.buf) - start)}
	inner := nodeReader{scanner: scanner{buf: r.buf[start:min(len(r.buf), start+MaxNodesSize)]}, sink: n.Sink, depth: depth}
	inner.node.reader = &inner
	if n.Err = inner.nodes(); n.Err == nil {
		r.pos += inner.pos
		n.JSON = r.buf[start:r.pos]
		return n, nil
	}
	// If the error is one of syntax, it occurs here too.
	raw, err := r.skip(depth)
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxNodesSize {
		n.Err = fmt.Errorf("they take more than %d MiB", MaxNodesSize>>20)
	}
	return n, nil
}

// nodeReader passes the nodes of a workflow to a sink. It reads the positions of their fields and
// skips the rest.
type nodeReader struct {
	scanner

	sink  NodeSink
	depth int // of the object that has the nodes as its members
	node  Node
}

// nodes reads the object at pos.
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
		}
		r.keep, r.hold = r.pos, true // the sink needs all of a node
		if err := r.entry(); err != nil {
			return err
		}
		r.hold = false
		if more, err := r.comma('}'); !more {
			return err
		}
	}
}

// entry reads an id and its node.
func (r *nodeReader) entry() error {
	n := &r.node
	if _, err := r.skipString(); err != nil {
		return err
	}
	n.id = span{end: r.pos - r.keep}
	if err := r.colon(); err != nil {
		return err
	}
	c, err := r.next()
	if err != nil {
		return err
	}
	n.value.start, n.Start = r.pos-r.keep, r.offset()
	r.lateMissing = false
	n.fields = [fieldCount]span{}
	if c == '{' {
		err = r.members(r.depth+1, nodeSlot, n.fields[:])
	} else {
		err = r.disposableValue(c, r.depth+1, ignored)
	}
	if err != nil {
		return err
	}
	n.value.end, n.End = r.pos-r.keep, r.offset()
	n.Complete = !r.lateMissing
	if n.id.end > MaxString {
		return fmt.Errorf("JSON at byte %d: the id is longer than %d KiB", r.base+r.keep, MaxString>>10)
	}
	if c != '{' && r.replaced {
		r.buf[r.keep+n.value.start] = c // of a value that is not an object only the type matters
	}
	return r.sink.AddNode(n)
}

// Node is a member of status.nodes.
type Node struct {
	// Start and End are the positions of its JSON in the nodes' JSON.
	Start, End int
	// Complete reports whether Value has every member that [ReadNode] reads. Long ones are
	// not kept while a stream is read.
	Complete bool

	reader    *nodeReader
	id, value span
	fields    [fieldCount]span
}

// ID returns the JSON of its id, a string.
func (n *Node) ID() []byte { return n.reader.bytes(n.id) }

// Field returns the JSON of a field; it is empty if the node does not have the field.
func (n *Node) Field(f Field) []byte { return n.reader.bytes(n.fields[f]) }

// Value returns its JSON. Long members may have 0 in place of their value, see Complete. Of a long
// value that is not an object only the first byte is right.
func (n *Node) Value() []byte { return n.reader.bytes(n.value) }
