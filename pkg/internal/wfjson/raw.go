package wfjson

import (
	"bytes"
	"strconv"
)

// These functions work on the JSON of one value, without whitespace around it.

// Members puts the JSON of the named members of an object into values; nil where there is none. Of
// several members with one name the last counts. At most 4 members can be named.
func Members(object []byte, values [][]byte, names ...string) error {
	s := whole(object)
	return s.named(1, values, names)
}

// named skips the object at pos, of which all has to be in buf, and puts the JSON of the named
// members into values.
func (s *scanner) named(depth int, values [][]byte, names []string) error {
	var at [4]span
	err := s.members(depth, func(key []byte) int {
		for i, name := range names {
			if string(key) == name {
				return i
			}
		}
		return ignored
	}, at[:])
	for i := range names {
		if err == nil && at[i].end > 0 {
			values[i] = s.bytes(at[i])
		}
	}
	return err
}

// Items calls each with the JSON of every item of a list.
func Items(list []byte, each func(item []byte)) error {
	s := whole(list)
	return s.items(1, func(item span) { each(s.bytes(item)) })
}

// Check returns an error unless data is valid JSON: a [*SyntaxError], or if data ends too early,
// [io.ErrUnexpectedEOF].
func Check(data []byte) error {
	s := whole(data)
	if _, err := s.skip(1); err != nil {
		return err
	}
	return s.expectEnd()
}

// TypeName returns the name of the Go type that a value is decoded into.
func TypeName(raw []byte) string {
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

// integer returns a number, and reports whether it is decoded into an int64.
func integer(raw []byte) (int64, bool) {
	const longest = len("-9223372036854775808")
	if len(raw) > longest || bytes.ContainsAny(raw, ".eE") {
		return 0, false
	}
	value, err := strconv.ParseInt(string(raw), 10, 64)
	return value, err == nil
}
