package status

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// NodeEdit is a change of one node in its JSON, see [NodeDecoders.EditNodes]. The zero value
// leaves the node as it is.
type NodeEdit struct {
	// Remove takes the node out. The rest of the edit does not count then.
	Remove bool
	// Set are members of the node by name, each to be written as JSON; nil takes one away.
	Set map[string]any
	// Supply are values of output parameters by name. One that is to be supplied and has no value
	// yet gets it, and is no longer to be supplied.
	Supply map[string]string
	// KeepID, if given, reports which ids of nodes stay in children and outboundNodes. What is
	// not a string there is taken out.
	KeepID func(id string) bool
}

func (e *NodeEdit) empty() bool { return len(e.Set) == 0 && len(e.Supply) == 0 && e.KeepID == nil }

// EditNodes returns status.compressedNodes with nodes changed, compressed by gzip, which every
// version of Argo reads. edit returns the change of the node of that id; it is called for each,
// also for what is not an object. The JSON of what is not changed stays as it is.
//
// The nodes are unpacked, changed and packed in one pass, piece by piece, so it takes a few MiB of
// memory however large they are, up to [MaxNodesSize]. The error is a [*NodesError], or the cause
// of ctx, which is looked at between pieces. What packs to more than 16 MiB is an error: no API server
// takes a tenth of it.
func (d NodeDecoders) EditNodes(ctx context.Context, packed string, edit func(id string) NodeEdit) (string, error) {
	plain, err := d.unpack(packed, endOf(ctx))
	if err != nil {
		return "", &NodesError{Err: err}
	}
	defer func() { _ = plain.Close() }()
	const window = 32 << 10
	var edited packedText
	zipper := newPacker(&edited)
	e := nodeEditor{
		scanner: scanner{src: plain, buf: make([]byte, 0, window)},
		out:     bufio.NewWriterSize(zipper, window),
		edit:    edit,
	}
	e.leaving = e.leave
	err = e.run()
	err = cmp.Or(err, e.out.Flush(), zipper.Close())
	switch {
	case err != nil && ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", &NodesError{Err: err}
	}
	return edited.String(), nil
}

// nodeEditor copies the JSON of nodes while it reads it, but for what is to be changed.
type nodeEditor struct {
	scanner

	out  *bufio.Writer // which keeps its first error
	edit func(id string) NodeEdit

	done    int  // all of buf before it was written or left out
	copying bool // what is read is written; else it is left out
}

// action copies or changes the value at hand, which begins with c; nil leaves it out.
type action func(c byte, depth int) error

// leave writes what is about to leave the window, unless it is left out.
func (e *nodeEditor) leave(end int) {
	e.doneWith(end)
	e.done -= end
}

func (e *nodeEditor) doneWith(end int) {
	if e.copying && end > e.done {
		_, _ = e.out.Write(e.buf[e.done:end])
	}
	e.done = max(e.done, end)
}

func (e *nodeEditor) write(text string) { _, _ = e.out.WriteString(text) }

// copyValue copies the value at hand, or leaves it out.
func (e *nodeEditor) copyValue(c byte, depth int, keep bool) error {
	e.doneWith(e.pos)
	e.copying = keep
	err := e.value(c, depth)
	e.doneWith(e.pos)
	e.copying = false
	return err
}

func (e *nodeEditor) unchanged(c byte, depth int) error { return e.copyValue(c, depth, true) }

// held reads the value at hand into the window and returns its JSON, which is not written.
func (e *nodeEditor) held(c byte, depth int) ([]byte, error) {
	e.keep, e.hold = e.pos, true
	err := e.value(c, depth)
	e.hold = false
	e.doneWith(e.pos)
	return e.buf[e.keep:e.pos], err
}

func (e *nodeEditor) run() error {
	c, err := e.next()
	switch {
	case err != nil:
		return err
	case c == 'n':
		err = e.unchanged(c, 1)
	case c == '{':
		err = e.object(e.node, 1, nil)
	default:
		err = e.unexpected("an object")
	}
	if err != nil {
		return err
	}
	return e.end()
}

// node is what becomes of the node of that id.
func (e *nodeEditor) node(id string) action {
	edit := e.edit(id)
	switch {
	case edit.Remove:
		return nil
	case edit.empty():
		return e.unchanged
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
		return e.unchanged
	}
	return func(c byte, depth int) error {
		if c != '{' {
			return e.unchanged(c, depth)
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
			return e.unchanged(c, depth)
		}
		return e.object(func(name string) action {
			if name == "parameters" {
				return parameters
			}
			return e.unchanged
		}, depth, nil)
	}
}

// ids copies a list of ids without those that do not stay.
func (e *nodeEditor) ids(keep func(id string) bool) action {
	return e.list(func(raw []byte) []byte {
		if raw[0] == '"' && keep(textIn(raw)) {
			return raw
		}
		return nil
	})
}

// object copies the object at hand: of its members what choose makes of them, and behind them
// those in set that are not nil.
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

// member copies the member at hand, or leaves it out.
func (e *nodeEditor) member(choose func(name string) action, depth int, empty *bool) error {
	raw, err := e.held('"', depth)
	if err != nil {
		return err
	}
	do := choose(textIn(raw))
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
		return e.copyValue(c, depth+1, false)
	}
	return do(c, depth+1)
}

// list copies the list at hand. each returns what becomes of the JSON of an item; nil: it is left
// out.
func (e *nodeEditor) list(each func(raw []byte) []byte) action {
	return func(c byte, depth int) error {
		switch {
		case c != '[':
			return e.unchanged(c, depth)
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

// separate writes a comma, unless nothing is before it, and something is from then on.
func (e *nodeEditor) separate(empty *bool) {
	if !*empty {
		e.write(",")
	}
	*empty = false
}

// supply returns the JSON of an output parameter with its value; nil if none is to be supplied.
func supply(raw []byte, values map[string]string) []byte {
	const name, value, from, all = 0, 1, 2, 3
	if raw[0] != '{' {
		return nil
	}
	var at [all]span
	s := whole(raw)
	err := s.members(1, func(key []byte) int {
		switch string(key) {
		case "name":
			return name
		case "value":
			return value
		case "valueFrom":
			return from
		}
		return notRead
	}, at[:])
	has := at[value].end > 0 && s.bytes(at[value])[0] != 'n'
	if err != nil || has || !toBeSupplied(s.bytes(at[from])) {
		return nil
	}
	called := ""
	if text := s.bytes(at[name]); len(text) > 0 && text[0] == '"' {
		called = textIn(text)
	}
	given, ok := values[called]
	if !ok {
		return nil
	}
	var edited bytes.Buffer
	e := nodeEditor{scanner: whole(raw), out: bufio.NewWriter(&edited)}
	err = e.object(func(name string) action {
		if name == "value" || name == "valueFrom" {
			return nil
		}
		return e.unchanged
	}, 1, map[string]any{"value": given})
	if errors.Join(err, e.out.Flush()) != nil {
		return nil // it was read before, so this does not happen
	}
	return edited.Bytes()
}

// toBeSupplied reports whether the JSON of a parameter's valueFrom says so.
func toBeSupplied(from []byte) bool {
	if len(from) == 0 || from[0] != '{' {
		return false
	}
	var at [1]span
	s := whole(from)
	err := s.members(1, func(key []byte) int {
		if string(key) == "supplied" {
			return 0
		}
		return notRead
	}, at[:])
	return err == nil && at[0].end > 0
}
