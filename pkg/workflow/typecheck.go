package workflow

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// typeProblems finds the values that Argo cannot decode, in an object of a type of [argoTypes].
// The API server takes them, since Argo's minimal resource definitions have no schema. But a
// controller of 4.x exits when it meets one, for every workflow of the cluster, and one of 3.x
// fails the workflow. Fields that are in no table pass: a later Argo may have them.
func typeProblems(path *field.Path, kind string, value any) field.ErrorList {
	c := typeCheck{fields: map[string]map[string]string{}}
	c.check(path, kind, value)
	return c.problems
}

// mostProblems is how many problems of a kind are looked for in an object. There can be one for every few
// bytes of it, each with a path as long as it is deep.
const mostProblems = 1000

type typeCheck struct {
	fields   map[string]map[string]string // the kinds of fields, by the types that were met
	ofSteps  hints                        // for fields that a step doesn't have
	problems field.ErrorList
}

func (c *typeCheck) check(path *field.Path, kind string, value any) {
	if value == nil || len(c.problems) >= mostProblems {
		return // the former is decoded as if it were left out
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
			c.check(keyed(path, key), of, values[key])
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

// closedType is the one type in which Argo's decoder refuses fields that it does not know.
const closedType = "WorkflowStep"

func (c *typeCheck) field(path *field.Path, kind, key string, value any) {
	fields := c.fieldsOf(kind)
	of, known := fields[key]
	if !known && kind == closedType {
		if c.ofSteps.of == nil {
			c.ofSteps = newHints(slices.Collect(maps.Keys(fields)))
		}
		c.problems = append(c.problems, field.Forbidden(path.Child(shownName(key)),
			"a step has no such field"+c.ofSteps.near(key)))
		return
	}
	if !known { // within steps, Argo reads names in any case
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

// fieldsOf returns the kinds of a type's fields.
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

// scalarProblem says what is wrong with a value of a scalar kind; "" if nothing is.
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

// decodes reports whether a value is one of type T, by T's own decoder as Argo uses it.
func decodes[T any](value any) bool {
	text, err := json.Marshal(value)
	return err == nil && json.Unmarshal(text, new(T)) == nil
}
