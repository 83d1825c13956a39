package python

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// unescape resolves a literal's escapes. One that names a character by its name becomes a
// question mark: no command or module has such a character in its name.
func unescape(text string, raw, bytes bool) string {
	if strings.ContainsRune(text, '\r') { // line breaks in strings are line feeds, whatever the file has
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	if raw || !strings.ContainsRune(text, '\\') {
		return text
	}
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, `\`)
		out.WriteString(before)
		if !found {
			return out.String()
		}
		if after == "" {
			out.WriteByte('\\')
			return out.String()
		}
		text = escape(&out, after, bytes)
	}
}

// escape writes what the escape stands for that follows a backslash, and returns the rest.
func escape(out *strings.Builder, text string, bytes bool) (rest string) {
	switch c := text[0]; {
	case c == '\n':
		return text[1:]
	case strings.IndexByte(`abfnrtv`, c) >= 0:
		out.WriteByte("\a\b\f\n\r\t\v"[strings.IndexByte(`abfnrtv`, c)])
		return text[1:]
	case c == '\\' || c == '\'' || c == '"':
		out.WriteByte(c)
		return text[1:]
	case '0' <= c && c <= '7':
		size := 1
		for size < 3 && size < len(text) && '0' <= text[size] && text[size] <= '7' {
			size++
		}
		return number(out, text, 0, size, 8)
	case c == 'x':
		return number(out, text, 1, 3, 16)
	case c == 'u' && !bytes:
		return number(out, text, 1, 5, 16)
	case c == 'U' && !bytes:
		return number(out, text, 1, 9, 16)
	case c == 'N' && !bytes && strings.HasPrefix(text, "N{"):
		if _, after, found := strings.Cut(text, "}"); found {
			out.WriteByte('?')
			return after
		}
	}
	out.WriteByte('\\')
	return text
}

// number writes the character of a code in digits, or leaves the escape as it is.
func number(out *strings.Builder, text string, from, to, base int) (rest string) {
	if to <= len(text) {
		if code, err := strconv.ParseUint(text[from:to], base, 32); err == nil && code <= utf8.MaxRune {
			out.WriteRune(rune(code))
			return text[to:]
		}
	}
	out.WriteByte('\\')
	return text
}
