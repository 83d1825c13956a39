package workflow

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// parseManifest reads a Workflow from YAML or JSON: one object, no key twice, nothing beside
// or in its metadata that a new workflow doesn't have. Mistakes of syntax are told with their
// line. Parameter values become texts, as the API wants them.
func parseManifest(path *field.Path, data []byte, namespace string) (draft, field.ErrorList) {
	if documents(data) > 1 {
		return draft{}, field.ErrorList{field.Invalid(path, field.OmitValueType{}, "has more than one document; start them one by one")}
	}
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return draft{}, field.ErrorList{field.Invalid(path, field.OmitValueType{}, syntaxProblem(err))}
	}
	obj := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(text, &obj.Object); err != nil || obj.Object == nil {
		return draft{}, field.ErrorList{field.Invalid(path, field.OmitValueType{}, "must be a Workflow object")}
	}
	problems := manifestProblems(path, obj, namespace)
	if len(problems) > 0 {
		return draft{}, problems
	}
	base := strings.TrimRight(obj.GetGenerateName(), ".-")
	if base == "" {
		base = obj.GetName()
	}
	parametersToTexts(obj)
	return draft{what: "the manifest", base: base, obj: obj}, nil
}

// documents counts those that have something in them.
func documents(data []byte) (n int) {
	for _, document := range regexp.MustCompile(`(?m)^---(\s|$)`).Split(string(data), -1) {
		for line := range strings.Lines(document) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' && line[0] != '%' && line != "..." {
				n++
				break
			}
		}
	}
	return n
}

func syntaxProblem(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:")
	return strings.Join(strings.Fields(text), " ")
}

func manifestProblems(path *field.Path, obj *unstructured.Unstructured, namespace string) (problems field.ErrorList) {
	for _, p := range checkObject(obj, namespace) {
		p.Field = path.Child(p.Field).String()
		problems = append(problems, p)
	}
	unknown := func(in map[string]any, at *field.Path, known ...string) {
		for _, key := range slices.Sorted(maps.Keys(in)) {
			if !slices.Contains(known, key) {
				problems = append(problems, field.Forbidden(at.Child(key), "a new workflow has no such field"+choices(key, known)))
			}
		}
	}
	unknown(obj.Object, path, "apiVersion", "kind", "metadata", "spec")
	if metadata, ok := obj.Object["metadata"].(map[string]any); ok {
		for _, key := range []string{"name", "generateName", "namespace"} {
			if value, given := metadata[key]; given {
				if _, ok := value.(string); !ok {
					problems = append(problems, field.TypeInvalid(path.Child("metadata", key), value, "must be a text; quote it"))
				}
			}
		}
		unknown(metadata, path.Child("metadata"), "name", "generateName", "namespace", "labels", "annotations", "finalizers", "ownerReferences")
		for _, key := range []string{"labels", "annotations"} {
			if _, _, err := unstructured.NestedStringMap(metadata, key); err != nil {
				problems = append(problems, field.TypeInvalid(path.Child("metadata", key), field.OmitValueType{}, "must be a map of texts; quote numbers and bools"))
			}
		}
	}
	if _, ok := obj.Object["spec"].(map[string]any); !ok {
		problems = append(problems, field.Required(path.Child("spec"), "what to run"))
	}
	if shutdown, given, _ := unstructured.NestedFieldNoCopy(obj.Object, "spec", "shutdown"); given && shutdown != "" {
		problems = append(problems, field.Forbidden(path.Child("spec", "shutdown"), "a workflow is stopped once it runs"))
	}
	return problems
}

// parametersToTexts makes texts of the numbers and bools that YAML has for arguments.
func parametersToTexts(obj *unstructured.Unstructured) {
	items, _, _ := unstructured.NestedFieldNoCopy(obj.Object, "spec", "arguments", "parameters")
	list, _ := items.([]any)
	for _, item := range list {
		parameter, _ := item.(map[string]any)
		if text, ok := textOf(parameter["value"]); ok {
			parameter["value"] = text
		}
	}
}

// setParameters puts values into a workflow's arguments: in place of those it has, with what
// else these say kept, or behind them, sorted by name so that the same request makes the
// same object.
func setParameters(obj *unstructured.Unstructured, texts map[string]string) error {
	if len(texts) == 0 {
		return nil // no empty list: v1 had none either
	}
	list, _, _ := unstructured.NestedSlice(obj.Object, "spec", "arguments", "parameters")
	rest := maps.Clone(texts)
	for _, item := range list {
		parameter, _ := item.(map[string]any)
		name, _ := parameter["name"].(string)
		if text, given := texts[name]; given {
			parameter["value"] = text
			delete(parameter, "valueFrom")
			delete(rest, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		list = append(list, map[string]any{"name": name, "value": rest[name]})
	}
	if err := unstructured.SetNestedSlice(obj.Object, list, "spec", "arguments", "parameters"); err != nil {
		return fmt.Errorf("%w: spec.arguments: %w", ErrInvalid, err)
	}
	return nil
}

// mergeSpec puts the request's further spec fields over those of the draft. Of arguments,
// which have several parts, each part goes by itself.
func mergeSpec(spec, over map[string]any) error {
	over, err := copySpec(over)
	if err != nil {
		return err
	}
	for key, value := range over {
		parts, ok := value.(map[string]any)
		old, had := spec[key].(map[string]any)
		if key == "arguments" && ok && had {
			maps.Copy(old, parts)
			continue
		}
		spec[key] = value
	}
	return nil
}

// copySpec brings a spec that may hold any Go values to the few types that an unstructured
// object may have.
func copySpec(spec map[string]any) (map[string]any, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	own := map[string]any{}
	if err := utiljson.Unmarshal(text, &own); err != nil {
		return nil, err
	}
	if own == nil { // spec was nil: "null"
		own = map[string]any{}
	}
	return own, nil
}
