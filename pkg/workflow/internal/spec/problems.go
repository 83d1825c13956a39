package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// maxProblems bounds the problems of one kind in an object. An object can have one for every few
// bytes, each with a path as long as the object is deep.
const maxProblems = 1000

// Problems returns what is wrong with a workflow's spec: values that Argo cannot decode, names of
// parameters, the reference to a template, and reserved labels and annotations.
func Problems(path *field.Path, spec map[string]any) field.ErrorList {
	problems := TypeProblems(path, TypeSpec, spec)
	problems = append(problems, parameterNameProblems(path.Child("arguments"), spec["arguments"])...)
	problems = append(problems, refProblems(path, spec)...)
	return append(problems, reservedMetadata(path, spec)...)
}

// FieldProblems returns what is wrong with fields of any Go types that are to be put into a spec.
func FieldProblems(path *field.Path, fields map[string]any) field.ErrorList {
	own, err := Copy(fields)
	if err != nil {
		return field.ErrorList{Hidden(path, err.Error())}
	}
	return append(TypeProblems(path, TypeSpec, own), reservedMetadata(path, own)...)
}

// parameterNameProblems finds names that are missing, malformed or duplicate. [TypeProblems] finds
// names of another type.
func parameterNameProblems(path *field.Path, value any) (problems field.ErrorList) {
	arguments, _ := value.(map[string]any)
	list, _ := arguments["parameters"].([]any)
	path = path.Child("parameters")
	seen := make(map[string]bool, len(list))
	for i, item := range list {
		if len(problems) >= maxProblems {
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
		problems = append(problems, SubdomainProblems(at.Child("name"), name)...)
	}
	known := []string{"name", "clusterScope"}
	for _, key := range slices.Sorted(maps.Keys(ref)) {
		// A field that is unlike these may be one of a later Argo.
		if near := Nearest(key, known); near != "" && near != key {
			problems = append(problems, field.Forbidden(at.Child(shown.Name(key)), "a reference has no such field"+Choices(key, known)))
		}
	}
	if templates := spec["templates"]; templates != nil {
		if list, ok := templates.([]any); !ok || len(list) > 0 {
			problems = append(problems, field.Forbidden(path.Child("templates"), "a workflow has a workflowTemplateRef or templates, not both"))
		}
	}
	return problems
}

// unknownFields finds the fields of a manifest that a new workflow does not have.
func unknownFields(path *field.Path, in map[string]any, known ...string) (problems field.ErrorList) {
	hints := NewHints(known)
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if len(problems) < maxProblems && !slices.Contains(known, key) {
			problems = append(problems, field.Forbidden(path.Child(shown.Name(key)), "a new workflow has no such field"+hints.Near(key)))
		}
	}
	return problems
}

// SubdomainProblems returns what is wrong with the name of a Kubernetes object.
func SubdomainProblems(path *field.Path, name string) (problems field.ErrorList) {
	for _, msg := range validation.IsDNS1123Subdomain(name) {
		problems = append(problems, field.Invalid(path, name, msg))
	}
	return problems
}

// Enum lists the values that a parameter may have. A long list is cut off.
func Enum(values []string, separator string) string {
	const most = 20
	listed := shown.Names(values[:min(len(values), most)])
	if more := len(values) - most; more > 0 {
		listed = append(listed, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(listed, separator)
}

// Hidden returns a problem with a value that must not be shown.
func Hidden(path *field.Path, detail string) *field.Error {
	return field.Invalid(path, field.OmitValueType{}, detail)
}

// wrongType returns a problem with a value of the wrong type, which is not shown.
func wrongType(path *field.Path, detail string) *field.Error {
	return field.TypeInvalid(path, field.OmitValueType{}, detail)
}
