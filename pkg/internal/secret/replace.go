package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Mark is shown in the place of a secret.
const Mark = "*****"

// Hidden is a value that hides itself already.
type Hidden interface{ Reveal() string }

// mostPaths is how many paths are told, and mostOfPath how long each is at most: there can be a secret
// for every few bytes of a value, each as deep as that is long.
const mostPaths, mostOfPath = 1000, 1 << 10

// mostYAML is how many strings are read as YAML, which takes long.
const mostYAML = 1000

// Replace returns a copy of values, by their names, in which hide has replaced what is secret, and the
// paths of that, such as target-config.basic_auth.password, up to 1,000 of them. The copy is of maps and
// lists; a value of another type that has a secret within is replaced as a whole. hide gets the value
// itself and what may be shown of it.
func Replace(values map[string]any, hide func(plain any, shown string) any) (copied map[string]any, paths []string) {
	w := walk{rules: newRules(), hide: hide}
	copied = make(map[string]any, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		copied[name] = w.value(&place{key: name, index: noIndex}, Named(name), values[name])
	}
	return copied, w.paths
}

// Find returns the paths of what is secret in values.
func Find(values map[string]any) []string {
	_, paths := Replace(values, showing)
	return paths
}

// showing is what hides a secret where only its mask is wanted.
func showing(_ any, shown string) any { return shown }

type walk struct {
	rules *rules
	hide  func(plain any, shown string) any
	counts
}

// counts are of a walk and those within it.
type counts struct {
	found int // secrets, of which the first ones have their paths in paths
	paths []string
	yamls int // strings that were read as YAML
}

// add notes that there is a secret.
func (w *walk) add(at *place) {
	if w.found++; len(w.paths) < mostPaths {
		w.paths = append(w.paths, at.String())
	}
}

// hidden replaces a secret; shown is what may be shown of it.
func (w *walk) hidden(at *place, plain any, shown string) any {
	w.add(at)
	return w.hide(plain, shown)
}

// value copies a value; secret: its name is that of one.
func (w *walk) value(at *place, secret bool, value any) any {
	switch v := value.(type) {
	case nil, bool:
		return value
	case Hidden:
		if pointer := reflect.ValueOf(v); pointer.Kind() == reflect.Pointer && pointer.IsNil() {
			return value
		}
		if v.Reveal() != "" {
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
	copied := make(map[string]any, len(fields))
	entry := entryOf(fields)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		named := Named(key) || strings.EqualFold(key, "value") && Named(entry)
		if secret && !named { // unless it only says which secret
			named = !slices.Contains([]string{"name", "namespace", "key", "username", "user", "optional"}, key) && !describes(wordsOf(key))
		}
		copied[key] = w.value(&place{before: at, key: key, index: noIndex}, named, fields[key])
	}
	return copied
}

// entryOf is the name that a map has for its value, as in a list of parameters or of environment
// variables; "": it has none.
func entryOf(fields map[string]any) string {
	for _, key := range []string{"name", "Name", "key", "Key"} {
		if name, ok := fields[key].(string); ok {
			return name
		}
	}
	return ""
}

func (w *walk) items(at *place, secret bool, items []any) any {
	copied := make([]any, len(items))
	flag := false // the item before is a flag whose value is a secret
	for i, item := range items {
		text, _ := item.(string)
		isFlag := strings.HasPrefix(text, "-")
		copied[i] = w.value(&place{before: at, index: i}, secret || flag && !isFlag, item)
		flag = isFlag && !strings.ContainsAny(text, "= \n") && Named(text)
	}
	return copied
}

// other is a value of a type that JSON doesn't have.
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
		text, err := json.Marshal(value)
		if err != nil {
			return w.hide(value, Mark) // what it has in it can't be told, nor sent
		}
		decoded, _ := decode(string(text))
		return w.whole(at, secret, value, decoded)
	}
	return w.scalar(at, secret, value)
}

// whole hides a value that can't be replaced in part, if what it stands for has a secret in it.
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

// within looks into what a value stands for. It returns what may be shown of that.
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

// text looks into a string.
func (w *walk) text(at *place, secret bool, text string) any {
	switch trimmed := strings.TrimSpace(text); {
	case trimmed == Mark: // a secret that has been masked before
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
		scrub = w.rules.withoutFields // of a key that is there twice, only the last value was seen
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

// place is where a value is: within another, under a key or an index. Its text is made only where it
// is told, since of a deep value those of all levels together would be much larger than the value.
type place struct {
	before *place
	key    string
	index  int // noIndex: it has a key
}

const noIndex = -1

// String is the whole path. Of a long one the end is left out.
func (p *place) String() string {
	var first [mostOfPath / 2]*place // in a ring, the last of which is the outermost
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
