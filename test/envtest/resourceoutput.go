package envtest

import (
	"cmp"
	"fmt"
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// fillOutputs returns output parameters with values from an object, or with their defaults if
// object is nil. Like Argo, it doesn't change parameters without a path or query, and a path that
// matches nothing yields an empty value.
func fillOutputs(parameters []map[string]any, object *unstructured.Unstructured) ([]any, error) {
	filled := make([]any, 0, len(parameters))
	for _, parameter := range parameters {
		parameter = maps.Clone(parameter)
		filled = append(filled, parameter)
		from := valueFrom(parameter)
		path, _ := from["jsonPath"].(string)
		switch {
		case from == nil:
		case object == nil:
			parameter["value"] = cmp.Or(from["default"], any(""))
		case path != "":
			value, err := atPath(path, object)
			if err != nil {
				return nil, fmt.Errorf("output parameter %v: jsonPath %s: %w", parameter["name"], path, err)
			}
			parameter["value"] = value
		}
	}
	return filled, nil
}

func valueFrom(parameter map[string]any) map[string]any {
	from, _ := parameter["valueFrom"].(map[string]any)
	return from
}

// atPath evaluates a path as `kubectl get -o jsonpath=` does.
func atPath(path string, object *unstructured.Unstructured) (string, error) {
	parsed := jsonpath.New("jsonPath").AllowMissingKeys(true)
	if err := parsed.Parse(path); err != nil {
		return "", err
	}
	var text strings.Builder
	err := parsed.Execute(&text, object.Object)
	return text.String(), err
}
