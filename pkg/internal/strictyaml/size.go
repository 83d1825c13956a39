package strictyaml

import (
	"bytes"
	"fmt"

	goyaml "go.yaml.in/yaml/v2"
)

// expansion is about how many bytes a document has as JSON with its aliases written out, and how many
// values, up to the first that is too many.
type expansion struct{ bytes, values int }

// expand writes the aliases of a document out. One without any, or that cannot be read, has no expansion.
func expand(data []byte) (e expansion) {
	if !bytes.ContainsRune(data, '&') || !bytes.ContainsRune(data, '*') {
		return e
	}
	// Decoding lets all aliases of a text share it, and gives up on too many of anything else.
	var value any
	if goyaml.Unmarshal(data, &value) != nil {
		return e // and is refused for that
	}
	e.add(value)
	return e
}

// mostValues is how many values a document has at most. Those of a list or map are apart by one of these,
// which texts have too.
func mostValues(data []byte) int {
	count := 0
	for _, mark := range []string{",", "[", "{", ":", "? ", "?\t", "- ", "-\t", "\n", "\r", "\u0085", "\u2028", "\u2029"} { // the last ones break lines, too
		count += bytes.Count(data, []byte(mark))
	}
	return count
}

// add adds a value and what is in it, and reports whether that is not too much.
func (e *expansion) add(value any) bool {
	const punctuation, separator = 3, 1
	e.values++
	switch v := value.(type) {
	case string:
		e.bytes += punctuation + len(v)
	case []any:
		e.bytes += punctuation
		for _, item := range v {
			if !e.add(item) {
				break
			}
		}
	case map[any]any:
		e.bytes += punctuation
		for key, item := range v {
			if !e.add(key) || !e.add(item) {
				break
			}
		}
	default:
		e.bytes += separator + len(fmt.Sprint(v))
	}
	return e.bytes <= MaxSize && e.values <= maxValues
}
