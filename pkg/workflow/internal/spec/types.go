package spec

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// Type is a type of the table of Argo's types.
type Type string

// The types of which values are checked by themselves.
const (
	TypeWorkflow   Type = "Workflow"
	TypeSpec       Type = "WorkflowSpec"
	TypeArguments  Type = "Arguments"
	TypeMeta       Type = "k8s.TypeMeta"
	TypeObjectMeta Type = "k8s.ObjectMeta"
)

// TypeProblems returns the values within a value of that type that Argo cannot decode. The API
// server accepts them, since Argo's minimal resource definitions have no schema. A controller of
// 4.x exits when it reads one, for every workflow of the cluster, and one of 3.x fails the
// workflow. A field that is not in the table passes: it may be one of a later Argo.
func TypeProblems(path *field.Path, of Type, value any) field.ErrorList {
	c := typeCheck{fields: map[string]map[string]string{}}
	c.check(path, string(of), value)
	return c.problems
}

type typeCheck struct {
	fields    map[string]map[string]string // the kinds of fields, by type; a cache
	stepHints Hints                        // for fields that a step does not have
	problems  field.ErrorList
}

func (c *typeCheck) check(path *field.Path, kind string, value any) {
	if value == nil || len(c.problems) >= maxProblems { // null is decoded like a field that is left out
		return
	}
	if problem, isScalar := scalarProblem(kind, value); isScalar {
		if problem != "" {
			c.problems = append(c.problems, wrongType(path, problem))
		}
		return
	}
	if of, isList := strings.CutPrefix(kind, "[]"); isList {
		c.list(path, of, value)
		return
	}
	values, ok := value.(map[string]any)
	if !ok {
		c.problems = append(c.problems, wrongType(path, "must be a map"))
		return
	}
	of, isMap := strings.CutPrefix(kind, "map[string]")
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if isMap {
			c.check(shown.Key(path, key), of, values[key])
		} else {
			c.field(path, kind, key, values[key])
		}
	}
}

func (c *typeCheck) list(path *field.Path, of string, value any) {
	items, ok := value.([]any)
	if !ok {
		c.problems = append(c.problems, wrongType(path, "must be a list"))
	}
	for i, item := range items {
		c.check(path.Index(i), of, item)
	}
}

// closedType is the only type in which Argo's decoder refuses unknown fields.
const closedType = "WorkflowStep"

func (c *typeCheck) field(path *field.Path, kind, key string, value any) {
	fields := c.fieldsOf(kind)
	of, known := fields[key]
	if !known && kind == closedType {
		if c.stepHints.names == nil {
			c.stepHints = NewHints(slices.Collect(maps.Keys(fields)))
		}
		c.problems = append(c.problems, field.Forbidden(path.Child(shown.Name(key)), "a step has no such field"+c.stepHints.Near(key)))
		return
	}
	if !known { // within steps, Argo ignores the case of names
		for name := range fields {
			if strings.EqualFold(name, key) {
				of, known = fields[name], true
			}
		}
	}
	if known {
		c.check(path.Child(key), of, value)
	}
}

// fieldsOf returns the kinds of a type's fields, by name.
func (c *typeCheck) fieldsOf(kind string) map[string]string {
	if fields, ok := c.fields[kind]; ok {
		return fields
	}
	_, paragraph, _ := strings.Cut(argoTypes, "\n"+kind+":")
	paragraph, _, _ = strings.Cut(paragraph, ";")
	fields := map[string]string{}
	for word := range strings.FieldsSeq(paragraph) {
		if embedded, ok := strings.CutPrefix(word, "+"); ok {
			maps.Copy(fields, c.fieldsOf(embedded))
			continue
		}
		name, of, given := strings.Cut(word, ":")
		if !given {
			of = "string"
		}
		fields[name] = of
	}
	c.fields[kind] = fields
	return fields
}

// scalarProblem returns what is wrong with a value of a scalar kind, or "".
func scalarProblem(kind string, value any) (problem string, isScalar bool) {
	fits := true
	switch kind {
	case "any":
	case "string":
		_, fits = value.(string)
		problem = "must be a string; quote what YAML reads as a number or a bool, such as 1 or n"
	case "bool":
		_, fits = value.(bool)
		problem = "must be true or false, without quotes"
	case "int32":
		fits = decodes[int32](value)
		problem = "must be a whole number of at most 32 bits, without quotes"
	case "int64":
		fits = decodes[int64](value)
		problem = "must be a whole number of at most 64 bits, without quotes"
	case "uint64":
		fits = decodes[uint64](value)
		problem = "must be a whole number that is not negative, without quotes"
	case "intOrString":
		_, isString := value.(string)
		fits = isString || decodes[int32](value)
		problem = "must be a string or a whole number of at most 32 bits"
	case "bytes":
		fits = decodes[[]byte](value)
		problem = "must be a string in base64"
	case "quantity":
		fits = decodes[quantity.Quantity](value)
		problem = "must be a quantity, e.g. 500m or 1Gi"
	case "time":
		fits = decodes[metav1.Time](value)
		problem = "must be a time in RFC 3339, e.g. 2006-01-02T15:04:05Z"
	case "plugin":
		fields, isMap := value.(map[string]any)
		fits = isMap && len(fields) == 1
		problem = "must be a map with one key, the plugin's name"
	default:
		return "", false
	}
	if fits {
		return "", true
	}
	return problem, true
}

// decodes reports whether T's own decoder, which Argo uses, accepts a value.
func decodes[T any](value any) bool {
	text, err := json.Marshal(value)
	return err == nil && json.Unmarshal(text, new(T)) == nil
}
