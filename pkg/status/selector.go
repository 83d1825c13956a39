package status

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/fields"
)

// NodeSelector selects nodes by their fields; see [ParseNodeSelector]. The zero value selects every
// node.
type NodeSelector struct {
	terms fields.Selector
}

// ParseNodeSelector parses a selector in the notation of the argo CLI's --node-field-selector, e.g.
// "displayName=approve,phase!=Failed". The fields are id, name, displayName, phase, templateName,
// templateRef.name, templateRef.template and inputs.parameters.<name>.value. The operators are =,
// == and !=. A comma means "and". Spaces are significant. A field that a node does not have counts
// as empty. "" selects every node.
//
// Commas, = and backslashes in a value need a backslash in front, as [fields.EscapeValue] adds it:
// "displayName="+fields.EscapeValue("load(0:a,b)").
//
// The error is a [*NodeSelectorError].
func ParseNodeSelector(text string) (NodeSelector, error) {
	terms, err := fields.ParseSelector(text)
	switch {
	case err != nil:
		return NodeSelector{}, &NodeSelectorError{Selector: shown(text), Reason: "terms have the form field=value, field==value or field!=value, with commas between" + escapes}
	case terms.Empty() && text != "": // commas alone would mean every node
		return NodeSelector{}, &NodeSelectorError{Selector: shown(text), Reason: "it has no term"}
	}
	for _, term := range terms.Requirements() {
		if !slices.Contains(selectable(), term.Field) && !isInputValue(term.Field) {
			return NodeSelector{}, &NodeSelectorError{Selector: shown(text), Reason: fmt.Sprintf(
				"there is no field %q; there are: %s%s", brief(term.Field, maxShownName), strings.Join(append(selectable(), inputParameters+"<name>"+valueOf), ", "), escapes)}
		}
	}
	return NodeSelector{terms: terms}, nil
}

// Empty reports whether s selects every node.
func (s NodeSelector) Empty() bool { return s.terms == nil || s.terms.Empty() }

// Matches reports whether s selects n.
func (s NodeSelector) Matches(n *Node) bool { return s.Empty() || s.terms.Matches(nodeFields{n}) }

// String returns the selector in its notation, without the values of parameters, which may be
// secret.
func (s NodeSelector) String() string {
	if s.terms == nil {
		return ""
	}
	var terms []string
	for _, term := range s.terms.Requirements() {
		value := fields.EscapeValue(term.Value)
		if isInputValue(term.Field) {
			value = "…"
		}
		terms = append(terms, term.Field+string(term.Operator)+value)
	}
	return strings.Join(terms, ",")
}

// Select returns the nodes that selector matches, in order of their start. If the nodes are not
// known, there are none; see NodesErr.
func (s *WorkflowStatus) Select(selector NodeSelector) []*Node { return s.nodesThat(selector.Matches) }

// NodeSelectorError is the error for a selector that cannot be parsed. Selector shows the values of
// fields such as displayName, but not those of parameters or of unknown fields, which may be
// secret.
type NodeSelectorError struct {
	Selector, Reason string // Reason says what is wrong with Selector
}

// shown returns selector without values that may be secret.
func shown(selector string) string {
	terms := strings.Split(selector, ",")
	hidden := false // whether the previous value is hidden; the next term may be a part of it
	for i, term := range terms {
		field, _, isTerm := strings.Cut(term, "=")
		switch {
		case isTerm && slices.Contains(selectable(), strings.TrimSpace(strings.TrimSuffix(field, "!"))):
			hidden = false
		case isTerm:
			terms[i], hidden = field+"=…", true
		case hidden:
			terms[i] = "…"
		case i == 0: // no operator, or another one
			if end := strings.IndexFunc(term, notInFields); end >= 0 {
				terms[i], hidden = term[:end]+"…", true
			}
		}
	}
	return strings.Join(terms, ",")
}

func notInFields(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
}

func (e *NodeSelectorError) Error() string {
	return fmt.Sprintf("node selector %q: %s", brief(e.Selector, maxShownMessage), e.Reason)
}

const (
	escapes = `; in a value, write \, \= and \\ for a comma, = and backslash`

	inputParameters = "inputs.parameters."
	valueOf         = ".value"
)

func isInputValue(field string) bool {
	return strings.HasPrefix(field, inputParameters) && strings.HasSuffix(field, valueOf) &&
		len(field) > len(inputParameters)+len(valueOf)
}

func selectable() []string {
	return []string{
		"id", "name", "displayName", "phase", "templateName", "templateRef.name", "templateRef.template",
	}
}

// nodeFields are the fields of a node as a field selector reads them.
type nodeFields struct{ node *Node }

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
	parameter := strings.TrimSuffix(strings.TrimPrefix(name, inputParameters), valueOf)
	value, _ := n.Inputs().Parameter(parameter)
	return value
}
