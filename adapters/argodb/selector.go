package argodb

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
)

// requirements returns those of a selector, which may be nil.
func requirements(selector labels.Selector) labels.Requirements {
	if selector == nil {
		return nil
	}
	all, _ := selector.Requirements()
	return all
}

// alias returns a new name for a joined table.
func alias(s *statement) string {
	return fmt.Sprintf("l%d", len(s.args))
}

// addIn appends a condition that a value is one of some.
func addIn[T ~string](s *statement, values []T) {
	args := make([]any, len(values))
	for i, value := range values {
		args[i] = string(value)
	}
	s.add(" in (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

// timeString writes a time in the format that timeText reads a column in.
func timeString(at time.Time) string {
	return at.UTC().Format("2006-01-02 15:04:05.000000")
}
