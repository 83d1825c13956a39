package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/jsonfield"
)

// Mark replaces a secret.
const Mark = "*****"

// Hidden is a value that hides itself. Reveal returns the secret.
type Hidden interface{ Reveal() string }

// mostPaths is the number of paths that are returned, mostOfPath their length. A value can have a
// secret every few bytes, and be as deep as it is long.
const mostPaths, mostOfPath = 1000, 1 << 10

// mostYAML is the number of strings that are parsed as YAML, which is slow.
const mostYAML = 1000

// Replace returns a copy of values, which are keyed by name, with each secret replaced by what hide
// returns, and the paths of up to 1,000 secrets, such as target-config.basic_auth.password. It
// copies maps and lists; a value of another type that contains a secret is replaced as a whole.
// hide receives the value and what may be shown of it.
func Replace(values map[string]any, hide func(plain any, shown string) any) (copied map[string]any, paths []string) {
	w := walk{rules: newRules(), hide: hide}
	copied = make(map[string]any, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		copied[name] = w.value(&place{key: name, index: noIndex}, Named(name), values[name])
	}
	return copied, w.paths
}

// Find returns the paths of the secrets in values; see [Replace].
func Find(values map[string]any) []string {
	_, paths := Replace(values, showing)
	return paths
}

// showing is a hide function that returns what may be shown.
func showing(_ any, shown string) any { return shown }

type walk struct {
	rules *rules
	hide  func(plain any, shown string) any
	open  map[container]bool // the maps and lists around the present value
	counts
}

// container identifies a map or a list. A value of Go can contain itself.
type container struct {
	pointer uintptr
	length  int
}

// maxOpen is how many maps and lists can be around a value. JSON that can be read has at most
// 10,000.
const maxOpen = 20_000

// enter records that the walk is in a map or list until leave is called. It returns false if it is
// there already, or too deep.
func (w *walk) enter(value any) (leave func(), ok bool) {
	v := reflect.ValueOf(value)
	at := container{v.Pointer(), v.Len()}
	if w.open[at] || len(w.open) == maxOpen {
		return nil, false
	}
	if w.open == nil {
		w.open = map[container]bool{}
	}
	w.open[at] = true
	return func() { delete(w.open, at) }, true
}

// counts are shared by a walk and the walks within it.
type counts struct {
	found int // secrets, also those whose paths are not in paths
	paths []string
	yamls int // strings that were parsed as YAML
}

// add records a secret.
func (w *walk) add(at *place) {
	if w.found++; len(w.paths) < mostPaths {
		w.paths = append(w.paths, at.String())
	}
}

// hidden replaces a secret.
func (w *walk) hidden(at *place, plain any, shown string) any {
	w.add(at)
	return w.hide(plain, shown)
}

// value copies a value. secret says that its name is that of a secret.
func (w *walk) value(at *place, secret bool, value any) any {
	switch v := value.(type) {
	case nil, bool:
		return value
	case Hidden:
		if pointer := reflect.ValueOf(v); pointer.Kind() == reflect.Pointer && pointer.IsNil() {
			return value
		}
		plain := ""
		if jsonfield.Call(func() error { plain = v.Reveal(); return nil }) != nil {
			return w.hide(value, Mark) // it cannot be sent
		}
		if plain != "" {
			w.add(at)
		}
		return value
	case string:
		return w.text(at, secret, v)
	case map[string]any:
		return w.fields(at, secret, v)
	case []any:
		return w.items(at, secret, v)
	}
	return w.other(at, secret, value)
}

func (w *walk) fields(at *place, secret bool, fields map[string]any) any {
	leave, ok := w.enter(fields)
	if !ok {
		return w.hide(fields, Mark) // it may contain secrets, and cannot be sent
	}
	defer leave()
	copied := make(map[string]any, len(fields))
	entry := entryOf(fields)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		named := Named(key) || strings.EqualFold(key, "value") && Named(entry)
		if secret && !named { // within a secret, everything is except what identifies it
			named = !slices.Contains([]string{"name", "namespace", "key", "username", "user", "optional"}, key) && !describes(wordsOf(key))
		}
		copied[key] = w.value(&place{before: at, key: key, index: noIndex}, named, fields[key])
	}
	return copied
}

// entryOf returns the name in an entry of a list of parameters or environment variables, or "".
func entryOf(fields map[string]any) string {
	for _, key := range []string{"name", "Name", "key", "Key"} {
		if name, ok := fields[key].(string); ok {
			return name
		}
	}
	return ""
}

