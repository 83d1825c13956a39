package secret

import (
	"regexp"
	"strings"
)

// HasUserinfo reports whether an address contains a user or a password. The address may lack a
// scheme, as in host:9200, and need not be a valid URL.
func HasUserinfo(place string) bool {
	_, rest := withoutScheme(place)
	at := strings.Index(rest, "@")
	end := strings.IndexAny(rest, "/?#")
	return at >= 0 && (end < 0 || at < end || !isAddress(rest))
}

// ScrubPlace is [Scrub] for an address, which may lack a scheme.
func ScrubPlace(place string) string {
	if HasUserinfo(place) {
		scheme, rest := withoutScheme(place)
		place = scheme + Mark + rest[strings.LastIndex(rest, "@"):]
	}
	return Scrub(place)
}

func withoutScheme(place string) (scheme, rest string) {
	scheme = regexp.MustCompile(`^([^/?#]*:)?//`).FindString(place)
	return scheme, place[len(scheme):]
}

// isAddress reports whether text can begin with a host and a port, so that an @ behind them is part
// of a path or a query. If the port is not a number, it is a password with a character that should
// have been escaped.
func isAddress(text string) bool {
	if inside, after, isIPv6 := strings.Cut(text, "]"); isIPv6 && strings.HasPrefix(inside, "[") {
		text = after
	}
	authority, port, hasPort := strings.Cut(text, ":")
	if !hasPort || strings.ContainsAny(authority, "/?#") {
		return true
	}
	port = strings.TrimLeft(port, "0123456789")
	return port != "" && strings.ContainsRune("/?#,", rune(port[0])) // a comma separates hosts
}

// inURL and inBrokenURL match what may be a URL with userinfo: inURL up to the last @ before the
// path, as URLs are parsed, inBrokenURL with a password that contains a character that begins a
// path. An apostrophe may be part of the userinfo or end a quotation.
const (
	inURL       = `[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#\s"'<>]|'[\w%!$&*+=.~-])*@`
	inBrokenURL = `[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s"'<>@]*:[^\s"'<>]*@`
)

func withoutUserinfo(matched string) string {
	scheme, user, _ := strings.Cut(matched, "://")
	web := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https") // where a user alone can be a token
	if user == "@" || !web && !strings.Contains(user, ":") {
		return matched
	}
	return scheme + "://" + Mark + "@"
}

func withoutBrokenUserinfo(matched string) string {
	scheme, user, _ := strings.Cut(matched, "://")
	if isAddress(user) {
		return matched
	}
	return scheme + "://" + Mark + "@"
}
