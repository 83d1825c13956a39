package secret

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// rules recognize secrets by their form. Compiling them takes longer than using them.
type rules struct {
	privateKey, webToken, inURL, inBrokenURL, authorization, anchor *regexp.Regexp
	quotedField, lineField, assigned, value, dashed                 *regexp.Regexp
}

func newRules() *rules {
	return &rules{
		privateKey:    regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|$)`),
		webToken:      regexp.MustCompile(`\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`),
		inURL:         regexp.MustCompile(inURL),
		inBrokenURL:   regexp.MustCompile(inBrokenURL),
		authorization: regexp.MustCompile(`(?i)\b(basic|bearer|apikey|negotiate)(\s+)([\w.~+/-]{8,}=*)`),
		anchor:        regexp.MustCompile(`unknown anchor '[^']*'`),
		quotedField:   regexp.MustCompile(`(["']([A-Za-z][\w.-]*)["']\s*:\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"'{}\[\],]+)`),
		lineField:     regexp.MustCompile(`(?m)^([ \t]*(?:- )?([A-Za-z][\w.-]*)[ \t]*:[ \t]+)([^\s{\[|>&*#!].*)`),
		assigned:      regexp.MustCompile(`(?:\b([A-Za-z_][\w.-]*)["']?\s*(?::=|=>|=)\s*|(?:^|\s)--([A-Za-z][\w-]*)\s+)`),
		value:         regexp.MustCompile(`^(("[^"]*"?|'[^']*'?)\S*|[^\s=-]\S*)`),
		dashed:        regexp.MustCompile(`^-\S+`),
	}
}

// Scrub replaces secrets that are recognized by their form anywhere in text: the userinfo of a URL,
// what follows Bearer or Basic, a private key, a JSON Web Token, and what is assigned to a name
// such as password. Use it for text from elsewhere, such as messages of errors.
func Scrub(text string) string { return newRules().scrub(text) }

func (r *rules) scrub(text string) string {
	for _, rule := range []struct {
		sign    string // which text has to contain
		pattern *regexp.Regexp
		by      func(string) string
	}{
		{"PRIVATE KEY", r.privateKey, func(string) string { return Mark }},
		{"eyJ", r.webToken, func(string) string { return Mark }},
		{"@", r.inURL, withoutUserinfo},
		{"@", r.inBrokenURL, withoutBrokenUserinfo},
		{"", r.authorization, r.withoutCredentials},
		{"unknown anchor", r.anchor, func(string) string { return "unknown anchor '" + Mark + "'" }}, // by a YAML parser
	} {
		if strings.Contains(text, rule.sign) {
			text = rule.pattern.ReplaceAllStringFunc(text, rule.by)
		}
	}
	return r.withoutAssigned(r.withoutFields(text))
}

func (r *rules) withoutCredentials(matched string) string {
	parts := r.authorization.FindStringSubmatch(matched)
	credentials := parts[3]
	if strings.EqualFold(parts[1], "basic") {
		plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(credentials, "="))
		if err != nil || !strings.Contains(string(plain), ":") {
			return matched // as in "basic authentication"
		}
	} else if !strings.ContainsAny(credentials, "0123456789") {
		return matched
	}
	return parts[1] + parts[2] + Mark
}

// withoutFields masks the values of fields, such as "password": "x" anywhere, or password: x in its
// own line.
func (r *rules) withoutFields(text string) string {
	if !strings.Contains(text, ":") {
		return text
	}
	for _, pattern := range []*regexp.Regexp{r.quotedField, r.lineField} {
		text = pattern.ReplaceAllStringFunc(text, func(field string) string {
			parts := pattern.FindStringSubmatch(field)
			value, _, _ := strings.Cut(parts[3], " #") // a comment
			if !Named(parts[2]) || harmless(strings.TrimSpace(value)) {
				return field
			}
			return parts[1] + Mark
		})
	}
	return text
}

// withoutAssigned masks what is assigned to the name of a secret, up to the next space.
func (r *rules) withoutAssigned(text string) string {
	if !strings.Contains(text, "=") && !strings.Contains(text, "--") {
		return text
	}
	var kept strings.Builder
	for {
		at := r.assigned.FindStringSubmatchIndex(text)
		if at == nil {
			return kept.String() + text
		}
		name := text[max(at[2], at[4]):max(at[3], at[5])] // whichever group matched
		touching := text[at[1]-1] == '='
		kept.WriteString(text[:at[1]])
		text = text[at[1]:]
		if !Named(name) {
			continue
		}
		value := r.value.FindString(text)
		if value == "" && touching {
			value = r.dashed.FindString(text)
		}
		if !harmless(value) {
			kept.WriteString(Mark)
			text = text[len(value):]
		}
	}
}

// harmless reports whether a value is not secret under any name.
func harmless(value string) bool {
	switch strings.ToLower(strings.Trim(value, `"'`)) {
	case "", "true", "false", "yes", "no", "on", "off", "null", "~", Mark:
		return true
	}
	return false
}
