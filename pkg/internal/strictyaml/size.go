package strictyaml

import (
	"bytes"
	"fmt"

	goyaml "go.yaml.in/yaml/v2"
)

// expansion is about how many bytes and values a document has as JSON once its aliases are
// expanded. It stops counting when a limit is exceeded.
type expansion struct{ bytes, values int }

// expand measures the expansion. It is zero for a document without aliases and for invalid YAML.
func expand(data []byte) (e expansion) {
	if !bytes.ContainsRune(data, '&') || !bytes.ContainsRune(data, '*') {
		return e
	}
	// In the decoded value, all aliases of a string share its memory, and the library limits the
	// expansion of everything else.
	var value any
	if goyaml.Unmarshal(data, &value) != nil {
		return e // ToJSON reports the error
	}
	e.add(value)
	return e
}

// mostValues returns an upper bound on the number of values in a document. One of these marks
// separates the values of a list or map; strings contain them, too.
func mostValues(data []byte) int {
	count := 0
	for _, mark := range []string{",", "[", "{", ":", "? ", "?\t", "- ", "-\t", "\n", "\r", "\u0085", "\u2028", "\u2029"} { // the last five are line breaks
		count += bytes.Count(data, []byte(mark))
	}
	return count
}

// add adds a value and what it contains. It returns false if a limit is exceeded.
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
