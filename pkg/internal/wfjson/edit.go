package wfjson

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
)

// NodeEdit is a change of one node. The zero value leaves the node as it is.
type NodeEdit struct {
	// Remove removes the node. The other fields are ignored then.
	Remove bool
	// Set are members of the node by name, each to be written as JSON; nil removes the member.
	Set map[string]any
	// Supply are values of output parameters by name. A parameter that awaits a value gets it.
	Supply map[string]string
	// KeepID, if not nil, reports which ids stay in children and outboundNodes. Other values than
	// strings are removed there.
	KeepID func(id string) bool
}

func (e *NodeEdit) empty() bool { return len(e.Set) == 0 && len(e.Supply) == 0 && e.KeepID == nil }

// EditNodes copies nodes from src to dst and changes them. It calls edit with the id of every
// member, also of those that are not objects. What is not changed is copied byte by byte. It holds
// a window of src in memory, and of a list that can change, one item.
//
// The error is that of src or dst, a [*SyntaxError] or [io.ErrUnexpectedEOF]; what was written to
// dst is then incomplete.
func EditNodes(dst io.Writer, src io.Reader, edit func(id string) NodeEdit) error {
	const window = 32 << 10
	e := nodeEditor{
		scanner: scanner{src: src, buf: make([]byte, 0, window)},
		out:     bufio.NewWriterSize(dst, window),
		edit:    edit,
	}
	e.beforeDiscard = e.flush
	err := e.run()
	return cmp.Or(err, e.out.Flush())
}

// nodeEditor copies the JSON of nodes while it reads it, except for what changes.
type nodeEditor struct {
	scanner

	out  *bufio.Writer // keeps its first error
	edit func(id string) NodeEdit

	done    int  // buf[:done] was written or left out
	copying bool // whether what is read next is written or left out
}

// action copies, changes or skips the value at pos, which begins with c. A nil action removes it.
type action func(c byte, depth int) error

// flush deals with buf[:end] before it leaves buf.
func (e *nodeEditor) flush(end int) {
	e.finish(end)
	e.done -= end
}

// finish writes what has not been written of buf[:end], or leaves it out.
func (e *nodeEditor) finish(end int) {
	if e.copying && end > e.done {
		_, _ = e.out.Write(e.buf[e.done:end])
	}
	e.done = max(e.done, end)
}

func (e *nodeEditor) write(text string) { _, _ = e.out.WriteString(text) }

func (e *nodeEditor) copyValue(c byte, depth int) error { return e.pass(c, depth, true) }
func (e *nodeEditor) skipValue(c byte, depth int) error { return e.pass(c, depth, false) }

func (e *nodeEditor) pass(c byte, depth int, copying bool) error {
	e.finish(e.pos)
	e.copying = copying
	err := e.value(c, depth)
	e.finish(e.pos)
	e.copying = false
	return err
}

// held reads the value at pos and returns its JSON, without writing it.
func (e *nodeEditor) held(c byte, depth int) ([]byte, error) {
	e.keep, e.hold = e.pos, true
	err := e.value(c, depth)
	e.hold = false
	e.finish(e.pos)
	return e.buf[e.keep:e.pos], err
}

func (e *nodeEditor) run() error {
	c, err := e.next()
	switch {
	case err != nil:
		return err
	case c == 'n':
		err = e.copyValue(c, 1)
	case c == '{':
		err = e.object(e.node, 1, nil)
	default:
		err = e.unexpected("an object")
	}
	if err != nil {
		return err
	}
	return e.expectEnd()
}

// node returns the action for the node of that id.
func (e *nodeEditor) node(id string) action {
	edit := e.edit(id)
	switch {
	case edit.Remove:
		return nil
	case edit.empty():
		return e.copyValue
	}
	member := func(name string) action {
		_, set := edit.Set[name]
		switch {
		case set:
			return nil
		case name == "outputs" && len(edit.Supply) > 0:
			return e.outputs(edit.Supply)
		case (name == "children" || name == "outboundNodes") && edit.KeepID != nil:
			return e.ids(edit.KeepID)
		}
		return e.copyValue
	}
	return func(c byte, depth int) error {
		if c != '{' {
			return e.copyValue(c, depth)
		}
		return e.object(member, depth, edit.Set)
	}
}

