package wfjson

import (
	"fmt"
	"math"
	"strconv"
)

// Workflow is a workflow that was read by [ReadWorkflow].
type Workflow struct {
	// Fields are decoded as encoding/json does, but only as far as package status reads them.
	// The value of status.nodes is a [*Nodes], and each value with templates is an [Unread].
	Fields map[string]any
	// Truncated reports whether the workflow has more than [MaxItems] items outside of the nodes
	// and templates. The rest is missing.
	Truncated bool
}

// ReadWorkflow reads a workflow. For each value of status.nodes, of which the last one counts, it
// calls newSink with a bound on their size, and passes the nodes to the result.
//
// The error is a [*SyntaxError] or [ErrNotObject].
func ReadWorkflow(data []byte, newSink func(size int) NodeSink) (Workflow, error) {
	r := valueReader{scanner: whole(data), newSink: newSink}
	value, err := r.readValue(shapeWorkflow, 1)
	if err == nil {
		err = r.expectEnd()
	}
	if err != nil {
		return Workflow{}, r.syntaxError(err)
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return Workflow{}, ErrNotObject
	}
	return Workflow{Fields: fields, Truncated: r.truncated}, nil
}

// ReadNode reads the JSON of a node, or only the named member if that is not "". The result is nil
// if there is none. truncated reports whether it has more than [MaxNodeItems] items.
func ReadNode(data []byte, member string) (fields map[string]any, truncated bool, err error) {
	r := valueReader{scanner: whole(data), bounded: true}
	if member == "" {
		value, err := r.readValue(shapeNode, 1)
		fields, _ = value.(map[string]any)
		return fields, r.truncated, err
	}
	var raw [1][]byte
	if err := Members(data, raw[:], member); err != nil || raw[0] == nil {
		return nil, false, err
	}
	as, _ := memberOfNode([]byte(member))
	r.scanner = whole(raw[0])
	value, err := r.readValue(as, 1)
	return map[string]any{member: value}, r.truncated, err
}

// Unread is a part of a workflow that is read on demand: its templates.
type Unread struct {
	json []byte
	as   shape
}

// Read decodes what [Slim] would leave of the value, or if polled is set, [SlimWithPolled].
func (u Unread) Read(polled bool) any {
	s := slimmer{scanner: whole(u.json), dst: make([]byte, 0, len(u.json)), polled: polled}
	if s.copy(u.as, 1) != nil { // does not happen: the syntax was checked before
		return nil
	}
	r := valueReader{scanner: whole(s.dst), templates: true}
	value, err := r.readValue(u.as, 1)
	if err != nil {
		return nil
	}
	return value
}

// LongString is the value of a string in a node that is longer than [MaxString].
type LongString struct{}

// String says what is wrong with the value.
func (LongString) String() string { return fmt.Sprintf("longer than %d KiB", MaxString>>10) }

// valueReader decodes values.
type valueReader struct {
	scanner

	newSink func(size int) NodeSink
	// bounded applies MaxNodeItems, maxName and MaxString, as to a part of a node; else MaxItems
	// alone applies.
	bounded bool
	// templates decodes templates, which are otherwise left as Unread.
	templates bool
	items     int  // read so far
	truncated bool // there were more items
}

// readValue decodes the next value as far as it has the shape.
func (r *valueReader) readValue(as shape, depth int) (any, error) {
	c, err := r.next()
	switch {
	case err != nil:
		return nil, err
	case as.ofTemplates() && !r.templates:
		raw, err := r.skip(depth)
		return Unread{json: raw, as: as}, err
	case c == '{' && as == shapeNodes:
		return r.nodes(depth)
	case c == '{' && as.object():
		return r.object(as, depth)
	case c == '[' && as.item() != shapeNone:
		return r.list(as.item(), depth)
	}
	raw, err := r.skip(depth)
	if err != nil {
		return nil, err
	}
	return r.scalar(raw)
}

// scalar decodes a value that is not expected to be an object or a list: those become empty ones.
func (r *valueReader) scalar(raw []byte) (any, error) {
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
		if len(raw) > r.limit(MaxString) {
			return LongString{}, nil
		}
		return Unquote(raw), nil
	}
	if value, ok := integer(raw); ok {
		return value, nil
	}
	return strconv.ParseFloat(string(raw), 64)
}

func (r *valueReader) limit(inNode int) int {
	if r.bounded {
		return inNode
	}
	return math.MaxInt
}

// admit counts an item and reports whether it may be read.
func (r *valueReader) admit() bool {
	most := MaxItems
	if r.bounded {
		most = MaxNodeItems
	}
	r.truncated = r.truncated || r.items == most
	r.items++
	return !r.truncated
}

func (r *valueReader) object(as shape, depth int) (map[string]any, error) {
	fields := map[string]any{}
	err := r.eachMember(func(name []byte) error {
		if len(name) <= r.limit(maxName) {
			if inner, ok := as.memberNamed(name); ok && (as != shapeMap || r.admit()) {
				value, err := r.readValue(inner, depth+1)
				fields[Unquote(name)] = value
				return err
			}
		}
		_, err := r.skip(depth + 1)
		return err
	})
	return fields, err
}

func (r *valueReader) list(item shape, depth int) ([]any, error) {
	items := []any{}
	err := r.eachItem(func() error {
		if !r.admit() {
			_, err := r.skip(depth + 1)
			return err
		}
		value, err := r.readValue(item, depth+1)
		items = append(items, value)
		return err
	})
	return items, err
}
