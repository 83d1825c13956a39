package status

import (
	"errors"
	"fmt"
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

	// leaving, if given, gets to know before the bytes of buf up to there leave it.
	leaving func(end int)

	// bulk is where the value at hand begins, counted from keep, if no more is needed of it than
	// that it is there; 0: all is. Of a long one, what was read is cut out of buf, and 0 put there.
	bulk int
	cut  bool // that has happened to the value at hand
	lost bool // it has happened to one that is read late, since this was reset
}

// maxWindow is how much of a stream is kept in memory at once: the fields of one node.
const maxWindow = 16 << 20

// span is where a value stands: buf[keep+start : keep+end]. The zero span is no value.
type span struct{ start, end int }

func (s *scanner) bytes(at span) []byte { return s.buf[s.keep+at.start : s.keep+at.end] }

// offset is the place of the byte at hand in all of the JSON.
func (s *scanner) offset() int { return s.base + s.pos }

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
		s.leave()
	}
	if s.bulk > 0 && s.pos-s.keep-s.bulk > maxText {
		s.cutBulk()
	}
	if len(s.buf) == cap(s.buf) {
		if cap(s.buf) >= maxWindow {
			s.err = fmt.Errorf("the fields of a node take more than %d MiB", maxWindow>>20)
			return false
		}
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

// leave has the bytes before keep leave buf.
func (s *scanner) leave() {
	if s.leaving != nil {
		s.leaving(s.keep)
	}
	s.base += s.keep
	s.buf = s.buf[:copy(s.buf, s.buf[s.keep:])]
	s.pos -= s.keep
	s.keep = 0
}

// cutBulk cuts out of buf what has been read of the value that is not needed.
func (s *scanner) cutBulk() {
	s.cut = true
	rest := s.keep + s.bulk + 1
	s.buf[rest-1] = '0'
	s.base += s.pos - rest
	s.buf = s.buf[:rest+copy(s.buf[rest:], s.buf[s.pos:])]
	s.pos = rest
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
