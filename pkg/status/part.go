package status

import (
	"fmt"
	"math"
	"strconv"
)

// maxItems is how many items of lists, and members of objects that can have any, are read of
// one node's inputs, outputs or details where nodes are read from JSON. An item takes some
// hundred bytes, but can be written with three. maxOutside is how many are read of the rest of a
// workflow, and again of its templates.
const maxItems, maxOutside = MaxNodesSize / 512, 1 << 13

// maxName is how long the name of a resource may be in there, as it stands in the JSON.
const maxName = 1 << 10

// partReader reads parts of the JSON of a workflow.
type partReader struct {
	scanner

	// bounded: it is a part of a node, to which maxItems, maxName and maxText apply, else maxOutside.
	bounded bool
	// templates: they are read too, in place of being left unread.
	templates bool
	items     int  // so far
	cut       bool // there were more
}

// read reads the next value, as encoding/json would, as far as it has that shape. Nodes are
// read as [*jsonNodes].
func (p *partReader) read(as shape, depth int) (any, error) {
	c, err := p.next()
	switch {
	case err != nil:
		return nil, err
	case as.ofTemplates() && !p.templates:
		raw, err := p.skip(depth)
		return unread{json: raw, as: as}, err
	case c == '{' && as == shapeNodes:
		return p.nodes(depth)
	case c == '{' && as.object():
		return p.object(as, depth)
	case c == '[' && as.item() != shapeNone:
		return p.list(as.item(), depth)
	}
	raw, err := p.skip(depth)
	if err != nil {
		return nil, err
	}
	return p.scalar(raw)
}

// scalar reads a value that is no object or list; of those no more than that they are.
func (p *partReader) scalar(raw []byte) (any, error) {
	switch raw[0] {
	case '{':
		return map[string]any(nil), nil
	case '[':
		return []any(nil), nil
	case 't', 'f':
		return raw[0] == 't', nil
	case 'n':
		return nil, nil
	case '"':
		if len(raw) > p.longest(maxText) {
			return longText{}, nil
		}
		return textIn(raw), nil
	}
	if value, ok := integer(raw); ok {
		return value, nil
	}
	return strconv.ParseFloat(string(raw), 64)
}

func (p *partReader) longest(inNode int) int {
	if p.bounded {
		return inNode
	}
	return math.MaxInt
}

// longText is in the place of a text that is too long to be read.
type longText struct{}

func (longText) reason() string { return fmt.Sprintf("longer than %d KiB", maxText>>10) }

// textIn returns what the string in raw says.
func textIn(raw []byte) string {
	inside := raw[1 : len(raw)-1]
	if simple(inside) {
		return string(inside)
	}
	return string(unescape(make([]byte, 0, len(inside)), inside))
}

// room reports whether another item may be read.
func (p *partReader) room() bool {
	most := maxOutside
	if p.bounded {
		most = maxItems
	}
	p.cut = p.cut || p.items == most
	p.items++
	return !p.cut
}

func (p *partReader) object(as shape, depth int) (map[string]any, error) {
	fields := map[string]any{}
	err := p.eachMember(func(name []byte) error {
		if len(name) <= p.longest(maxName) {
			if inner, ok := as.memberNamed(name); ok && (as != shapeNamed || p.room()) {
				value, err := p.read(inner, depth+1)
				fields[textIn(name)] = value
				return err
			}
		}
		_, err := p.skip(depth + 1)
		return err
	})
	return fields, err
}

func (p *partReader) list(item shape, depth int) ([]any, error) {
	items := []any{}
	err := p.eachItem(func() error {
		if !p.room() {
			_, err := p.skip(depth + 1)
			return err
		}
		value, err := p.read(item, depth+1)
		items = append(items, value)
		return err
	})
	return items, err
}
