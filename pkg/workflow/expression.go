package workflow

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// Expression is a value of a parameter or of a gate's output in which Argo evaluates the
// expressions between {{ and }}. A value of any other type must not contain these braces. Argo does
// not distinguish them from those of the template, so anyone who can set a value could read other
// parameters or make the controller evaluate an expression. Never convert untrusted input to an
// Expression.
type Expression string

func isExpression(value any) bool {
	switch value.(type) {
	case Expression, *Expression:
		return true
	}
	return false
}

// parameterStrings returns parameters or outputs as strings, and the names of those whose values
// are invalid.
func parameterStrings(path *field.Path, values map[string]any) (sent map[string]string, faulty []string, problems field.ErrorList) {
	return spec.Strings(path, values, isExpression)
}
