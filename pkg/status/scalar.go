package status

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// skipString moves behind the string at hand, and reports whether it has escapes.
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

// plainLength is how many bytes of text stand for themselves in a JSON string. It looks
// at eight at a time: most of what is skipped is text.
func plainLength(text []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; len(text)-n >= 8; n += 8 {
		word := binary.LittleEndian.Uint64(text[n:])
		quotes, slashes := word^(ones*'"'), word^(ones*'\\')
		// A byte's high bit is set where it is below the number subtracted and its own high
		// bit is not set. A borrow can set bits behind a true one only, never before it.
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

// escape moves behind the escape at hand.
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

// number moves behind the number at hand. One that no float64 can hold is refused, as by
// encoding/json, and so is one of more than maxText digits.
func (s *scanner) number() error {
	hold, bulk := s.hold, s.bulk
	if !hold {
		s.keep = s.pos
	}
	s.hold, s.bulk = true, 0 // all of it is looked at
	err := s.heldNumber()
	s.hold, s.bulk = hold, bulk
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
	const surelyInRange = 300 // digits
	if length := s.pos - s.keep - start; exponent || length > surelyInRange {
		ok := length <= maxText
		if ok {
			_, err := strconv.ParseFloat(string(s.bytes(span{start, s.pos - s.keep})), 64)
			ok = err == nil
		}
		if !ok {
			return &JSONError{Offset: s.base + s.keep + start, Reason: "the number is out of range"}
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

// accept moves behind the byte at hand if it is within that range.
func (s *scanner) accept(from, to byte) bool {
	if c, err := s.current(); err != nil || c < from || c > to {
		return false
	}
	s.pos++
	return true
}

// digits moves behind those at hand, or behind more than a number may have.
func (s *scanner) digits() (some bool) {
	for range maxText + 1 {
		if !s.accept('0', '9') {
			return some
		}
		some = true
	}
	return some
}
