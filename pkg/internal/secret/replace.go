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

// Replace returns a copy of value in which hide has replaced what is secret, and the paths of that,
// such as target-config.basic_auth.password. The copy is of maps and lists; of another value that
// has a secret within, it is what its JSON says. hide gets the secret itself and what may be shown of it.
func Replace(name string, value any, hide func(plain any, shown string) any) (copied any, paths []string) {
	w := walk{hide: hide}
	return w.value(name, Named(name), value), w.paths
}

// Find returns the paths of what is secret in a value.
func Find(name string, value any) []string {
	_, paths := Replace(name, value, func(_ any, shown string) any { return shown })
	return paths
}

type walk struct {
	hide  func(plain any, shown string) any
	paths []string
}

// hidden replaces a secret; shown is what may be shown of it.
func (w *walk) hidden(path string, plain any, shown string) any {
	w.paths = append(w.paths, path)
	return w.hide(plain, shown)
}

// value copies a value; secret: its name is that of one.
func (w *walk) value(path string, secret bool, value any) any {
	switch v := value.(type) {
	case nil, bool:
		return value
	case Hidden:
		if v.Reveal() != "" {
			w.paths = append(w.paths, path)
		}
		return value
	case string:
		return w.text(path, secret, v)
	case map[string]any:
		return w.fields(path, secret, v)
	case []any:
		return w.items(path, secret, v)
	}
	return w.other(path, secret, value)
}

func (w *walk) fields(path string, secret bool, fields map[string]any) any {
	copied := make(map[string]any, len(fields))
	// As in a list of parameters or of environment variables.
	entry, _ := fields["name"].(string)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		named := Named(key) || key == "value" && Named(entry)
		if secret && !named { // unless it only says which secret
			named = !slices.Contains([]string{"name", "namespace", "key", "username", "user", "optional"}, key) && !describes(wordsOf(key))
		}
		copied[key] = w.value(path+"."+key, named, fields[key])
	}
	return copied
}

func (w *walk) items(path string, secret bool, items []any) any {
	copied := make([]any, len(items))
	flag := false // the item before is a flag whose value is a secret
	for i, item := range items {
		text, _ := item.(string)
		isFlag := strings.HasPrefix(text, "-")
		copied[i] = w.value(fmt.Sprintf("%s[%d]", path, i), secret || flag && !isFlag, item)
		flag = isFlag && !strings.ContainsAny(text, "= \n") && Named(text)
	}
	return copied
}

// other is a value of a type that JSON doesn't have.
func (w *walk) other(path string, secret bool, value any) any {
	if _, isNumber := value.(json.Number); isNumber {
		return w.scalar(path, secret, value)
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Bool:
		return value
	case reflect.String:
		return w.unchanged(value, func() any { return w.text(path, secret, v.String()) })
	case reflect.Map, reflect.Slice, reflect.Array, reflect.Struct, reflect.Pointer:
		if text, isText := value.([]byte); isText {
			return w.unchanged(value, func() any { return w.text(path, secret, string(text)) })
		}
		text, err := json.Marshal(value)
		if err != nil {
			return w.scalar(path, secret, value)
		}
		decoded, _ := decode(string(text))
		return w.unchanged(value, func() any { return w.value(path, secret, decoded) })
	}
	return w.scalar(path, secret, value)
}

// unchanged returns the value itself unless copying finds a secret in it.
func (w *walk) unchanged(value any, copying func() any) any {
	before := len(w.paths)
	copied := copying()
	if len(w.paths) == before {
		return value
	}
	return copied
}

func (w *walk) scalar(path string, secret bool, value any) any {
	if !secret {
		return value
	}
	return w.hidden(path, value, Mark)
}

// text looks into a string.
func (w *walk) text(path string, secret bool, text string) any {
	switch trimmed := strings.TrimSpace(text); {
	case trimmed == Mark: // a secret that has been masked before
		return w.hidden(path, text, Mark)
	case harmless(trimmed):
		return text
	}
	inner := walk{hide: func(_ any, shown string) any { return shown }}
	switch decoded, form := structured(text); form {
	case formJSON:
		if copied := inner.value(path, secret, decoded); len(inner.paths) > 0 {
			w.paths = append(w.paths, inner.paths...)
			return w.hide(text, encode(copied))
		}
		return text
	case formYAML:
		if inner.value(path, secret, decoded); len(inner.paths) > 0 {
			w.paths = append(w.paths, inner.paths...)
			return w.hide(text, Mark)
		}
	}
	if secret {
		return w.hidden(path, text, Mark)
	}
	if shown := Scrub(text); shown != text {
		return w.hidden(path, text, shown)
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
