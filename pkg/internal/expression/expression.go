package expression

import (
	"bytes"
	"strconv"
	"strings"
)

// In reports whether text contains the two braces that begin an Argo expression, either as they are
// or after decoding it as JSON any number of times. Argo decodes the items of a loop, and those of
// nested loops repeatedly.
func In(text string) bool { return strings.Contains(unescaped(text), "{{") }

// unescaped returns text with the JSON escapes of ASCII characters replaced, including those that
// only appear when others are replaced, such as \u005cu007b.
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
			if err != nil { // not an ASCII character
				break
			}
			// Each decoding halves the backslashes before it.
			plain = append(bytes.TrimRight(plain[:begin], `\`), byte(code))
		}
	}
	return string(plain)
}
