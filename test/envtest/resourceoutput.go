package envtest

import (
	"bytes"
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// checkOutputs rejects output parameters of a resource template that the stand-in can't fill.
func checkOutputs(parameters []map[string]any) error {
	for _, parameter := range parameters {
		if from := valueFrom(parameter); from["jqFilter"] != nil && from["jsonPath"] == nil {
			return fmt.Errorf("output parameter %v: the stand-in for the executor has no jq, use jsonPath in place of jqFilter", parameter["name"])
		}
	}
	return nil
}

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
			parameter["value"] = ""
			if value, ok := from["default"]; ok {
				parameter["value"] = value
			}
		case path != "":
			value, err := atPath(path, object)
			if err != nil {
				return nil, fmt.Errorf("output parameter %v: %w", parameter["name"], err)
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
		return "", fmt.Errorf("jsonPath %s: %w", path, err)
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, object.Object); err != nil {
		return "", fmt.Errorf("jsonPath %s: %w", path, err)
	}
	return text.String(), nil
}
