package status

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/fields"
)

// NodeSelector selects nodes by their fields; see [ParseNodeSelector]. The zero value
// selects every node.
type NodeSelector struct {
	terms fields.Selector
}

// ParseNodeSelector reads a selector in the notation of the argo CLI's
// --node-field-selector, e.g. "displayName=approve,phase!=Failed". The fields are id, name,
// displayName, phase, templateName, templateRef.name, templateRef.template and
// inputs.parameters.<name>.value; the operators =, == and !=; a comma means "and". Spaces count. A
// node that doesn't have a field counts as having it empty. "" selects every node.
//
// In a value, a backslash stands before each comma, = and backslash that is part of it, as
// [fields.EscapeValue] puts it there: "displayName="+fields.EscapeValue("load(0:a,b)").
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

// String gives the selector's text, but for the values of parameters: they may be secret.
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

// Select returns the nodes that selector matches, in order of their start. Where the nodes
// are not known there are none; see NodesErr.
func (s *WorkflowStatus) Select(selector NodeSelector) []*Node {
	var selected []*Node
	for _, n := range s.Nodes {
		if selector.Matches(n) {
			selected = append(selected, n)
		}
	}
	return selected
}

// NodeSelectorError is the error for a selector that cannot be read. It has only the values of fields
// such as displayName: those of parameters, or of what may be a misspelt parameter, can be secret.
type NodeSelectorError struct {
	Selector, Reason string // Reason is what is wrong with Selector
}

func shown(selector string) string {
	terms := strings.Split(selector, ",")
	hidden := false // the term before, of whose value this may be a part
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

// nodeFields lets a field selector look at a node.
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
