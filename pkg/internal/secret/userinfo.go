package secret

import (
	"regexp"
	"strings"
)

// HasUserinfo reports whether a place has a user or password in it. It may lack a scheme, as in
// host:9200, and need not be a valid URL.
func HasUserinfo(place string) bool {
	_, rest := withoutScheme(place)
	at := strings.Index(rest, "@")
	end := strings.IndexAny(rest, "/?#")
	return at >= 0 && (end < 0 || at < end || !isAddress(rest))
}

// ScrubPlace is Scrub for a place, which may lack a scheme.
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

// isAddress reports whether what is in front of an @ can be a host with a port, behind which the @ is
// part of a path or a query. It is no such thing if the port is no number: then it is a password with
// a character that should have been escaped.
func isAddress(text string) bool {
	if inside, after, isIPv6 := strings.Cut(text, "]"); isIPv6 && strings.HasPrefix(inside, "[") {
		text = after
	}
	authority, port, hasPort := strings.Cut(text, ":")
	if !hasPort || strings.ContainsAny(authority, "/?#") {
		return true
	}
	port = strings.TrimLeft(port, "0123456789")
	return port != "" && strings.ContainsRune("/?#,", rune(port[0])) // a comma is before another host
}

// inURL and inBrokenURL find what may be a URL with userinfo in a text: up to the last @ before the
// path, as it is where URLs are read, and one in which the password has a character that begins a
// path. An apostrophe may be part of it, or be the end of a quotation.
const (
	inURL       = `[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#\s"'<>]|'[\w%!$&*+=.~-])*@`
	inBrokenURL = `[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s"'<>@]*:[^\s"'<>]*@`
)

func withoutUserinfo(matched string) string {
	scheme, user, _ := strings.Cut(matched, "://")
	web := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https") // where a name alone can be a token
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
