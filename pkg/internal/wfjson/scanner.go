package wfjson

import (
	"errors"
	"fmt"
	"io"
)

// scanner reads JSON and keeps only a window of it in memory. It skips values, and records the
// positions of those that are wanted.
type scanner struct {
	src io.Reader // nil if buf holds the whole input
	buf []byte
	// pos is the position of the next byte. If hold is set, buf is needed from keep on, else from
	// pos on.
	keep, pos int
	hold      bool
	base      int // the number of bytes that have left buf
	err       error

	// beforeDiscard, if not nil, is called before buf[:end] leaves buf.
	beforeDiscard func(end int)

	// disposable is where the current value begins, relative to keep, if only its presence
	// matters; 0 if its bytes are needed. In buf, a long one is replaced by 0.
	disposable  int
	replaced    bool // the current value was replaced
	lateMissing bool // a value that is read late was replaced; the caller resets it
}

// maxWindow is how much of a stream is kept in memory at a time: the fields of one node.
const maxWindow = 16 << 20

// whole returns a scanner of data.
func whole(data []byte) scanner { return scanner{buf: data, hold: true} }

// span is the position of a value: buf[keep+start : keep+end]. The zero span is no value.
type span struct{ start, end int }

func (s *scanner) bytes(at span) []byte { return s.buf[s.keep+at.start : s.keep+at.end] }

// offset is the position of the next byte in the whole input.
func (s *scanner) offset() int { return s.base + s.pos }

// fill reads more of the stream into buf. It returns false at the end of the stream.
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
		s.discard()
	}
	if s.disposable > 0 && s.pos-s.keep-s.disposable > MaxString {
		s.replaceDisposable()
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

// discard removes the bytes before keep from buf.
func (s *scanner) discard() {
	if s.beforeDiscard != nil {
		s.beforeDiscard(s.keep)
	}
	s.base += s.keep
	s.buf = s.buf[:copy(s.buf, s.buf[s.keep:])]
	s.pos -= s.keep
	s.keep = 0
}

// replaceDisposable replaces what was read of the disposable value by 0.
func (s *scanner) replaceDisposable() {
	s.replaced = true
	rest := s.keep + s.disposable + 1
	s.buf[rest-1] = '0'
	s.base += s.pos - rest
	s.buf = s.buf[:rest+copy(s.buf[rest:], s.buf[s.pos:])]
	s.pos = rest
}

// next skips whitespace and returns the byte behind it, without consuming that.
func (s *scanner) next() (byte, error) {
	if s.peek() > ' ' {
		return s.buf[s.pos], nil
	}
	return s.afterSpace()
}

// peek returns the next byte if it is in buf, else 0.
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

// current returns the next byte, which may be whitespace, without consuming it.
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
	return &SyntaxError{Offset: s.offset(), Reason: "want " + want}
}

// expectEnd checks that only whitespace follows. It reads a stream to its end, and so its checksum.
func (s *scanner) expectEnd() error {
	_, err := s.next()
	switch {
	case err == nil:
		return s.unexpected("the end")
	case errors.Is(s.err, io.EOF):
		return nil
	}
	return err
}
