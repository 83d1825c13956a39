package status

import (
	"bytes"
	"io"
	"sync"

	"k8s.io/apimachinery/pkg/util/json"
)

// nodeSource is where the nodes of one status were read from, and the rest of them is read
// from when somebody asks for it. It may be read by several goroutines.
type nodeSource struct {
	inline map[string]any // status.nodes; nil if they were compressed

	packed string
	size   int               // unpacked
	gates  map[uint32][]byte // by start; the active ones, for which people do ask

	once  sync.Once
	plain []byte // unpacked once more
	err   error
}

// keep keeps what stands in the node n, so that nothing has to be unpacked for it.
func (s *nodeSource) keep(n *Node, text []byte) {
	if s.gates == nil {
		s.gates = map[uint32][]byte{}
	}
	s.gates[n.start] = bytes.Clone(text)
}

// text returns the JSON of a node that was compressed.
func (s *nodeSource) text(n *Node) ([]byte, error) {
	if text := s.gates[n.start]; text != nil {
		return text, nil
	}
	s.once.Do(func() {
		plain, err := unpack(s.packed)
		if err == nil {
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

// object returns the node's fields, or of one that was compressed only the named member,
// unless that is "".
func (n *Node) object(member string, dropped *[]Dropped) *object {
	if n.source == nil {
		return objectOfNodes(nil, dropped).object("")
	}
	if n.source.inline != nil {
		return objectOfNodes(n.source.inline, dropped).object(n.ID)
	}
	fields, err := n.unpacked(member)
	if err != nil { // it was read before, so this does not happen
		*dropped = append(*dropped, Dropped{Path: "status.compressedNodes", Reason: err.Error()})
	}
	return objectOfNodes(map[string]any{n.ID: fields}, dropped).object(n.ID)
}

func (n *Node) unpacked(member string) (fields map[string]any, err error) {
	text, err := n.source.text(n)
	if err != nil {
		return nil, err
	}
	if member == "" {
		return fields, json.Unmarshal(text, &fields)
	}
	var at [1]span
	in := scanner{buf: text, hold: true}
	if err := in.members(1, func(key []byte) int {
		if string(key) == member {
			return 0
		}
		return -1
	}, at[:]); err != nil || at[0].end == 0 {
		return nil, err
	}
	var value any
	err = json.Unmarshal(in.bytes(at[0]), &value)
	return map[string]any{member: value}, err
}

// objectOfNodes is the object that the nodes are members of.
func objectOfNodes(nodes map[string]any, dropped *[]Dropped) *object {
	status := &object{parent: &object{}, key: "status"}
	return &object{fields: nodes, parent: status, key: "nodes", dropped: dropped}
}
