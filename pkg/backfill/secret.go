package backfill

import (
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

// sensitive tells by the name of a free parameter whether its value is to be masked.
func sensitive(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"password", "secret", "token", "credential"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
