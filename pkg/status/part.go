package status

import (
	"fmt"
	"strconv"
)

// maxItems is how many items of lists, and members of objects that can have any, are read of
// one node's inputs, outputs or details where nodes are compressed. An item takes some
// hundred bytes, but can be written with three.
const maxItems = MaxNodesSize / 512

// partReader reads parts of the JSON of a node. It has been read over before, so it is valid.
type partReader struct {
	scanner

	left int  // how many items more
	cut  bool // there were more
}

// read reads the value at hand, as encoding/json would, as far as it has that shape.
func (p *partReader) read(as shape, depth int) (any, error) {
	c, err := p.next()
	if err != nil {
		return nil, err
	}
	switch {
	case c == '{' && as.object():
		return p.object(as, depth)
	case c == '[' && as.item() != shapeNone:
		return p.list(as.item(), depth)
	}
	start := p.pos
	if err := p.value(c, depth); err != nil {
		return nil, err
	}
	return scalar(p.buf[start:p.pos])
}

// scalar reads a value that is no object or list; of those no more than that they are.
func scalar(raw []byte) (any, error) {
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
		if len(raw) > maxText {
			return longText{}, nil
		}
		return textIn(raw), nil
	}
	if value, ok := integer(raw); ok {
		return value, nil
	}
	return strconv.ParseFloat(string(raw), 64)
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
	p.cut = p.cut || p.left == 0
	p.left = max(0, p.left-1)
	return !p.cut
}

func (p *partReader) object(as shape, depth int) (map[string]any, error) {
	fields := map[string]any{}
	p.pos++
	if c, err := p.next(); err != nil {
		return nil, err
	} else if c == '}' {
		p.pos++
		return fields, nil
	}
	for {
		if _, err := p.next(); err != nil {
			return nil, err
		}
		start := p.pos
		if _, err := p.skipString(); err != nil {
			return nil, err
		}
		raw := p.buf[start:p.pos]
		if err := p.colon(); err != nil {
			return nil, err
		}
		if err := p.member(fields, as, raw, depth); err != nil {
			return nil, err
		}
		if more, err := p.comma('}'); !more {
			return fields, err
		}
	}
}

func (p *partReader) member(fields map[string]any, as shape, raw []byte, depth int) error {
	const longest = 1 << 10 // of names that are known, also as escapes, and of resources
	if len(raw) <= longest {
		key := textIn(raw)
		if inner, ok := as.member(key); ok && (as != shapeNumbers || p.room()) {
			value, err := p.read(inner, depth+1)
			fields[key] = value
			return err
		}
	}
	c, err := p.next()
	if err != nil {
		return err
	}
	return p.value(c, depth+1)
}

func (p *partReader) list(item shape, depth int) ([]any, error) {
	items := []any{}
	p.pos++
	if c, err := p.next(); err != nil {
		return nil, err
	} else if c == ']' {
		p.pos++
		return items, nil
	}
	for {
		c, err := p.next()
		if err != nil {
			return nil, err
		}
		if p.room() {
			var value any
			if value, err = p.read(item, depth+1); err == nil {
				items = append(items, value)
			}
		} else {
			err = p.value(c, depth+1)
		}
		if err != nil {
			return nil, err
		}
		if more, err := p.comma(']'); !more {
			return items, err
		}
	}
}
