// Package expression finds what Argo would evaluate in a value that should arrive as it is. It
// guarantees that no text in which it finds nothing is evaluated where a template puts it in by
// itself; braces that a template joins from several values it can't know.
package expression

import "strings"

// In reports whether a text has the two braces that begin an expression of Argo's: as they stand, or
// once the text is read as JSON, as the items of a loop are.
func In(text string) bool {
	plain := strings.ReplaceAll(strings.ReplaceAll(text, `\u007b`, "{"), `\u007B`, "{")
	return strings.Contains(plain, "{{")
}
