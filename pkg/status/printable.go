package status

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Printable returns text as it can be shown on a terminal: in one line, with nothing that a terminal
// takes for a command and nothing that a reader doesn't see. Names, messages, outputs and log lines
// come from whoever writes workflows and from their pods, and could otherwise change what is read
// above and below them.
//
// Control characters (ESC, line breaks and tabs among them), characters that change the direction of
// writing or have no width, line separators, private characters and bytes that are not UTF-8 become
// escapes such as \u001b, \n or \xff; all other text stays as it is. The length is not limited: cut or
// wrap what may be long, since a terminal wraps it, and what comes behind many spaces then looks like a
// line of its own. The result is for readers: a backslash in text stays one, so text cannot be restored
// from it.
//
// In the output of [encoding/json.Marshal], these are the escapes of JSON: it stays the same JSON.
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

// unprintable reports whether a character has no picture of its own. Some that count as letters and
// marks, such as Hangul fillers and selectors of variations, are shown as nothing, too.
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
