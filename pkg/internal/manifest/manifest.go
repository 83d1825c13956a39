package manifest

import (
	"bytes"
	"errors"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/strictyaml"
)

// Parse reads the one object of a manifest in YAML or JSON. A key must not be there twice. Fields
// of the object, its metadata and its spec that are null are left out. The error says what is wrong
// and in which line, without showing a value. Whether the object is a workflow that can be created
// is for the caller to check.
func Parse(manifest []byte) (*unstructured.Unstructured, error) {
	if len(manifest) > strictyaml.MaxSize {
		return nil, strictyaml.ErrTooLarge
	}
	document, ok := soleDocument(manifest)
	if !ok {
		return nil, errors.New("has more than one document; start them one by one")
	}
	encoded, err := strictyaml.ToJSON(document)
	if err != nil {
		return nil, err
	}
	obj := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(encoded, &obj.Object); err != nil || obj.Object == nil {
		return nil, errors.New("must be a Workflow object")
	}
	spec, _ := obj.Object["spec"].(map[string]any)
	metadata, _ := obj.Object["metadata"].(map[string]any)
	for _, fields := range []map[string]any{obj.Object, metadata, spec} {
		DropNulls(fields)
	}
	return obj, nil
}

// DropNulls removes the fields that are null. That means the same as leaving them out, but full
// resource definitions refuse it.
func DropNulls(fields map[string]any) {
	maps.DeleteFunc(fields, func(_ string, value any) bool { return value == nil })
}

// soleDocument returns the one document that has content, on the lines that it has in data. It
// returns false if there are several. Tools that render manifests put documents before it that
// consist of comments.
func soleDocument(data []byte) ([]byte, bool) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // the byte order mark
	var sole []byte
	take := func(begin, end int) bool {
		document := data[begin:end]
		if !hasContent(document) {
			return true
		}
		first := sole == nil
		sole = append(bytes.Repeat([]byte("\n"), bytes.Count(data[:begin], []byte("\n"))), document...)
		return first
	}
	begin, at := 0, 0
	for line := range bytes.Lines(data) {
		if mark := separatorLength(line); mark > 0 {
			if !take(begin, at) {
				return nil, false
			}
			begin = at + mark
		}
		at += len(line)
	}
	if !take(begin, len(data)) {
		return nil, false
	}
	return sole, true
}

// separatorLength returns how many bytes of a line separate documents, or 0.
func separatorLength(line []byte) int {
	const mark = len("---")
	switch {
	case !bytes.HasPrefix(line, []byte("---")) && !bytes.HasPrefix(line, []byte("...")):
		return 0
	case len(line) == mark:
		return mark
	case bytes.IndexByte([]byte(" \t\n\f\r"), line[mark]) >= 0:
		return mark + 1
	}
	return 0
}

func hasContent(document []byte) bool {
	for line := range bytes.Lines(document) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' && line[0] != '%' {
			return true
		}
	}
	return false
}
