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

// shapeProblems finds the values in a workflow's spec that Argo cannot decode, and what is wrong
// with the parts that a start reads and changes. The rest is the controller's to judge.
func shapeProblems(path *field.Path, spec map[string]any) field.ErrorList {
	problems := typeProblems(path, "WorkflowSpec", spec)
	problems = append(problems, parameterNameProblems(path.Child("arguments"), spec["arguments"])...)
	problems = append(problems, refProblems(path, spec)...)
	return append(problems, reservedMetadata(path, spec)...)
}

func argumentProblems(path *field.Path, value any) field.ErrorList {
	return append(typeProblems(path, "Arguments", value), parameterNameProblems(path, value)...)
}

// parameterNameProblems finds names that are missing, malformed or there twice. Those of another
// type than Argo's are in typeProblems.
func parameterNameProblems(path *field.Path, value any) (problems field.ErrorList) {
	arguments, _ := value.(map[string]any)
	list, _ := arguments["parameters"].([]any)
	path = path.Child("parameters")
	seen := make(map[string]bool, len(list))
	for i, item := range list {
		if len(problems) >= mostProblems {
			break
		}
		at := path.Index(i).Child("name")
		parameter, isMap := item.(map[string]any)
		name, isString := parameter["name"].(string)
		switch {
		case item == nil || isMap && parameter["name"] == nil || isString && name == "":
			problems = append(problems, field.Required(at, "the parameter's name"))
		case !isString:
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
	ref, isMap := value.(map[string]any)
	name, isString := ref["name"].(string)
	switch {
	case isMap && ref["name"] == nil || isString && name == "":
		problems = append(problems, field.Required(at.Child("name"), "the template's name"))
	case isString:
		for _, msg := range validation.IsDNS1123Subdomain(name) {
			problems = append(problems, field.Invalid(at.Child("name"), name, msg))
		}
	}
	known := []string{"name", "clusterScope"}
	for _, key := range slices.Sorted(maps.Keys(ref)) {
		// A field that is just unknown may be one of a later Argo.
		if near := nearest(key, known); near != "" && near != key {
			problems = append(problems, field.Forbidden(at.Child(shownName(key)), "a reference has no such field"+choices(key, known)))
		}
	}
	if templates := spec["templates"]; templates != nil {
		if list, ok := templates.([]any); !ok || len(list) > 0 {
			problems = append(problems, field.Forbidden(path.Child("templates"), "a workflow has a workflowTemplateRef or templates, not both"))
		}
	}
	return problems
}
