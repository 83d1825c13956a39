package backfill

import (
	"fmt"
	"log/slog"
	"strings"
)

// Secret is a text that shows itself nowhere: printed, logged or written as JSON it reads
// "*****". Use Reveal where the text itself is meant.
type Secret string

const mask = "*****"

// Reveal is the text itself.
func (s Secret) Reveal() string { return string(s) }

// String, GoString, MarshalText and LogValue mask the text; an empty one stays empty.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString implements [fmt.GoStringer].
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// MarshalText implements [encoding.TextMarshaler], and so covers JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// isPassword tells by the name of a free parameter that its value is one.
func isPassword(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "password") || strings.Contains(name, "passwd")
}

// sensitive tells by a name whether a value is to be masked. To mask too much does no harm.
func sensitive(name string) bool {
	name = strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
	for _, part := range []string{"password", "passwd", "secret", "token", "credential", "apikey", "accesskey", "privatekey"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// masked is a copy of a value with what is sensitive by its name masked, however deep.
func masked(name string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		inner := make(map[string]any, len(v))
		for key, each := range v {
			inner[key] = masked(key, each)
		}
		return inner
	case []any:
		inner := make([]any, len(v))
		for i, each := range v {
			inner[i] = masked(name, each)
		}
		return inner
	case nil:
		return nil
	}
	if sensitive(name) {
		return Secret(fmt.Sprint(value))
	}
	return value
}
