package workflow

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// Expression is the value of a parameter or of a gate's output in which Argo evaluates what is
// between {{ and }}. A value of any other type must not contain these braces: Argo does not tell
// them from those of the template, so anyone who can set a value could read other parameters or
// have the controller compute something. Never convert input from outside to an Expression.
type Expression string

func isExpression(value any) bool {
	switch value.(type) {
	case Expression, *Expression:
		return true
	}
	return false
}

// parameterStrings returns the strings of parameters or outputs, and the names of those that have
// none.
func parameterStrings(path *field.Path, values map[string]any) (sent map[string]string, faulty []string, problems field.ErrorList) {
	return spec.Strings(path, values, isExpression)
}