// outputs supplies output parameters.
func (e *nodeEditor) outputs(values map[string]string) action {
	parameters := e.list(func(raw []byte) []byte {
		if supplied := supply(raw, values); supplied != nil {
			return supplied
		}
		return raw
	})
	return func(c byte, depth int) error {
		if c != '{' {
			return e.copyValue(c, depth)
		}
		return e.object(func(name string) action {
			if name == "parameters" {
				return parameters
			}
			return e.copyValue
		}, depth, nil)
	}
}

// ids filters a list of ids.
func (e *nodeEditor) ids(keep func(id string) bool) action {
	return e.list(func(raw []byte) []byte {
		if raw[0] == '"' && keep(Unquote(raw)) {
			return raw
		}
		return nil
	})
}

// object edits the object at pos: choose returns the action for the value of each member. The
// members in set that are not nil are appended.
func (e *nodeEditor) object(choose func(name string) action, depth int, set map[string]any) error {
	if depth > maxDepth {
		return e.tooDeep()
	}
	e.pos++
	e.write("{")
	empty := true
	for first, more := true, true; more; first = false {
		c, err := e.next()
		switch {
		case err != nil:
			return err
		case c == '}' && first:
			e.pos++
			more = false
			continue
		case c != '"':
			return e.unexpected("a member's name")
		}
		if err := e.member(choose, depth, &empty); err != nil {
			return err
		}
		if more, err = e.comma('}'); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if set[name] == nil {
			continue
		}
		text, err := json.Marshal(map[string]any{name: set[name]})
		if err != nil {
			return err
		}
		e.separate(&empty)
		_, _ = e.out.Write(text[1 : len(text)-1])
	}
	e.write("}")
	return nil
}

// member edits the member at pos.
func (e *nodeEditor) member(choose func(name string) action, depth int, empty *bool) error {
	raw, err := e.held('"', depth)
	if err != nil {
		return err
	}
	do := choose(Unquote(raw))
	if do != nil {
		e.separate(empty)
		_, _ = e.out.Write(raw)
		e.write(":")
	}
	if err := e.colon(); err != nil {
		return err
	}
	c, err := e.next()
	if err != nil {
		return err
	}
	if do == nil {
		return e.skipValue(c, depth+1)
	}
	return do(c, depth+1)
}

// list returns the action that edits a list. each returns the JSON that replaces an item, or nil to
// remove the item.
func (e *nodeEditor) list(each func(raw []byte) []byte) action {
	return func(c byte, depth int) error {
		switch {
		case c != '[':
			return e.copyValue(c, depth)
		case depth > maxDepth:
			return e.tooDeep()
		}
		e.pos++
		e.write("[")
		c, err := e.next()
		if err != nil {
			return err
		}
		if c == ']' {
			e.pos++
		}
		empty := true
		for more := c != ']'; more; {
			if c, err = e.next(); err != nil {
				return err
			}
			raw, err := e.held(c, depth+1)
			if err != nil {
				return err
			}
			if text := each(raw); text != nil {
				e.separate(&empty)
				_, _ = e.out.Write(text)
			}
			if more, err = e.comma(']'); err != nil {
				return err
			}
		}
		e.write("]")
		return nil
	}
}

// separate writes a comma unless the object or list is empty so far.
func (e *nodeEditor) separate(empty *bool) {
	if !*empty {
		e.write(",")
	}
	*empty = false
}

// supply returns the JSON of an output parameter with its value, or nil if it gets none.
func supply(raw []byte, values map[string]string) []byte {
	if raw[0] != '{' {
		return nil
	}
	var members [3][]byte
	if Members(raw, members[:], "name", "value", "valueFrom") != nil {
		return nil
	}
	name, value, from := members[0], members[1], members[2]
	if len(value) > 0 && value[0] != 'n' || !isSupplied(from) {
		return nil
	}
	given, ok := values[stringOf(name)]
	if !ok {
		return nil
	}
	var edited bytes.Buffer
	e := nodeEditor{scanner: whole(raw), out: bufio.NewWriter(&edited)}
	err := e.object(func(name string) action {
		if name == "value" || name == "valueFrom" {
			return nil
		}
		return e.copyValue
	}, 1, map[string]any{"value": given})
	if errors.Join(err, e.out.Flush()) != nil {
		return nil // does not happen: the syntax was checked before
	}
	return edited.Bytes()
}

// isSupplied reports whether the valueFrom of a parameter says that its value is to be supplied.
func isSupplied(from []byte) bool {
	if len(from) == 0 || from[0] != '{' {
		return false
	}
	var supplied [1][]byte
	return Members(from, supplied[:], "supplied") == nil && len(supplied[0]) > 0
}
