package status

import (
	"strings"
	"unicode"
)

// The lengths in bytes to which this package cuts names and messages in what it shows.
const (
	maxShownName    = 200
	maxShownMessage = 1000
)

// Describe names a node for a person: by its display name, and if it is part of an item of a loop,
// by the item, e.g. "load(1) of shard(3:logs-2024)". Names are made [Printable] and cut to 200
// bytes, and a run of spaces becomes one, since names contain what authors and items of loops
// provide.
func (s *WorkflowStatus) Describe(n *Node) string {
	text := brief(n.DisplayName, maxShownName)
	around := s.Node(n.BoundaryID)
	if around != nil && !isItem(n.DisplayName) { // a template can set its own display name
		if own, ok := strings.CutPrefix(n.Name, around.Name); ok && isItem(own) {
			text += brief(own[strings.IndexByte(own, '('):], maxShownName)
		}
	}
	const most = 16 // levels
	for i := 0; i < most && around != nil; i++ {
		if isItem(around.DisplayName) {
			return text + " of " + brief(around.DisplayName, maxShownName)
		}
		around = s.Node(around.BoundaryID)
	}
	return text
}

// isItem reports whether name is that of an item of a loop, "step(0:value)", or of an attempt at
// one.
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

// brief returns text in printable form on one line, cut to most bytes, without the line feeds that a
// container's termination message often ends with. A run of spaces becomes one space: a terminal wraps
// long lines, so text behind many spaces would look like a line of its own.
func brief(text string, most int) string {
	text, cut := strings.TrimRight(text, "\r\n"), ""
	if len(text) > most {
		text, cut = strings.ToValidUTF8(text[:most], ""), "…"
	}
	text = singleSpaced(Printable(text))
	if len(text) > most {
		text, cut = strings.ToValidUTF8(text[:most], ""), "…"
	}
	return text + cut
}

// singleSpaced returns text with only the first space of each run, whatever their widths.
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
