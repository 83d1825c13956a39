package status

import "strconv"

// maxDepth is how deep values may be nested, as in encoding/json.
const maxDepth = 10_000

func (s *scanner) tooDeep() error {
	return &JSONError{Offset: s.base + s.pos, Reason: "nested deeper than " + strconv.Itoa(maxDepth)}
}

// value moves behind the value at hand, which begins with c and stands that deep.
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

// What a member is that has no index.
const (
	notRead  = -1 // nothing reads it
	readLate = -2 // it is read when somebody asks for it
)

// members moves behind the object at hand. slot gives the index in at where the place of
// that member's value is put, or notRead or readLate, of which a long one is not kept in buf; of
// several members of one name the last counts.
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
			err = s.bulkValue(c, depth+1, index)
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

// bulkValue moves behind the value at hand, of which no more than that it is there has to be in
// buf afterwards.
func (s *scanner) bulkValue(c byte, depth, index int) error {
	s.bulk, s.cut = s.pos-s.keep, false
	err := s.value(c, depth)
	if s.cut {
		s.cutBulk()
		s.lost = s.lost || index == readLate
	}
	s.bulk = 0
	return err
}

// name moves behind the name at hand and its colon.
func (s *scanner) name(slot func(key []byte) int) (index int, err error) {
	start := s.pos - s.keep
	escaped, err := s.skipString()
	if err != nil {
		return -1, err
	}
	index = notRead
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

// comma moves behind the comma or the bracket that follows a member or item.
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

// items moves behind the list at hand; it tells each where an item stands.
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
