// Package expression finds what Argo would evaluate in a value that should arrive as it is. It
// guarantees that no text in which it finds nothing is evaluated where a template puts it in by
// itself; braces that a template joins from several values it can't know.
package expression

import (
	"bytes"
	"strconv"
	"strings"
)

// In reports whether a text has the two braces that begin an expression of Argo's: as they are, or
// once the text is read as JSON, as the items of a loop are. A loop within a loop reads them again.
func In(text string) bool { return strings.Contains(unescaped(text), "{{") }

// unescaped is a text without JSON's escapes of ASCII characters, and without those that appear once
// others are undone, such as \u005cu007b.
func unescaped(text string) string {
	const length = len(`\u007b`)
	if !strings.Contains(text, `\u`) {
		return text
	}
	plain := make([]byte, 0, len(text))
	for i := range len(text) {
		plain = append(plain, text[i])
		for len(plain) >= length {
			begin := len(plain) - length
			if plain[begin] != '\\' || plain[begin+1] != 'u' {
				break
			}
			code, err := strconv.ParseUint(string(plain[begin+2:]), 16, 7)
			if err != nil { // or of no ASCII character
				break
			}
			// Further backslashes before it are gone once it is read so often that it counts.
			plain = append(bytes.TrimRight(plain[:begin], `\`), byte(code))
		}
	}
	return string(plain)
}
