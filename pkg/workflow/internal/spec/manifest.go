package spec

import (
	"bytes"
	"cmp"
	"errors"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/strictyaml"
)

// Parse reads the one object of a manifest in YAML or JSON. A key must not be there twice. Fields
// of the object, its metadata and its spec that are null are left out. The error says what is wrong
// and in which line, without showing a value. Whether the object is a workflow that can be created
// is a question for [ManifestProblems].
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

// NameBase returns what a name for a manifest's workflow is generated from. name is the one that
// the request gives.
func NameBase(manifest *unstructured.Unstructured, name string) string {
	return cmp.Or(strings.TrimRight(manifest.GetGenerateName(), ".-"), manifest.GetName(), name)
}

// ManifestProblems returns what is wrong with a manifest of a workflow that is to be created in a
// namespace. If the request gives a name, the manifest needs none.
func ManifestProblems(path *field.Path, manifest *unstructured.Unstructured, name, namespace string) field.ErrorList {
	problems := objectProblems(path, manifest, namespace)
	if name == "" {
		problems = append(problems, namelessProblems(path, manifest)...)
	}
	problems = append(problems, unknownFields(path, manifest.Object, "apiVersion", "kind", "metadata", "spec")...)
	problems = append(problems, TypeProblems(path, TypeMeta, manifest.Object)...)
	problems = append(problems, metadataProblems(path.Child("metadata"), manifest.Object["metadata"])...)
	at := path.Child("spec")
	spec, ok := manifest.Object["spec"].(map[string]any)
	if !ok {
		return append(problems, field.Required(at, "what to run"))
	}
	if shutdown, given := spec["shutdown"]; given && shutdown != "" {
		problems = append(problems, field.Forbidden(at.Child("shutdown"), "a new workflow cannot be shut down; stop it once it runs"))
	}
	problems = append(problems, Problems(at, spec)...)
	return append(problems, inexactParameters(at, spec)...)
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
