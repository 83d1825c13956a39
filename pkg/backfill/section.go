package backfill

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// section reads one mapping of the configuration strictly: a key that nobody asked for, a
// value of another type and a missing one each become a problem. Values don't go into
// problems, since any may be a misplaced secret.
type section struct {
	path     *field.Path // nil for the file itself
	fields   map[string]any
	asked    map[string]bool
	problems *field.ErrorList // of the whole file
}

func (s *section) child(key string) *field.Path {
	if s.path == nil {
		return field.NewPath(key)
	}
	return s.path.Child(key)
}

func (s *section) add(problem *field.Error) {
	*s.problems = append(*s.problems, problem)
}

func (s *section) lookup(key string) (value any, given bool) {
	s.asked[key] = true
	value, given = s.fields[key]
	return value, given
}

// section reads the mapping under key: nil if there is none. null reads as an empty one.
func (s *section) section(key string) *section {
	value, given := s.lookup(key)
	if !given {
		return nil
	}
	fields, ok := value.(map[string]any)
	if !ok && value != nil {
		s.wrongType(key, "a mapping")
	}
	return &section{path: s.child(key), fields: fields, asked: map[string]bool{}, problems: s.problems}
}

func (s *section) wrongType(key, want string) {
	s.add(field.TypeInvalid(s.child(key), field.OmitValueType{}, "must be "+want))
}

// text reads an optional text; null reads as none.
func (s *section) text(key string) string {
	value, _ := s.lookup(key)
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		s.wrongType(key, "a text (in quotes, if it looks like a number, yes or no)")
		return ""
	}
}

func (s *section) required(key, what string) string {
	before := len(*s.problems)
	text := s.text(key)
	if text == "" && len(*s.problems) == before {
		s.add(field.Required(s.child(key), what))
	}
	return text
}

// scalar reads a text that may be written as a bare whole number, as versions are. One with a point
// is refused, since of 7.10 only 7.1 is left by the time it gets here.
func (s *section) scalar(key string) string {
	if v, whole := s.fields[key].(int64); whole {
		s.asked[key] = true
		return fmt.Sprint(v)
	}
	return s.text(key)
}

func (s *section) bool(key string) bool {
	value, _ := s.lookup(key)
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	default:
		s.wrongType(key, "true or false")
		return false
	}
}

// positive reads a whole number from 1 up to what Kubernetes takes for replicas.
func (s *section) positive(key string, otherwise int) int {
	value, _ := s.lookup(key)
	switch v := value.(type) {
	case nil:
		return otherwise
	case int64:
		if v >= 1 && v <= math.MaxInt32 {
			return int(v)
		}
	}
	s.wrongType(key, fmt.Sprintf("a whole number of at least 1 and at most %d", math.MaxInt32))
	return otherwise
}

// oneOf returns which of the keys is given; "" with a problem unless it is exactly one.
func (s *section) oneOf(keys ...string) string {
	var given []string
	for _, key := range keys {
		if _, ok := s.lookup(key); ok {
			given = append(given, key)
		}
	}
	switch len(given) {
	case 0:
		s.add(field.Required(s.path, "exactly one of "+strings.Join(keys, ", ")))
	case 1:
		return given[0]
	default:
		s.add(field.Invalid(s.path, strings.Join(given, ", "), "only one of these may be given"))
	}
	return ""
}

// done reports the keys that were not asked for.
func (s *section) done() {
	for _, key := range slices.Sorted(maps.Keys(s.fields)) {
		if !s.asked[key] {
			allowed := slices.Sorted(maps.Keys(s.asked))
			s.add(field.Invalid(s.child(shownKey(key)), field.OmitValueType{}, "unknown key; known are: "+strings.Join(allowed, ", ")))
		}
	}
}

// shownKey is a key that is wrong, as an error has it. Where the space after a colon is missing, as in
// {password:x}, the value is a part of the key.
func shownKey(key string) string {
	end := strings.IndexFunc(key, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	})
	if end < 0 {
		return key
	}
	return key[:end] + "…"
}
