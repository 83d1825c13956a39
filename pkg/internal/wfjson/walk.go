package wfjson

// These methods need the whole input in buf.

// eachMember reads the object at pos. It calls do with the JSON of each member's name; do reads the
// value.
func (s *scanner) eachMember(do func(name []byte) error) error {
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
		start := s.pos
		if _, err := s.skipString(); err != nil {
			return err
		}
		name := s.buf[start:s.pos]
		if err := s.colon(); err != nil {
			return err
		}
		if err := do(name); err != nil {
			return err
		}
		if more, err := s.comma('}'); !more {
			return err
		}
	}
}

// eachItem reads the list at pos. do reads one item.
func (s *scanner) eachItem(do func() error) error {
	s.pos++
	if c, err := s.next(); err != nil {
		return err
	} else if c == ']' {
		s.pos++
		return nil
	}
	for {
		if err := do(); err != nil {
			return err
		}
		if more, err := s.comma(']'); !more {
			return err
		}
	}
}

// skip skips the next value, which is nested depth deep, and returns its JSON.
func (s *scanner) skip(depth int) ([]byte, error) {
	c, err := s.next()
	if err != nil {
		return nil, err
	}
	start := s.pos
	err = s.value(c, depth)
	return s.buf[start:s.pos], err
}
