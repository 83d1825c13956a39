package backfill

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// derivedNames returns the names of the values that follow from the configuration: those of the
// parameters of bulk-load.
func derivedNames() []string {
	return []string{
		"coordinator-config", "coordinator-host", "coordinator-insecure", "coordinator-password",
		parameterCoordinatorSecret, "coordinator-username",
		"localstack-enabled", "replicas", "s3-endpoint", "s3-region", "s3-repo-uri", "session-name", "snapshot-name",
		"snapshot-repo-name", "source-version", "target-config", "target-host", "target-insecure", "target-password",
		parameterTargetSecret, "target-username", "use-localstack-aws-creds",
	}
}

// mapped returns the parameters that a mapping makes of the derived values.
func mapped(mapping, derived map[string]any) map[string]any {
	parameters := map[string]any{}
	for name, from := range mapping {
		if value := mappedValue(from, derived); value != nil {
			parameters[name] = value
		}
	}
	return parameters
}

// mappedValue returns a derived value, or an object of them without the members that have none. It
// returns nil if there is no value.
func mappedValue(from any, derived map[string]any) any {
	members, isObject := from.(map[string]any)
	if !isObject {
		name, _ := from.(string)
		return derived[name]
	}
	if object := mapped(members, derived); len(object) > 0 {
		return object
	}
	return nil
}

// mappedFrom returns the parameters of a mapping that have one of these derived values, sorted.
func mappedFrom(mapping map[string]any, names []string) (parameters []string) {
	for _, parameter := range slices.Sorted(maps.Keys(mapping)) {
		name, _ := mapping[parameter].(string)
		members, _ := mapping[parameter].(map[string]any)
		if slices.Contains(names, name) || len(mappedFrom(members, names)) > 0 {
			parameters = append(parameters, parameter)
		}
	}
	return parameters
}

// parameterText returns the value of a parameter as the workflow gets it.
func parameterText(value any) string {
	switch value.(type) {
	case map[string]any, []any:
		var text strings.Builder
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(value) // it was sent, or could be
		return strings.TrimSuffix(text.String(), "\n")
	}
	return fmt.Sprint(value)
}

// parameterDiffers reports whether a workflow got another value than now. Of an object that a mapping makes,
// only members with one of these derived values count.
func parameterDiffers(mapping, now any, was string, names []string) bool {
	members, isMapped := mapping.(map[string]any)
	object, isObject := now.(map[string]any)
	var before map[string]any
	if !isMapped || !isObject || json.Unmarshal([]byte(was), &before) != nil {
		return parameterText(now) != was
	}
	return membersDiffer(members, object, before, names)
}

func membersDiffer(mapping, now, was map[string]any, names []string) bool {
	return slices.ContainsFunc(mappedFrom(mapping, names), func(name string) bool {
		members, isMapped := mapping[name].(map[string]any)
		if !isMapped {
			return fmt.Sprint(now[name]) != fmt.Sprint(was[name])
		}
		inNow, _ := now[name].(map[string]any)
		inWas, _ := was[name].(map[string]any)
		return membersDiffer(members, inNow, inWas, names)
	})
}

// mappingProblems checks a mapping, which is nested less deep than most.
func mappingProblems(path *field.Path, mapping map[string]any, most int) (problems field.ErrorList) {
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		if len(problems) >= mostMappingProblems { // one that contains itself has no end
			break
		}
		at := path.Child(shownKey(name))
		switch from := mapping[name].(type) {
		case string:
			if !slices.Contains(derivedNames(), from) {
				problems = append(problems, field.NotSupported(at, field.OmitValueType{}, derivedNames()))
			}
		case map[string]any:
			if most == 0 {
				problems = append(problems, field.Invalid(at, field.OmitValueType{}, "is nested too deep"))
				continue
			}
			problems = append(problems, mappingProblems(at, from, most-1)...)
		default:
			problems = append(problems, field.TypeInvalid(at, field.OmitValueType{}, "must be the name of a value, or a mapping of such names"))
		}
	}
	return problems
}

// maxMapping is how deep a mapping may be nested, mostMappingProblems how many problems are listed of one.
const maxMapping, mostMappingProblems = 8, 100
