package status

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Printable returns text in a form that is safe to show on a terminal: in one line, without control
// sequences and invisible characters. Names, messages, outputs and log lines come from authors of
// workflows and from pods, and could otherwise change what appears above and below them.
//
// Control characters (including ESC, line breaks and tabs), characters that change the writing
// direction or have no width, line separators, private-use characters and bytes that are not UTF-8
// become escapes such as \u001b, \n or \xff. Everything else stays as it is. The length is not
// limited: cut or wrap long text, since a terminal wraps it, and text behind many spaces then looks
// like a line of its own. The original cannot be restored from the result, since a backslash in
// text is not escaped.
//
// In the output of [encoding/json.Marshal] the escapes are those of JSON, so it stays the same
// JSON.
func Printable(text string) string {
	if strings.IndexFunc(text, unprintable) < 0 && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for at, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[at:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, text[at])
		case unprintable(r):
			b.WriteString(escape(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unprintable reports whether a character is not visible. This includes some letters and marks,
// such as Hangul fillers and variation selectors.
func unprintable(r rune) bool {
	return !unicode.IsGraphic(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func escape(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	if r > 0xFFFF {
		high, low := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
