package envtest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
)

// conditions are the success and failure conditions of a resource template.
type conditions struct {
	success labels.Selector
	failure labels.Requirements
}

func parseConditions(r *resourceSpec) (c conditions, err error) {
	if c.success, err = labels.Parse(r.SuccessCondition); err != nil {
		return c, fmt.Errorf("success condition '%s' failed to parse: %w", r.SuccessCondition, err)
	}
	if c.failure, err = labels.ParseToRequirements(r.FailureCondition); err != nil {
		return c, fmt.Errorf("fail condition '%s' failed to parse: %w", r.FailureCondition, err)
	}
	return c, nil
}

// check reports whether an object meets the success condition. If it meets the failure condition,
// check returns an error that says which part. As in Argo, success needs all parts of its condition
// and failure one; failure is checked first; without a success condition, any object that doesn't
// fail succeeds. The error has Argo's wording, because retryStrategy.expression can examine it.
func (c conditions) check(object map[string]any) (bool, error) {
	fields := objectFields(object)
	for _, requirement := range c.failure {
		if requirement.Matches(fields) {
			return false, fmt.Errorf("failure condition '%v' evaluated true", requirement)
		}
	}
	return c.success.Matches(fields), nil
}

// objectFields presents the fields of an object as labels, by their dotted paths. A path continues
// into a list with an index.
type objectFields map[string]any

// Has implements labels.Labels.
func (f objectFields) Has(path string) bool {
	_, exists := f.Lookup(path)
	return exists
}

// Get implements labels.Labels.
func (f objectFields) Get(path string) string {
	value, _ := f.Lookup(path)
	return value
}

// Lookup implements labels.Labels. A null field exists and is empty. The value of an object or a
// list is its JSON.
func (f objectFields) Lookup(path string) (string, bool) {
	var at any = map[string]any(f)
	for name := range strings.SplitSeq(path, ".") {
		exists := false
		switch parent := at.(type) {
		case map[string]any:
			at, exists = parent[name]
		case []any:
			i, err := strconv.Atoi(name)
			if exists = err == nil && i >= 0 && i < len(parent); exists {
				at = parent[i]
			}
		}
		if !exists {
			return "", false
		}
	}
	switch value := at.(type) {
	case nil:
		return "", true
	case string:
		return value, true
	default:
		text, err := json.Marshal(value)
		return string(text), err == nil // a value from JSON can always be marshalled
	}
}
