package workflow

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// parseNodeSelector reads a selector of nodes; "" selects all.
func parseNodeSelector(path *field.Path, text string) (fields.Selector, field.ErrorList) {
	selector, err := fields.ParseSelector(text)
	if err != nil {
		return nil, field.ErrorList{field.Invalid(path, text, err.Error())}
	}
	var problems field.ErrorList
	for _, term := range selector.Requirements() {
		if !slices.Contains(selectable(), term.Field) && !strings.HasPrefix(term.Field, inputParameters) {
			problems = append(problems, field.NotSupported(path, term.Field, append(selectable(), inputParameters+"<name>.value")))
		}
	}
	return selector, problems
}

const inputParameters = "inputs.parameters."

func selectable() []string {
	return []string{
		"id", "name", "displayName", "phase", "templateName", "templateRef.name", "templateRef.template",
	}
}

// nodeFields lets a field selector look at a node. The names are those that the argo CLI's
// --node-field-selector takes; a field that a node doesn't have is "".
type nodeFields struct{ node *status.Node }

// Has implements fields.Fields.
func (f nodeFields) Has(name string) bool { return f.Get(name) != "" }

// Get implements fields.Fields.
func (f nodeFields) Get(name string) string {
	n := f.node
	switch name {
	case "id":
		return n.ID
	case "name":
		return n.Name
	case "displayName":
		return n.DisplayName
	case "phase":
		return string(n.Phase)
	case "templateName":
		if n.TemplateRef.Name != "" {
			return n.TemplateRef.Template
		}
		return n.TemplateName
	case "templateRef.name":
		return n.TemplateRef.Name
	case "templateRef.template":
		return n.TemplateRef.Template
	}
	if parameter, ok := strings.CutPrefix(name, inputParameters); ok {
		value, _ := n.Inputs.Parameter(strings.TrimSuffix(parameter, ".value"))
		return value
	}
	return ""
}
