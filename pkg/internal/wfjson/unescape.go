package wfjson

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Unquote returns the string that a JSON string stands for.
func Unquote(raw []byte) string {
	inside := raw[1 : len(raw)-1]
	if plain(inside) {
		return string(inside)
	}
	return string(unescape(make([]byte, 0, len(inside)), inside))
}

// UnquoteBytes returns the string that a JSON string stands for: a part of raw, or if it has
// escapes or invalid UTF-8, the contents of scratch, which it replaces.
func UnquoteBytes(raw []byte, scratch *[]byte) []byte {
	inside := raw[1 : len(raw)-1]
	if plain(inside) {
		return inside
	}
	*scratch = unescape((*scratch)[:0], inside)
	return *scratch
}

// unescape appends to dst the string that the inside of a valid JSON string stands for. Like
// encoding/json it writes U+FFFD for half a surrogate pair and for bytes that are not UTF-8.
func unescape(dst, text []byte) []byte {
	for len(text) > 0 {
		switch c := text[0]; {
		case c == '\\' && text[1] == 'u':
			var r rune
			r, text = unescapeRune(text)
			dst = utf8.AppendRune(dst, r)
		case c == '\\':
			dst = append(dst, unescapeByte(text[1]))
			text = text[2:]
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			text = text[1:]
		default:
			r, size := utf8.DecodeRune(text)
			dst = utf8.AppendRune(dst, r)
			text = text[size:]
		}
	}
	return dst
}

// unescapeRune reads \uXXXX, or two of them that form a surrogate pair.
func unescapeRune(text []byte) (r rune, rest []byte) {
	const high, low, end = 0xD800, 0xDC00, 0xE000
	r, rest = hexRune(text[2:6]), text[6:]
	if r < high || r >= end {
		return r, rest
	}
	if r < low && len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
		if second := hexRune(rest[2:6]); low <= second && second < end {
			return (r-high)<<10 + (second - low) + 0x10000, rest[6:]
		}
	}
	return utf8.RuneError, rest
}

func unescapeByte(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

func hexRune(digits []byte) (r rune) {
	for _, c := range digits {
		digit, _ := hexDigit(c)
		r = r<<4 | rune(digit)
	}
	return r
}

func hexDigit(c byte) (digit byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// plain reports whether the inside of a JSON string is the string itself.
func plain(inside []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	text := inside
	for ; len(text) >= 8; text = text[8:] {
		word := binary.LittleEndian.Uint64(text)
		slashes := word ^ (ones * '\\')
		if (word|(slashes-ones)&^slashes)&highs != 0 { // see plainLength
			return utf8.Valid(inside) && bytes.IndexByte(inside, '\\') < 0
		}
	}
	for _, c := range text {
		if c == '\\' || c >= utf8.RuneSelf {
			return utf8.Valid(inside) && bytes.IndexByte(inside, '\\') < 0
		}
	}
	return true
}
