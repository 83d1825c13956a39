package secret

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/strictyaml"
)

// form is the notation of a string.
type form int

const (
	formPlain form = iota
	formJSON
	formYAML
)

// structured decodes a string that contains a map, a list or another string.
func (w *walk) structured(text string) (any, form) {
	trimmed := strings.TrimSpace(text)
	if trimmed != "" && strings.ContainsRune(`{["`, rune(trimmed[0])) {
		if value, ok := decode(trimmed); ok {
			return value, formJSON
		}
	}
	if !strings.Contains(text, ": ") && !strings.Contains(text, ":\n") && !strings.Contains(text, ":\t") {
		return nil, formPlain // a colon within a word does not make a map
	}
	if w.yamls++; w.yamls > mostYAML {
		return nil, formPlain
	}
	if asJSON, err := strictyaml.ToJSON([]byte(text)); err == nil {
		value, _ := decode(string(asJSON))
		switch value.(type) {
		case map[string]any, []any:
			return value, formYAML
		}
	}
	return nil, formPlain
}

// decode decodes JSON and keeps numbers as they are written.
func decode(text string) (value any, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil, false
	}
	_, err := decoder.Token()
	return value, err == io.EOF
}
