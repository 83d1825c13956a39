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

// section reads one mapping of the configuration strictly: an unknown key, a value of another type
// and a missing value each become a problem. Problems contain no values, since any value may be a
// misplaced secret.
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

// section returns the mapping under key, or nil if there is none. null is an empty mapping.
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

// string returns an optional string; null is "".
func (s *section) string(key string) string {
	value, _ := s.lookup(key)
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		s.wrongType(key, "a string; quote it if it looks like a number, yes or no")
		return ""
	}
}

func (s *section) required(key, what string) string {
	before := len(*s.problems)
	value := s.string(key)
	if value == "" && len(*s.problems) == before {
		s.add(field.Required(s.child(key), what))
	}
	return value
}

// scalar returns a string that may be written as an integer without quotes, such as a version. A
// number with a point is refused, since YAML has read 7.10 as 7.1.
func (s *section) scalar(key string) string {
	if v, whole := s.fields[key].(int64); whole {
		s.asked[key] = true
		return fmt.Sprint(v)
	}
	return s.string(key)
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

// positive returns an integer from 1 to the most replicas that Kubernetes allows.
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
	s.wrongType(key, fmt.Sprintf("an integer of at least 1 and at most %d", math.MaxInt32))
	return otherwise
}

// oneOf returns the one of the keys that is given. If there is not exactly one, it returns "" and
// adds a problem.
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
		s.add(field.Invalid(s.path, strings.Join(given, ", "), "are mutually exclusive"))
	}
	return ""
}

// done adds a problem for each key that was not looked up.
func (s *section) done() {
	for _, key := range slices.Sorted(maps.Keys(s.fields)) {
		if !s.asked[key] {
			allowed := slices.Sorted(maps.Keys(s.asked))
			s.add(field.Invalid(s.child(shownKey(key)), field.OmitValueType{}, "unknown key; known keys: "+strings.Join(allowed, ", ")))
		}
	}
}

// shownKey returns a wrong key as an error may contain it. If the space after a colon is missing,
// as in {password:x}, the value is part of the key.
func shownKey(key string) string {
	end := strings.IndexFunc(key, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	})
	if end < 0 {
		return key
	}
	return key[:end] + "…"
}
