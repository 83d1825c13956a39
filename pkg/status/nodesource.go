package status

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// nodeSource is where the nodes of one status were read from, and the rest of them is read
// from when somebody asks for it. It may be read by several goroutines.
type nodeSource struct {
	inline map[string]any // status.nodes; nil if they were read from JSON

	json []byte // status.nodes; nil if they were compressed

	packed   string
	decoders NodeDecoders
	size     int               // unpacked
	gates    map[uint32][]byte // by start; gates and delays that are active, which are asked for

	ended bool                 // the workflow has ended, so none of them waits
	until map[string]time.Time // by id: when active Suspend nodes pass by themselves

	once  sync.Once
	plain []byte // unpacked once more
	err   error
}

// keep keeps what stands in the node n, so that nothing has to be unpacked for it.
func (s *nodeSource) keep(n *Node, text []byte) {
	if s.gates == nil {
		s.gates = map[uint32][]byte{}
	}
	s.gates[n.start] = text
}

// keepCut keeps what stands in nodes of which not all was kept while they were read: they are unpacked
// once more, up to the last of them.
func (s *nodeSource) keepCut(nodes []*Node, ended func() error) error {
	if len(nodes) == 0 {
		return nil
	}
	plain, err := s.decoders.unpack(s.packed, ended)
	if err != nil {
		return err
	}
	defer func() { _ = plain.Close() }()
	at := uint32(0)
	for _, n := range nodes {
		text := make([]byte, n.end-n.start)
		if _, err := io.CopyN(io.Discard, plain, int64(n.start-at)); err != nil {
			return err
		}
		if _, err := io.ReadFull(plain, text); err != nil {
			return err
		}
		s.keep(n, text)
		at = n.end
	}
	return nil
}

// text returns the JSON of a node that was read from it.
func (s *nodeSource) text(n *Node) ([]byte, error) {
	if s.json != nil {
		return s.json[n.start:n.end], nil
	}
	if text := s.gates[n.start]; text != nil {
		return text, nil
	}
	s.once.Do(func() {
		plain, err := s.decoders.unpack(s.packed, nil)
		if err == nil {
			defer func() { _ = plain.Close() }()
			s.plain = make([]byte, s.size)
			_, err = io.ReadFull(plain, s.plain)
		}
		s.err = err
	})
	if s.err != nil {
		return nil, s.err
	}
	return s.plain[n.start:n.end], nil
}

// object returns the node's fields, or of one that was read from JSON only the named
// member, unless that is "".
func (n *Node) object(member string, dropped *[]Dropped) *object {
	if n.source == nil {
		return objectOfNodes(nil, dropped).object("")
	}
	if n.source.inline != nil {
		return objectOfNodes(n.source.inline, dropped).object(n.ID)
	}
	fields, cut, err := n.fields(member)
	if err != nil { // it was read before, so this does not happen
		*dropped = append(*dropped, Dropped{Path: "status.compressedNodes", Reason: err.Error()})
	}
	nodes := objectOfNodes(map[string]any{n.ID: fields}, dropped)
	if cut {
		nodes.drop(n.ID, fmt.Sprintf("it has more than %d items; the rest is left out", maxItems))
	}
	return nodes.object(n.ID)
}

// fields reads the node's fields, or the named member alone. cut: not all of its lists.
func (n *Node) fields(member string) (fields map[string]any, cut bool, err error) {
	text, err := n.source.text(n)
	if err != nil {
		return nil, false, err
	}
	p := partReader{scanner: scanner{buf: text, hold: true}, bounded: true}
	if member == "" {
		value, err := p.read(shapeNode, 1)
		fields, _ = value.(map[string]any)
		return fields, p.cut, err
	}
	var at [1]span
	if err := p.members(1, func(key []byte) int {
		if string(key) == member {
			return 0
		}
		return notRead
	}, at[:]); err != nil || at[0].end == 0 {
		return nil, false, err
	}
	as, _ := memberOfNode([]byte(member))
	p.scanner = scanner{buf: p.bytes(at[0]), hold: true}
	value, err := p.read(as, 1)
	return map[string]any{member: value}, p.cut, err
}

// objectOfNodes is the object that the nodes are members of.
func objectOfNodes(nodes map[string]any, dropped *[]Dropped) *object {
	status := &object{parent: &object{}, key: "status"}
	return &object{fields: nodes, parent: status, key: "nodes", dropped: dropped}
}
