package status

import (
	"strings"
	"unicode"
)

// How long texts that others have written may be in those that this package makes, in bytes.
const (
	maxShownName    = 200
	maxShownMessage = 1000
)

// Describe names a node for a person: by its display name, and where it is part of an item of a
// loop, by that too, e.g. "load(1) of shard(3:logs-2024)". Names, which the workflow's author and
// the values of its items make, are cut to 200 bytes and made [Printable], and of spaces in a row one is
// left.
func (s *WorkflowStatus) Describe(n *Node) string {
	text := brief(n.DisplayName, maxShownName)
	around := s.Node(n.BoundaryID)
	if around != nil && !isItem(n.DisplayName) { // the template may have set another display name
		if own, ok := strings.CutPrefix(n.Name, around.Name); ok && isItem(own) {
			text += brief(own[strings.IndexByte(own, '('):], maxShownName)
		}
	}
	const most = 16 // of a node in many templates, the outer ones are left out
	for i := 0; i < most && around != nil; i++ {
		if isItem(around.DisplayName) {
			return text + " of " + brief(around.DisplayName, maxShownName)
		}
		around = s.Node(around.BoundaryID)
	}
	return text
}

// isItem reports whether it is the name of an item of a loop, "step(0:value)", or an attempt at it.
func isItem(name string) bool {
	for {
		_, inside, found := strings.Cut(name, "(")
		if !found {
			return false
		}
		if digits := leadingDigits(inside); digits > 0 && digits < len(inside) && inside[digits] == ':' {
			return true
		}
		name = inside
	}
}

// brief is text made printable, which can make it longer, and then cut off behind that many bytes.
// Spaces in a row become one: a terminal wraps long lines, and what is behind many spaces would look
// like a line of its own.
func brief(text string, most int) string {
	cut := ""
	if len(text) > most {
		text, cut = strings.ToValidUTF8(text[:most], ""), "…"
	}
	text = singleSpaced(Printable(text))
	if len(text) > most {
		text, cut = strings.ToValidUTF8(text[:most], ""), "…"
	}
	return text + cut
}

// singleSpaced is text with only the first of the spaces in a row, of whichever width they are.
func singleSpaced(text string) string {
	var before rune
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) && unicode.Is(unicode.Zs, before) {
			return -1
		}
		before = r
		return r
	}, text)
}
