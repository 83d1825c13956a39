package status

import "fmt"

// jsonNodes are nodes that stand in the JSON of a workflow: what is in the place of their map.
type jsonNodes struct {
	reader *nodeReader
	err    error // they are beyond a limit
}

// nodes reads the nodes at hand.
func (p *partReader) nodes(depth int) (*jsonNodes, error) {
	start := p.pos
	r := &nodeReader{
		scanner: scanner{buf: p.buf[start:min(len(p.buf), start+MaxNodesSize)]},
		arena:   newArena(len(p.buf) - start),
		source:  &nodeSource{},
		depth:   depth,
	}
	beyond := r.nodes()
	if beyond == nil {
		p.pos += r.pos
		r.source.json = p.buf[start:p.pos]
		return &jsonNodes{reader: r}, nil
	}
	// That, or the JSON is broken, and then it is so here too.
	raw, err := p.skip(depth)
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxNodesSize {
		beyond = fmt.Errorf("they take more than %d MiB", MaxNodesSize>>20)
	}
	return &jsonNodes{err: &NodesError{Err: beyond, inline: true}}, nil
}

func (n *jsonNodes) empty() bool { return n.err == nil && n.reader.count == 0 }

func (n *jsonNodes) finish(dropped *[]Dropped, ended func() error) ([]*Node, error) {
	if n.err != nil {
		return nil, n.err
	}
	return n.reader.finish(dropped, ended)
}