func (w *walk) items(at *place, secret bool, items []any) any {
	leave, ok := w.enter(items)
	if !ok {
		return w.hide(items, Mark) // as in fields
	}
	defer leave()
	copied := make([]any, len(items))
	flag := false // whether the previous item is a flag whose value is a secret
	for i, item := range items {
		text, _ := item.(string)
		isFlag := strings.HasPrefix(text, "-")
		copied[i] = w.value(&place{before: at, index: i}, secret || flag && !isFlag, item)
		flag = isFlag && !strings.ContainsAny(text, "= \n") && Named(text)
	}
	return copied
}

// other copies a value of a type that JSON decoding does not return.
func (w *walk) other(at *place, secret bool, value any) any {
	if _, isNumber := value.(json.Number); isNumber {
		return w.scalar(at, secret, value)
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Bool:
		return value
	case reflect.String:
		return w.whole(at, secret, value, v.String())
	case reflect.Map, reflect.Slice, reflect.Array, reflect.Struct, reflect.Pointer:
		if text, isText := value.([]byte); isText {
			return w.whole(at, secret, value, string(text))
		}
		var text []byte
		err := jsonfield.Call(func() (err error) { text, err = json.Marshal(value); return err })
		if err != nil {
			return w.hide(value, Mark) // it may contain secrets, and cannot be sent
		}
		decoded, _ := decode(string(text))
		return w.whole(at, secret, value, decoded)
	}
	return w.scalar(at, secret, value)
}

// whole hides a value that cannot be replaced in part, if its meaning contains a secret.
func (w *walk) whole(at *place, secret bool, value, meaning any) any {
	shown, found := w.within(at, secret, meaning)
	if !found {
		return value
	}
	text, isText := shown.(string)
	if !isText {
		text = encode(shown)
	}
	return w.hide(value, text)
}

// within looks into the meaning of a value. It returns what may be shown, and whether there is a
// secret.
func (w *walk) within(at *place, secret bool, meaning any) (shown any, found bool) {
	inner := walk{rules: w.rules, hide: showing, counts: w.counts}
	shown = inner.value(at, secret, meaning)
	found = inner.found > w.found
	w.counts = inner.counts
	return shown, found
}

func (w *walk) scalar(at *place, secret bool, value any) any {
	if !secret {
		return value
	}
	return w.hidden(at, value, Mark)
}

// text copies a string.
func (w *walk) text(at *place, secret bool, text string) any {
	switch trimmed := strings.TrimSpace(text); {
	case trimmed == Mark: // a secret that was masked before
		return w.hidden(at, text, Mark)
	case harmless(trimmed):
		return text
	}
	decoded, form := w.structured(text)
	if form != formPlain {
		switch shown, found := w.within(at, secret, decoded); {
		case found && form == formJSON:
			return w.hide(text, encode(shown))
		case found:
			return w.hide(text, Mark)
		}
	}
	scrub := w.rules.scrub
	switch {
	case form == formJSON:
		scrub = w.rules.withoutFields // of a duplicate key, decoding returned only the last value
	case secret:
		return w.hidden(at, text, Mark)
	}
	if shown := scrub(text); shown != text {
		return w.hidden(at, text, shown)
	}
	return text
}

func encode(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return Mark
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// place is the position of a value: within another one, under a key or an index. Paths are only
// formatted when needed, since those of all levels of a deep value are much larger than the value.
type place struct {
	before *place
	key    string
	index  int // noIndex if it has a key
}

const noIndex = -1

// String returns the path. A long path is cut at its end.
func (p *place) String() string {
	var first [mostOfPath / 2]*place // a ring of the outermost places
	length := 0
	for ; p != nil; p = p.before {
		first[length%len(first)] = p
		length++
	}
	var path strings.Builder
	for i := range min(length, len(first)) {
		part := first[(length-1-i)%len(first)].part()
		if path.Len()+len(part) > mostOfPath {
			return path.String() + "…"
		}
		path.WriteString(part)
	}
	if length > len(first) {
		path.WriteString("…")
	}
	return path.String()
}

func (p *place) part() string {
	switch {
	case p.index != noIndex:
		return fmt.Sprintf("[%d]", p.index)
	case p.before != nil:
		return "." + p.key
	}
	return p.key
}
