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
	success, failure labels.Requirements
}

func parseConditions(r *resourceSpec) (conditions, error) {
	var c conditions
	for _, condition := range []struct {
		name, text string
		to         *labels.Requirements
	}{
		{"success", r.SuccessCondition, &c.success},
		{"fail", r.FailureCondition, &c.failure},
	} {
		if condition.text == "" {
			continue
		}
		selector, err := labels.Parse(condition.text)
		if err != nil {
			return c, fmt.Errorf("%s condition '%s' failed to parse: %w", condition.name, condition.text, err)
		}
		*condition.to, _ = selector.Requirements()
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
	for _, requirement := range c.success {
		if !requirement.Matches(fields) {
			return false, nil
		}
	}
	return true, nil
}

// objectFields presents the fields of an object as labels, by their dotted paths. A path continues
// into a list with an index.
type objectFields map[string]any

var _ labels.Labels = objectFields(nil)

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
