package wfjson

import "strconv"

// maxDepth is how deep values may be nested, as in encoding/json.
const maxDepth = 10_000

func (s *scanner) tooDeep() error {
	return &SyntaxError{Offset: s.offset(), Reason: "nested deeper than " + strconv.Itoa(maxDepth)}
}

// value skips the value at pos, which begins with c and is nested depth deep.
func (s *scanner) value(c byte, depth int) (err error) {
	switch {
	case c == '"':
		_, err = s.skipString()
	case c == '{':
		err = s.members(depth, nil, nil)
	case c == '[':
		err = s.items(depth, nil)
	case c == 't':
		err = s.literal("true")
	case c == 'f':
		err = s.literal("false")
	case c == 'n':
		err = s.literal("null")
	case c == '-' || '0' <= c && c <= '9':
		err = s.number()
	default:
		err = s.unexpected("a value")
	}
	return err
}

// What the slot function of [scanner.members] returns for a member without an index.
const (
	ignored  = -1 // the member is not read
	readLate = -2 // the member is read on demand
)

// members skips the object at pos. slot returns the index in at where the position of a member's
// value goes, or ignored or readLate; long values of those two are not kept in buf. Of several
// members with one name the last counts.
func (s *scanner) members(depth int, slot func(key []byte) int, at []span) error {
	if depth > maxDepth {
		return s.tooDeep()
	}
	s.pos++
	for first := true; ; first = false {
		c, err := s.next()
		switch {
		case err != nil:
			return err
		case c == '}' && first:
			s.pos++
			return nil
		case c != '"':
			return s.unexpected("a member's name")
		}
		index, err := s.name(slot)
		if err != nil {
			return err
		}
		if c, err = s.next(); err != nil {
			return err
		}
		start := s.pos - s.keep
		if slot != nil && index < 0 {
			err = s.disposableValue(c, depth+1, index)
		} else {
			err = s.value(c, depth+1)
		}
		if err != nil {
			return err
		}
		if index >= 0 {
			at[index] = span{start: start, end: s.pos - s.keep}
		}
		if more, err := s.comma('}'); !more {
			return err
		}
	}
}

// disposableValue skips a value whose bytes need not stay in buf.
func (s *scanner) disposableValue(c byte, depth, index int) error {
	s.disposable, s.replaced = s.pos-s.keep, false
	err := s.value(c, depth)
	if s.replaced {
		s.replaceDisposable()
		s.lateMissing = s.lateMissing || index == readLate
	}
	s.disposable = 0
	return err
}

// name skips a member's name and its colon, and returns its index.
func (s *scanner) name(slot func(key []byte) int) (index int, err error) {
	start := s.pos - s.keep
	escaped, err := s.skipString()
	if err != nil {
		return ignored, err
	}
	index = ignored
	if slot != nil {
		name := s.buf[s.keep+start+1 : s.pos-1]
		if escaped {
			name = unescape(nil, name)
		}
		index = slot(name)
	}
	return index, s.colon()
}

func (s *scanner) colon() error {
	if s.peek() == ':' { // as Argo writes it
		s.pos++
		return nil
	}
	c, err := s.next()
	if err != nil {
		return err
	}
	if c != ':' {
		return s.unexpected("a colon")
	}
	s.pos++
	return nil
}

// comma skips the comma or the closing bracket behind a member or an item.
func (s *scanner) comma(bracket byte) (more bool, err error) {
	if s.peek() == ',' { // as Argo writes it
		s.pos++
		return true, nil
	}
	c, err := s.next()
	switch {
	case err != nil:
		return false, err
	case c == ',':
		s.pos++
		return true, nil
	case c == bracket:
		s.pos++
		return false, nil
	}
	return false, s.unexpected("a comma or " + strconv.QuoteRune(rune(bracket)))
}

// items skips the list at pos and calls each, if it is not nil, with the position of every item.
func (s *scanner) items(depth int, each func(item span)) error {
	if depth > maxDepth {
		return s.tooDeep()
	}
	s.pos++
	if c, err := s.next(); err != nil {
		return err
	} else if c == ']' {
		s.pos++
		return nil
	}
	for {
		c, err := s.next()
		if err != nil {
			return err
		}
		start := s.pos - s.keep
		if err := s.value(c, depth+1); err != nil {
			return err
		}
		if each != nil {
			each(span{start: start, end: s.pos - s.keep})
		}
		if more, err := s.comma(']'); !more {
			return err
		}
	}
}
