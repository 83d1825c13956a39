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

// Secret is a string that is masked as "*****" when it is printed, logged or written as JSON, also
// as an unexported field of another type. [Secret.Reveal] returns the string itself. The zero value
// is the empty string, which is not masked. Compare secrets with [Secret.Equal]; == does not
// compile.
type Secret struct {
	// read is a function because printers reach every field by reflection, but not into closures.
	read func() (plain any, shown string)
}

// NewSecret returns a Secret that holds plain. An empty string gives the zero Secret.
func NewSecret(plain string) Secret {
	if plain == "" {
		return Secret{}
	}
	return partlySecret(plain, secret.Mark)
}

// partlySecret returns a Secret that is printed as shown. plain can also be a number.
func partlySecret(plain any, shown string) Secret {
	return Secret{func() (any, string) { return plain, shown }}
}

func (s Secret) both() (plain any, shown string) {
	if s.read == nil {
		return "", ""
	}
	return s.read()
}

// Reveal returns the secret string.
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

// UnmarshalText implements [encoding.TextUnmarshaler], so that a Secret can be read from JSON. The
// mask of a secret is an error.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == secret.Mark {
		return errMasked
	}
	*s = NewSecret(string(text))
	return nil
}

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// errMasked is the error of a value that was written by a program that masks secrets.
var errMasked = errors.New("is the mask of a secret, not the secret itself")

// sealed returns parameters in which every value that is secret by its name or its kind is a
// Secret.
func sealed(parameters map[string]any) map[string]any {
	if parameters == nil {
		return nil
	}
	copied, _ := secret.Replace(parameters, func(plain any, shown string) any { return partlySecret(plain, shown) })
	return copied
}

// revealed returns a value in which each Secret is replaced by what it holds.
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
