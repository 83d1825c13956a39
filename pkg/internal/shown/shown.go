// Package shown prepares strings that other writers chose, such as node names and object keys, for
// errors and log messages: printable, quoted if they are unusual, and cut off if they are long. It
// does not know which strings are secret; a secret must not be passed to it.
package shown

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// MaxString is the most bytes that an error shows of one string, before it is quoted.
const MaxString = 256

// Quoted returns s in quotes, with characters escaped that are not printable.
func Quoted(s string) string {
	if len(s) > MaxString {
		s = strings.ToValidUTF8(s[:MaxString], "") + "…"
	}
	return status.Printable(strconv.Quote(s)) // strconv leaves letters alone that have no glyph
}

// Name returns a name as it is, or quoted if it is empty, long or unlike the usual names.
func Name(name string) string {
	const most = 128
	usual := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./:()[]{}=,@+", r)
	}
	if name == "" || len(name) > most || strings.ContainsFunc(name, func(r rune) bool { return !usual(r) }) || name != status.Printable(name) {
		return Quoted(name)
	}
	return name
}

// Names applies [Name] to each name.
func Names(names []string) []string {
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = Name(name)
	}
	return shown
}

// MaxListed is the most strings that [List] shows.
const MaxListed = 8

// List joins the first strings with commas, and says how many more there are.
func List(shown []string) string {
	if more := len(shown) - MaxListed; more > 0 {
		shown = append(shown[:MaxListed:MaxListed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(shown, ", ")
}

// Abridged returns s, or its first bytes and its length if it has more than most of them.
func Abridged(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes in all)", strings.ToValidUTF8(s[:most], ""), len(s))
}

// Key returns the path of a map's entry whose key another writer chose.
func Key(path *field.Path, key string) *field.Path { return path.Key(Name(key)) }
