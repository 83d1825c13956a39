package secret

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"regexp"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/strictyaml"
)

// form is what a string consists of.
type form int

const (
	formPlain form = iota
	formJSON
	formYAML
)

// structured reads a string that holds a map or a list, or a string again.
func structured(text string) (any, form) {
	trimmed := strings.TrimSpace(text)
	if trimmed != "" && strings.ContainsRune(`{["`, rune(trimmed[0])) {
		if value, ok := decode(trimmed); ok {
			return value, formJSON
		}
	}
	if !strings.Contains(text, ":") {
		return nil, formPlain
	}
	if asJSON, err := strictyaml.ToJSON([]byte(text)); err == nil {
		value, _ := decode(string(asJSON))
		switch value.(type) {
		case map[string]any, []any:
			return value, formYAML
		}
	}
	return nil, formPlain
}

// decode reads JSON, and numbers as they are written.
func decode(text string) (value any, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil, false
	}
	_, err := decoder.Token()
	return value, err == io.EOF
}

// Scrub replaces what is known for a secret by its form, wherever it is in a text: the userinfo of a
// URL, what follows Bearer or Basic, a private key, a JSON Web Token, and what is assigned to a
// name such as password. It is for texts that others have written, such as messages of errors.
func Scrub(text string) string {
	for _, r := range []struct {
		pattern *regexp.Regexp
		by      func(string) string
	}{
		{privateKey(), func(string) string { return Mark }},
		{webToken(), func(string) string { return Mark }},
		{userinfo(), withoutUserinfo},
		{authorization(), withoutCredentials},
	} {
		text = r.pattern.ReplaceAllStringFunc(text, r.by)
	}
	return withoutAssigned(text)
}

func privateKey() *regexp.Regexp {
	return regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|$)`)
}

func webToken() *regexp.Regexp {
	return regexp.MustCompile(`\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`)
}

// userinfo ends at the last @ before the path, as it does where URLs are read.
func userinfo() *regexp.Regexp {
	return regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s"'<>]*@`)
}

func withoutUserinfo(matched string) string {
	scheme, user, _ := strings.Cut(matched, "://")
	web := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https") // where a name alone can be a token
	if user == "@" || !web && !strings.Contains(user, ":") {
		return matched
	}
	return scheme + "://" + Mark + "@"
}

func authorization() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(basic|bearer|apikey|negotiate)(\s+)([\w.~+/-]{8,}=*)`)
}

func withoutCredentials(matched string) string {
	parts := authorization().FindStringSubmatch(matched)
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

// withoutAssigned masks what is assigned to the name of a secret, up to the next space.
func withoutAssigned(text string) string {
	assigned := regexp.MustCompile(`(?:\b([A-Za-z][\w.-]*)["']?\s*=\s*|(?:^|\s)--([A-Za-z][\w-]*)\s+)`)
	values := regexp.MustCompile(`^(("[^"]*"?|'[^']*'?)\S*|[^\s=-]\S*)`)
	var kept strings.Builder
	for {
		at := assigned.FindStringSubmatchIndex(text)
		if at == nil {
			return kept.String() + text
		}
		name := text[max(at[2], at[4]):max(at[3], at[5])] // of the two, the one that is there
		kept.WriteString(text[:at[1]])
		text = text[at[1]:]
		if !Named(name) {
			continue
		}
		if value := values.FindString(text); !harmless(value) {
			kept.WriteString(Mark)
			text = text[len(value):]
		}
	}
}

// harmless reports whether a value says nothing, whatever its name is.
func harmless(value string) bool {
	switch strings.Trim(value, `"'`) {
	case "", "true", "false", "null", Mark:
		return true
	}
	return false
}
