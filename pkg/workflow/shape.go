package workflow

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// dropNulls removes the fields that are null, which means the same as leaving them out; only
// full resource definitions refuse it.
func dropNulls(fields map[string]any) {
	maps.DeleteFunc(fields, func(_ string, value any) bool { return value == nil })
}

// shapeProblems finds what is wrong with the parts of a workflow's spec that a start reads
// and changes. The rest is the controller's to judge.
func shapeProblems(path *field.Path, spec map[string]any) field.ErrorList {
	problems := argumentProblems(path.Child("arguments"), spec["arguments"])
	problems = append(problems, refProblems(path, spec)...)
	return append(problems, reservedMetadata(path, spec)...)
}

func argumentProblems(path *field.Path, value any) (problems field.ErrorList) {
	arguments, ok := value.(map[string]any)
	if !ok {
		if value != nil {
			problems = append(problems, wrongType(path, "must be a map"))
		}
		return problems
	}
	path = path.Child("parameters")
	list, ok := arguments["parameters"].([]any)
	if !ok && arguments["parameters"] != nil {
		return append(problems, wrongType(path, "must be a list of maps, each with a name and a value"))
	}
	seen := make(map[string]bool, len(list))
	for i, item := range list {
		parameter, ok := item.(map[string]any)
		if !ok {
			problems = append(problems, wrongType(path.Index(i), "must be a map with a name and a value"))
			continue
		}
		at := path.Index(i).Child("name")
		name, isText := parameter["name"].(string)
		switch {
		case parameter["name"] == nil || isText && name == "":
			problems = append(problems, field.Required(at, "the parameter's name"))
		case !isText:
			problems = append(problems, wrongType(at, "must be a text; quote it"))
		case !validParameterName(name):
			problems = append(problems, field.Invalid(at, name, parameterNameRule))
		case seen[name]:
			problems = append(problems, field.Duplicate(at, name))
		}
		seen[name] = true
	}
	return problems
}

func refProblems(path *field.Path, spec map[string]any) (problems field.ErrorList) {
	value := spec["workflowTemplateRef"]
	if value == nil {
		return nil
	}
	at := path.Child("workflowTemplateRef")
	ref, ok := value.(map[string]any)
	if !ok {
		return append(problems, wrongType(at, "must be a map with a name"))
	}
	name, isText := ref["name"].(string)
	switch {
	case ref["name"] == nil || isText && name == "":
		problems = append(problems, field.Required(at.Child("name"), "the template's name"))
	case !isText:
		problems = append(problems, wrongType(at.Child("name"), "must be a text; quote it"))
	default:
		for _, msg := range validation.IsDNS1123Subdomain(name) {
			problems = append(problems, field.Invalid(at.Child("name"), name, msg))
		}
	}
	if _, isBool := ref["clusterScope"].(bool); ref["clusterScope"] != nil && !isBool {
		problems = append(problems, wrongType(at.Child("clusterScope"), "must be true or false"))
	}
	known := []string{"name", "clusterScope"}
	for _, key := range slices.Sorted(maps.Keys(ref)) {
		// A field that is just unknown may be one of a later Argo.
		if near := nearest(key, known); near != "" && near != key {
			problems = append(problems, field.Forbidden(at.Child(key), "a reference has no such field"+choices(key, known)))
		}
	}
	if templates := spec["templates"]; templates != nil {
		if list, ok := templates.([]any); !ok || len(list) > 0 {
			problems = append(problems, field.Forbidden(path.Child("templates"), "a workflow has a workflowTemplateRef or templates, not both"))
		}
	}
	return problems
}
