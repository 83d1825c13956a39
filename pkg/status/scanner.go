package status

import (
	"errors"
	"io"
)

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
		room := 2 * cap(s.buf)
		if all := MaxNodesSize + 1; cap(s.buf) < all { // all there is, and its end
			room = min(room, all)
		}
		s.buf = append(make([]byte, 0, room), s.buf...)
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

func (s *scanner) unexpected(want string) error {
	return &JSONError{Offset: s.base + s.pos, Reason: "want " + want}
}

// end checks that nothing follows, which also reads the stream up to its checksum.
func (s *scanner) end() error {
	_, err := s.next()
	switch {
	case err == nil:
		return s.unexpected("the end")
	case errors.Is(s.err, io.EOF):
		return nil
	}
	return err
}
