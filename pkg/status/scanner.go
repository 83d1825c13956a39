package status

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxDepth is how deep values may be nested, as in encoding/json.
const maxDepth = 10_000

// scanner reads JSON of which it keeps only a window in memory. It accepts what
// encoding/json accepts and refuses the rest; it skips over values, and notes where those
// stand that somebody wants.
type scanner struct {
	src io.Reader // nil: all there is stands in buf
	buf []byte
	// pos is where to read on. From keep on, buf is still needed; it is only if hold is set.
	keep, pos int
	hold      bool
	base      int // what has left buf already, in bytes
	err       error
}

// span is where a value stands: buf[keep+start : keep+end]. The zero span is no value.
type span struct{ start, end int }

func (s *scanner) bytes(at span) []byte { return s.buf[s.keep+at.start : s.keep+at.end] }

// fill reads more of the stream behind what stands in buf; false at its end.
func (s *scanner) fill() bool {
	if s.err == nil && s.src == nil {
		s.err = io.EOF
	}
	if s.err != nil {
		return false
	}
	if !s.hold {
		s.keep = s.pos
	}
	if s.keep > 0 {
		s.base += s.keep
		s.buf = s.buf[:copy(s.buf, s.buf[s.keep:])]
		s.pos -= s.keep
		s.keep = 0
	}
	if len(s.buf) == cap(s.buf) {
		s.buf = append(make([]byte, 0, 2*cap(s.buf)), s.buf...)
	}
	for range 100 { // as many as bufio allows
		n, err := s.src.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf, s.err = s.buf[:len(s.buf)+n], err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// next moves to the next byte that is no space.
func (s *scanner) next() (byte, error) {
	if s.peek() > ' ' {
		return s.buf[s.pos], nil
	}
	return s.afterSpace()
}

// peek returns the byte at hand, or 0.
func (s *scanner) peek() byte {
	if s.pos < len(s.buf) {
		return s.buf[s.pos]
	}
	return 0
}

func (s *scanner) afterSpace() (byte, error) {
	for {
		for ; s.pos < len(s.buf); s.pos++ {
			switch c := s.buf[s.pos]; c {
			case ' ', '\n', '\t', '\r':
			default:
				return c, nil
			}
		}
		if !s.fill() {
			return 0, s.cutOff()
		}
	}
}

// current returns the byte at hand, spaces too.
func (s *scanner) current() (byte, error) {
	if s.pos == len(s.buf) && !s.fill() {
		return 0, s.cutOff()
	}
	return s.buf[s.pos], nil
}

func (s *scanner) cutOff() error {
	if errors.Is(s.err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return s.err
}

func (s *scanner) unexpected(c byte, want string) error {
	return fmt.Errorf("JSON at byte %d: want %s, have %q", s.base+s.pos, want, c)
}

// end checks that nothing follows, which also reads the stream up to its checksum.
func (s *scanner) end() error {
	c, err := s.next()
	switch {
	case err == nil:
		return s.unexpected(c, "the end")
	case errors.Is(s.err, io.EOF):
		return nil
	}
	return err
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
		err = s.unexpected(c, "a value")
	}
	return err
}

// members moves behind the object at hand. slot gives the index in at where the place of
// that member's value is put, or -1; of several members of one name the last counts.
func (s *scanner) members(depth int, slot func(key []byte) int, at []span) error {
	if depth > maxDepth {
		return fmt.Errorf("JSON at byte %d: nested deeper than %d", s.base+s.pos, maxDepth)
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
			return s.unexpected(c, "a member's name")
		}
		index, err := s.name(slot)
		if err != nil {
			return err
		}
		if c, err = s.next(); err != nil {
			return err
		}
		start := s.pos - s.keep
		if err := s.value(c, depth+1); err != nil {
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

// name moves behind the name at hand and its colon.
func (s *scanner) name(slot func(key []byte) int) (index int, err error) {
	start := s.pos - s.keep
	escaped, err := s.skipString()
	if err != nil {
		return -1, err
	}
	index = -1
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
		return s.unexpected(c, "a colon")
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
	return false, s.unexpected(c, "a comma or "+strconv.QuoteRune(rune(bracket)))
}

// items moves behind the list at hand; it tells each where an item stands.
func (s *scanner) items(depth int, each func(item span)) error {
	if depth > maxDepth {
		return fmt.Errorf("JSON at byte %d: nested deeper than %d", s.base+s.pos, maxDepth)
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
