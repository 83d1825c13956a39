package python

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Decode returns a file's text, by its byte order mark or the coding cookie in its first two
// lines, else as UTF-8. It knows UTF-8, Latin-1, Windows-1252 and ASCII; any other encoding,
// and bytes that the encoding doesn't have, are an error that names them.
func Decode(data []byte) (string, error) {
	if bytes.IndexByte(data, 0) >= 0 {
		return "", errors.New("has NUL bytes, so it is no Python source")
	}
	rest, marked := bytes.CutPrefix(data, []byte("\xef\xbb\xbf"))
	name := cookie(rest)
	encoding := canonical(name)
	if marked && name != "" && encoding != "utf-8" {
		return "", fmt.Errorf("says that it is encoded as %q, but begins with the mark of UTF-8", name)
	}
	switch encoding {
	case "utf-8":
		if at := firstInvalid(rest); at >= 0 {
			return "", fmt.Errorf("is not UTF-8: byte %#x in line %d", rest[at], lineOf(rest, at))
		}
		return string(rest), nil
	case "ascii":
		for i, b := range rest {
			if b >= utf8.RuneSelf {
				return "", fmt.Errorf("is not ASCII: byte %#x in line %d", b, lineOf(rest, i))
			}
		}
		return string(rest), nil
	case "latin-1":
		return widen(rest, func(b byte) rune { return rune(b) })
	case "cp1252":
		return widen(rest, windows1252)
	}
	return "", fmt.Errorf("is encoded as %q, which is not read: UTF-8, Latin-1, Windows-1252 and ASCII are", name)
}

// cookie is the encoding that a comment in the first two lines names; "": none does. The
// second line counts only if the first has no code.
func cookie(data []byte) string {
	comment := regexp.MustCompile(`^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)`)
	for range 2 {
		end := bytes.IndexAny(data, "\r\n")
		line := data
		if end >= 0 {
			line = data[:end]
		}
		if found := comment.FindSubmatch(line); found != nil {
			return string(found[1])
		}
		if text := bytes.Trim(line, " \t\f"); end < 0 || len(text) > 0 && text[0] != '#' {
			return ""
		}
		if data[end] == '\r' && end+1 < len(data) && data[end+1] == '\n' {
			end++
		}
		data = data[end+1:]
	}
	return ""
}

// canonical is the name used here for an encoding; "" where there is no decoder for it.
func canonical(name string) string {
	switch lower := strings.ReplaceAll(strings.ToLower(name), "_", "-"); {
	case lower == "", lower == "utf8", lower == "u8", lower == "utf-8", strings.HasPrefix(lower, "utf-8-"):
		return "utf-8"
	case lower == "ascii", lower == "us-ascii", lower == "646":
		return "ascii"
	case lower == "latin-1", lower == "latin1", lower == "l1", lower == "iso-8859-1", lower == "iso8859-1", lower == "8859",
		strings.HasPrefix(lower, "latin-1-"), strings.HasPrefix(lower, "iso-8859-1-"):
		return "latin-1"
	case lower == "cp1252", lower == "windows-1252", lower == "1252":
		return "cp1252"
	}
	return ""
}

func widen(data []byte, of func(byte) rune) (string, error) {
	var text strings.Builder
	text.Grow(len(data))
	for i, b := range data {
		r := of(b)
		if r < 0 {
			return "", fmt.Errorf("is not Windows-1252: byte %#x in line %d", b, lineOf(data, i))
		}
		text.WriteRune(r)
	}
	return text.String(), nil
}

// windows1252 is the character of a byte; -1: it has none.
func windows1252(b byte) rune {
	// The row from 0x80 on is all in which it differs from Latin-1.
	const row = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"
	if b < 0x80 || b > 0x9f {
		return rune(b)
	}
	n := byte(0x80)
	for _, r := range row {
		if n == b {
			if r == utf8.RuneError {
				return -1
			}
			return r
		}
		n++
	}
	return -1
}

func firstInvalid(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func lineOf(data []byte, at int) int {
	lines := NewLines(string(data[:at]))
	line, _ := lines.Position(at)
	return line
}
