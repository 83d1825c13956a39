package backfill

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
)

// Secret is a string that never shows itself: printed in any way, logged or written as JSON it
// reads "*****", also as an unexported field of another type. [Secret.Reveal] returns the string
// itself. The zero value is the empty string, which shows as such. Secrets are not comparable by
// ==; use [Secret.Equal].
type Secret struct {
	// read is a function since printers reach every field by reflection, but no closure.
	read func() (plain any, shown string)
}

// NewSecret returns a Secret that holds text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return partlySecret(text, secret.Mark)
}

// partlySecret is one of which a part may be shown. A parameter can be a number, too.
func partlySecret(plain any, shown string) Secret {
	return Secret{func() (any, string) { return plain, shown }}
}

func (s Secret) both() (plain any, shown string) {
	if s.read == nil {
		return "", ""
	}
	return s.read()
}

// Reveal returns the string itself.
func (s Secret) Reveal() string {
	plain, _ := s.both()
	return fmt.Sprint(plain)
}

// Equal reports whether both hold the same string.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

// String implements [fmt.Stringer].
func (s Secret) String() string {
	_, shown := s.both()
	return shown
}

// Format implements [fmt.Formatter] for every verb.
func (s Secret) Format(to fmt.State, verb rune) {
	shown := s.String()
	if verb == 'q' || verb == 'v' && to.Flag('#') {
		shown = strconv.Quote(shown)
	}
	_, _ = io.WriteString(to, shown)
}

// MarshalText implements [encoding.TextMarshaler].
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON implements [json.Marshaler].
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalText implements [encoding.TextUnmarshaler], so that a Secret can be read from JSON. What a
// Secret shows of itself is an error: it is not what it holds.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == secret.Mark {
		return errMasked
	}
	*s = NewSecret(string(text))
	return nil
}

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// errMasked is the error of a secret that was written by a program that masked it.
var errMasked = errors.New("is the mask of a secret, and not the secret itself")

// sealed returns parameters in which everything that is secret by its name or its kind is a Secret.
func sealed(parameters map[string]any) map[string]any {
	if parameters == nil {
		return nil
	}
	copied, _ := secret.Replace(parameters, func(plain any, shown string) any { return partlySecret(plain, shown) })
	return copied
}

// revealed returns a value in which each Secret is what it holds.
func revealed(value any) any {
	switch v := value.(type) {
	case Secret:
		plain, _ := v.both()
		return plain
	case *Secret:
		if v != nil {
			return revealed(*v)
		}
	case map[string]any:
		inner := make(map[string]any, len(v))
		for key, each := range v {
			inner[key] = revealed(each)
		}
		return inner
	case []any:
		inner := make([]any, len(v))
		for i, each := range v {
			inner[i] = revealed(each)
		}
		return inner
	}
	return value
}
