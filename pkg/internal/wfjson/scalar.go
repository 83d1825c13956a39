package wfjson

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// skipString skips the string at pos and reports whether it has escapes.
func (s *scanner) skipString() (escaped bool, err error) {
	s.pos++
	if end := s.pos + plainLength(s.buf[s.pos:]); end < len(s.buf) && s.buf[end] == '"' {
		s.pos = end + 1 // as nearly all
		return false, nil
	}
	for {
		s.pos += plainLength(s.buf[s.pos:])
		c, err := s.current()
		switch {
		case err != nil:
			return escaped, err
		case c == '"':
			s.pos++
			return escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return escaped, err
			}
		case c < ' ':
			return escaped, s.unexpected("no control character in a string")
		}
	}
}

// plainLength returns how many bytes at the beginning of text stand for themselves in a JSON
// string. It looks at eight bytes at a time, since strings are most of what is skipped.
func plainLength(text []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; len(text)-n >= 8; n += 8 {
		word := binary.LittleEndian.Uint64(text[n:])
		quotes, slashes := word^(ones*'"'), word^(ones*'\\')
		// Subtraction sets a byte's high bit if the byte is less than what is subtracted. A borrow
		// can set further bits only behind the first byte for which that is so.
		special := ((quotes - ones) &^ quotes) | ((slashes - ones) &^ slashes) | ((word - ones*' ') &^ word)
		if special &= highs; special != 0 {
			return n + bits.TrailingZeros64(special)/8
		}
	}
	for ; n < len(text); n++ {
		if c := text[n]; c == '"' || c == '\\' || c < ' ' {
			break
		}
	}
	return n
}

// escape skips the escape sequence at pos.
func (s *scanner) escape() error {
	s.pos++
	c, err := s.current()
	if err != nil {
		return err
	}
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return nil
	case 'u':
	default:
		return s.unexpected("an escape")
	}
	for range 4 {
		s.pos++
		if c, err = s.current(); err != nil {
			return err
		}
		if _, ok := hexDigit(c); !ok {
			return s.unexpected("a hexadecimal digit")
		}
	}
	s.pos++
	return nil
}

func (s *scanner) literal(text string) error {
	for i := range len(text) {
		c, err := s.current()
		if err != nil {
			return err
		}
		if c != text[i] {
			return s.unexpected(text)
		}
		s.pos++
	}
	return nil
}

// number skips the number at pos. Like encoding/json it refuses a number that is out of the range
// of a float64. It also refuses one of more than MaxString bytes.
func (s *scanner) number() error {
	hold, disposable := s.hold, s.disposable
	if !hold {
		s.keep = s.pos
	}
	s.hold, s.disposable = true, 0 // to check its range, all of it has to be in buf
	err := s.heldNumber()
	s.hold, s.disposable = hold, disposable
	return err
}

func (s *scanner) heldNumber() error {
	start := s.pos - s.keep
	if s.accept('-', '-') {
		if c, err := s.current(); err != nil || c < '0' || c > '9' {
			return s.wantDigit()
		}
	}
	if !s.accept('0', '0') {
		s.digits()
	}
	if s.accept('.', '.') && !s.digits() {
		return s.wantDigit()
	}
	exponent := s.accept('e', 'e') || s.accept('E', 'E')
	if exponent {
		_ = s.accept('+', '+') || s.accept('-', '-')
		if !s.digits() {
			return s.wantDigit()
		}
	}
	const surelyInRange = 300 // bytes
	if length := s.pos - s.keep - start; exponent || length > surelyInRange {
		ok := length <= MaxString
		if ok {
			_, err := strconv.ParseFloat(string(s.bytes(span{start, s.pos - s.keep})), 64)
			ok = err == nil
		}
		if !ok {
			return &SyntaxError{Offset: s.base + s.keep + start, Reason: "the number is out of range"}
		}
	}
	return nil
}

func (s *scanner) wantDigit() error {
	if _, err := s.current(); err != nil {
		return err
	}
	return s.unexpected("a digit")
}

// accept skips the next byte if it is within the range.
func (s *scanner) accept(from, to byte) bool {
	if c, err := s.current(); err != nil || c < from || c > to {
		return false
	}
	s.pos++
	return true
}

// digits skips digits, up to one more than a number may have.
func (s *scanner) digits() (some bool) {
	for range MaxString + 1 {
		if !s.accept('0', '9') {
			return some
		}
		some = true
	}
	return some
}
