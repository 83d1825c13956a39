package status

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// nodeSource is what the nodes of one status were read from. The methods of a node read the rest of
// it from there on demand. It is safe for concurrent use.
type nodeSource struct {
	inline map[string]any // status.nodes; nil if they were read from JSON

	json []byte // status.nodes; nil if they were compressed

	packed   string
	decoders NodeDecoders
	size     int               // of the decompressed nodes
	gates    map[uint32][]byte // the JSON of active gates and delays, by their start

	ended   bool                 // the workflow has ended, so no gate waits
	until   map[string]time.Time // when active Suspend nodes end by themselves, by node id
	polling *polling             // nil if no step can be a gate

	once  sync.Once
	plain []byte // decompressed again
	err   error
}

// keep keeps the JSON of n, so that nothing has to be decompressed for it.
func (s *nodeSource) keep(n *Node, text []byte) {
	if s.gates == nil {
		s.gates = map[uint32][]byte{}
	}
	s.gates[n.start] = text
}

// keepIncomplete keeps the JSON of nodes that were not complete in the window while they were read.
// It decompresses the nodes again, up to the last of these.
func (s *nodeSource) keepIncomplete(nodes []*Node, ended func() error) error {
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

// text returns the JSON of a node that was read from JSON.
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

// object returns the fields of the node. If it was read from JSON and member is not "", only that
// member is among them.
func (n *Node) object(member string, dropped *[]Dropped) *object {
	if n.source == nil {
		return objectOfNodes(nil, dropped).object("")
	}
	if n.source.inline != nil {
		return objectOfNodes(n.source.inline, dropped).object(n.ID)
	}
	fields, truncated, err := n.fields(member)
	if err != nil { // does not happen: the node was read before
		*dropped = append(*dropped, Dropped{Path: "status.compressedNodes", Reason: err.Error()})
	}
	nodes := objectOfNodes(map[string]any{n.ID: fields}, dropped)
	if truncated {
		nodes.drop(n.ID, fmt.Sprintf("it has more than %d items; the rest is left out", wfjson.MaxNodeItems))
	}
	return nodes.object(n.ID)
}

func (n *Node) fields(member string) (fields map[string]any, truncated bool, err error) {
	text, err := n.source.text(n)
	if err != nil {
		return nil, false, err
	}
	return wfjson.ReadNode(text, member)
}

// objectOfNodes returns the object that has the nodes as its members.
func objectOfNodes(nodes map[string]any, dropped *[]Dropped) *object {
	status := &object{parent: &object{}, key: "status"}
	return &object{fields: nodes, parent: status, key: "nodes", dropped: dropped}
}
