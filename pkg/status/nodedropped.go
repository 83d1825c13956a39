package status

import (
	"bytes"
	"fmt"
	"strconv"
)

// droppedOf is what could not be read of a node.
type droppedOf struct {
	node  *Node
	items []Dropped
}

// drop notes what is wrong with a field of the node at hand, or with "", the node.
func (r *nodeReader) drop(key, reason string) {
	if r.droppedCount == maxDropped {
		return
	}
	r.droppedCount++
	path := "status.nodes." + abbreviated(r.node.ID)
	if key != "" {
		path += "." + key
	}
	if last := len(r.dropped) - 1; last < 0 || r.dropped[last].node != r.node {
		r.dropped = append(r.dropped, droppedOf{node: r.node})
	}
	last := &r.dropped[len(r.dropped)-1]
	last.items = append(last.items, Dropped{Path: path, Reason: reason})
}

func (r *nodeReader) dropType(key, want string, raw []byte) {
	r.drop(key, fmt.Sprintf("want %s, have %s", want, typeName(raw)))
}

// typeName is what Go calls the type that a JSON value is read as.
func typeName(raw []byte) string {
	switch raw[0] {
	case '"':
		return "string"
	case '[':
		return "[]interface {}"
	case '{':
		return "map[string]interface {}"
	case 't', 'f':
		return "bool"
	case 'n':
		return "<nil>"
	}
	if _, isInt := integer(raw); isInt {
		return "int64"
	}
	return "float64"
}

// integer reads a JSON number, if it is one that is read as an int64.
func integer(raw []byte) (int64, bool) {
	const longest = len("-9223372036854775808")
	if len(raw) > longest || bytes.ContainsAny(raw, ".eE") {
		return 0, false
	}
	value, err := strconv.ParseInt(string(raw), 10, 64)
	return value, err == nil
}
