package main

import (
	"strconv"
	"strings"
	"unicode"
)

// slugger makes the anchors of a page's headings as GitHub does: by how often it has seen each.
type slugger map[string]int

func (s slugger) next(heading string) string {
	name := slug(heading)
	seen, taken := s[name]
	if !taken {
		s[name] = 0
		return name
	}
	for {
		seen++
		s[name] = seen
		numbered := name + "-" + strconv.Itoa(seen)
		if _, taken := s[numbered]; !taken {
			s[numbered] = 0
			return numbered
		}
	}
}

// slug is in lower case, has hyphens for spaces, and letters, digits, hyphens and underscores only.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r):
			return r
		default:
			return -1
		}
	}, strings.ToLower(strings.TrimSpace(heading)))
}
