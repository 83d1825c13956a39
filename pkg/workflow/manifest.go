package workflow

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/strictyaml"
)

// parseManifest reads a Workflow from YAML or JSON: one object, no key twice, nothing beside
// or in its metadata that a new workflow doesn't have. Mistakes of syntax are told with their
// line. A name given beside it stands in for one that it lacks. Beside problems there is a draft too, to
// look for further ones in, if that much of it can be read. If ctx has ended by then, there is neither.
func parseManifest(ctx context.Context, path *field.Path, data []byte, name, namespace string) (draft, field.ErrorList) {
	obj, problem := readManifest(data)
	switch {
	case problem != "":
		return draft{}, field.ErrorList{hiddenValue(path, problem)}
	case ctx.Err() != nil:
		return draft{}, nil
	}
	problems := manifestProblems(path, obj, name, namespace)
	if _, hasSpec := obj.Object["spec"].(map[string]any); !hasSpec {
		return draft{}, problems
	}
	return draft{what: "the manifest", base: manifestBase(obj, name), obj: obj, own: true}, problems
}

// readManifest returns the object of a manifest, or why there is none. Fields that are null are
// left out.
func readManifest(data []byte) (obj *unstructured.Unstructured, problem string) {
	if len(data) > strictyaml.MaxSize {
		return nil, strictyaml.ErrTooLarge.Error()
	}
	data, ok := soleDocument(data)
	if !ok {
		return nil, "has more than one document; start them one by one"
	}
	text, err := strictyaml.ToJSON(data)
	if err != nil {
		return nil, err.Error()
	}
	obj = &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(text, &obj.Object); err != nil || obj.Object == nil {
		return nil, "must be a Workflow object"
	}
	spec, _ := obj.Object["spec"].(map[string]any)
	metadata, _ := obj.Object["metadata"].(map[string]any)
	for _, fields := range []map[string]any{obj.Object, metadata, spec} {
		dropNulls(fields)
	}
	return obj, ""
}

// manifestBase is what a name is generated from; name is the one that the request gives.
func manifestBase(obj *unstructured.Unstructured, name string) string {
	return cmp.Or(strings.TrimRight(obj.GetGenerateName(), ".-"), obj.GetName(), name)
}

// soleDocument returns the one document that has something in it, on the lines it has in
// data; false if there are several. Tools that render manifests put documents before it that
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
		if mark := markOfDocument(line); mark > 0 {
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

// markOfDocument is how many bytes of a line begin or end a document; 0: none do.
func markOfDocument(line []byte) int {
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

func manifestProblems(path *field.Path, obj *unstructured.Unstructured, name, namespace string) (problems field.ErrorList) {
	found := objectProblems(obj, namespace)
	if name == "" {
		found = append(found, namelessProblems(obj)...)
	}
	for _, p := range found {
		p.Field = path.Child(p.Field).String()
		problems = append(problems, p)
	}
	problems = append(problems, unknownFields(path, obj.Object, "apiVersion", "kind", "metadata", "spec")...)
	problems = append(problems, typeProblems(path, "k8s.TypeMeta", obj.Object)...)
	problems = append(problems, metadataProblems(path.Child("metadata"), obj.Object["metadata"])...)
	at := path.Child("spec")
	spec, ok := obj.Object["spec"].(map[string]any)
	if !ok {
		return append(problems, field.Required(at, "what to run"))
	}
	if shutdown, given := spec["shutdown"]; given && shutdown != "" {
		problems = append(problems, field.Forbidden(at.Child("shutdown"), "a workflow is stopped once it runs"))
	}
	problems = append(problems, shapeProblems(at, spec)...)
	return append(problems, inexactParameters(at, spec)...)
}

func metadataProblems(path *field.Path, value any) (problems field.ErrorList) {
	problems = append(problems, typeProblems(path, "k8s.ObjectMeta", value)...)
	metadata, _ := value.(map[string]any)
	labels, _, _ := unstructured.NestedStringMap(metadata, "labels")
	problems = append(problems, reservedLabels(path.Child("labels"), labels)...)
	annotations, _, _ := unstructured.NestedStringMap(metadata, "annotations")
	problems = append(problems, reservedAnnotations(path.Child("annotations"), annotations)...)
	return append(problems, unknownFields(path, metadata,
		"name", "generateName", "namespace", "labels", "annotations", "finalizers", "ownerReferences")...)
}

func unknownFields(path *field.Path, in map[string]any, known ...string) (problems field.ErrorList) {
	near := newHints(known)
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if len(problems) < mostProblems && !slices.Contains(known, key) {
			problems = append(problems, field.Forbidden(path.Child(shownName(key)), "a new workflow has no such field"+near.near(key)))
		}
	}
	return problems
}

// wrongType is a problem with a value that is not shown: it could be anything.
func wrongType(path *field.Path, detail string) *field.Error {
	return field.TypeInvalid(path, field.OmitValueType{}, detail)
}
