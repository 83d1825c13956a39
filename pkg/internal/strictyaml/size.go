package strictyaml

import (
	"bytes"
	"fmt"

	goyaml "go.yaml.in/yaml/v2"
)

// expandedSize is about how many bytes a document has with its aliases written out, or something
// above [MaxSize]. 0: that cannot be told, or it has none.
func expandedSize(data []byte) int {
	if !bytes.ContainsRune(data, '&') || !bytes.ContainsRune(data, '*') {
		return 0
	}
	// Decoding lets all aliases of a text share it, and gives up on too many of anything else.
	var value any
	if goyaml.Unmarshal(data, &value) != nil {
		return 0 // and is refused for that
	}
	return size(value, MaxSize)
}

// mostValues is how many values a document has at most. Those of a list or map are apart by one of
// these, which texts have too.
func mostValues(data []byte) int {
	count := bytes.Count(data, []byte("- "))
	for _, mark := range []string{",", "[", "{", "\n"} {
		count += bytes.Count(data, []byte(mark))
	}
	return count
}

// size is about how many bytes a value has as JSON, or something above most.
func size(value any, most int) int {
	const punctuation, separator = 3, 1
	total := punctuation
	add := func(part any) bool {
		if total <= most {
			total += size(part, most-total)
		}
		return total <= most
	}
	switch v := value.(type) {
	case string:
		total += len(v)
	case []any:
		for _, item := range v {
			if !add(item) {
				break
			}
		}
	case map[any]any:
		for key, item := range v {
			if !add(key) || !add(item) {
				break
			}
		}
	default:
		total = separator + len(fmt.Sprint(v))
	}
	return total
}
