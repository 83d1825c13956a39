package nodeselection

import (
	"errors"
	"slices"
	"unicode/utf8"
)

// pattern is a shell pattern. Only *, ?, [ and \ are special, so * also matches a slash: an item of
// a fan-out can be the URL of a bucket.
type pattern []patternPart

// patternPart matches one character that is in ranges, or with except one that is not. With run it
// matches any number of characters.
type patternPart struct {
	run    bool
	except bool
	ranges []runeRange
}

type runeRange struct{ first, last rune }

var (
	errOpenClass = errors.New("a [ is not closed; put a backslash before it to match it literally")
	errBadClass  = errors.New("the characters between [ and ] are not a list of characters and ranges such as a-z")
	errBackslash = errors.New("it ends in a backslash, which must be followed by the character that it quotes")
)

// parsePattern reads a pattern.
func parsePattern(text string) (pattern, error) {
	var p pattern
	for rest := []rune(text); len(rest) > 0; {
		switch rest[0] {
		case '*':
			p, rest = append(p, patternPart{run: true}), rest[1:]
		case '?':
			p, rest = append(p, patternPart{except: true}), rest[1:]
		case '[':
			class, behind, err := parseClass(rest[1:])
			if err != nil {
				return nil, err
			}
			p, rest = append(p, class), behind
		default:
			literal, behind, err := parseCharacter(rest)
			if err != nil {
				return nil, err
			}
			p, rest = append(p, patternPart{ranges: []runeRange{{literal, literal}}}), behind
		}
	}
	return p, nil
}

// parseCharacter reads an ordinary character, or one that a backslash quotes.
func parseCharacter(text []rune) (character rune, behind []rune, err error) {
	if text[0] != '\\' {
		return text[0], text[1:], nil
	}
	if len(text) == 1 {
		return 0, nil, errBackslash
	}
	return text[1], text[2:], nil
}

// parseClass reads a class after its [.
func parseClass(text []rune) (class patternPart, behind []rune, err error) {
	if len(text) > 0 && (text[0] == '^' || text[0] == '!') {
		class.except, text = true, text[1:]
	}
	for len(text) > 0 && (text[0] != ']' || len(class.ranges) == 0) {
		if text[0] == '-' || text[0] == ']' { // as a member of the class it has to be quoted
			return class, nil, errBadClass
		}
		var r runeRange
		if r.first, text, err = parseCharacter(text); err != nil {
			return class, nil, err
		}
		r.last = r.first
		if len(text) > 0 && text[0] == '-' {
			if len(text) < 2 || text[1] == ']' {
				return class, nil, errBadClass
			}
			if r.last, text, err = parseCharacter(text[1:]); err != nil {
				return class, nil, err
			}
		}
		if r.last < r.first {
			return class, nil, errBadClass
		}
		class.ranges = append(class.ranges, r)
	}
	if len(text) == 0 {
		return class, nil, errOpenClass
	}
	return class, text[1:], nil
}

func (part patternPart) matches(c rune) bool {
	in := slices.ContainsFunc(part.ranges, func(r runeRange) bool { return r.first <= c && c <= r.last })
	return in != part.except
}

// matches reports whether the pattern matches the whole name. After a mismatch only the last *
// matches one character more, so the time is at most that of comparing each part with each
// character.
func (p pattern) matches(name string) bool {
	part, run, resume := 0, -1, 0 // run is the last * so far, resume where the rest of the pattern begins to match
	for at := 0; at < len(name); {
		c, size := utf8.DecodeRuneInString(name[at:])
		switch {
		case part < len(p) && p[part].run:
			run, resume = part, at
			part++
		case part < len(p) && p[part].matches(c):
			part++
			at += size
		case run >= 0:
			_, size := utf8.DecodeRuneInString(name[resume:])
			resume += size
			part, at = run+1, resume
		default:
			return false
		}
	}
	for part < len(p) && p[part].run {
		part++
	}
	return part == len(p)
}
