package workflow

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// template is what a workflow's spec asks of those who start it: the spec of a
// WorkflowTemplate, or that of a workflow that brings its own templates. It does not change.
type template struct {
	what       string                            // for texts, e.g. `template "bulk-load"`
	entrypoint string                            // "" if it names none
	inputs     map[string]map[string]declaration // of each entrypoint that it has
	declared   map[string]declaration
	reads      parameterUses
	calls      templateCalls   // of templates that others have
	exits      []exitHandler   // that get the arguments of the workflow
	opaque     bool            // it refers to yet another template as a whole
	unfit      field.ErrorList // what is wrong with it however it is used
}

type declaration struct {
	hasValue, hasDefault bool
	value                string // "" also where the value is to come from elsewhere
	enum                 []string
}

func newTemplate(what string, spec map[string]any) *template {
	t := &template{what: what, declared: declarations(spec, "arguments"), inputs: map[string]map[string]declaration{}}
	t.unfit = reservedMetadata(field.NewPath("template", "spec"), spec)
	t.entrypoint, _, _ = unstructured.NestedString(spec, "entrypoint")
	items, _, _ := unstructured.NestedSlice(spec, "templates")
	for _, item := range items {
		inner, _ := item.(map[string]any)
		name, _, _ := unstructured.NestedString(inner, "name")
		t.inputs[name] = declarations(inner, "inputs")
	}
	t.opaque = spec["workflowTemplateRef"] != nil
	t.reads.within(spec)
	t.calls.within(spec)
	t.exits = exitHandlers(spec)
	return t
}

// exitHandler is a template that runs at the end of a workflow.
type exitHandler struct {
	of   status.TemplateRef // without a name: the workflow's own templates
	name string
}

// exitHandlers are those that Argo hands the workflow's arguments, so that these can be their inputs: that
// of onExit, and that of the hook exit, unless it has arguments of its own.
func exitHandlers(spec map[string]any) (handlers []exitHandler) {
	if name, _, _ := unstructured.NestedString(spec, "onExit"); name != "" {
		handlers = append(handlers, exitHandler{name: name})
	}
	hook, _, _ := unstructured.NestedMap(spec, "hooks", "exit")
	arguments, _ := hook["arguments"].(map[string]any)
	parameters, _ := arguments["parameters"].([]any)
	artifacts, _ := arguments["artifacts"].([]any)
	if hook == nil || len(parameters)+len(artifacts) > 0 {
		return handlers
	}
	if ref, elsewhere := hook["templateRef"].(map[string]any); elsewhere {
		name, _ := ref["template"].(string)
		return append(handlers, exitHandler{of: calledRef(ref), name: name})
	}
	name, _ := hook["template"].(string)
	return append(handlers, exitHandler{name: name})
}

func declarations(of map[string]any, key string) map[string]declaration {
	items, _, _ := unstructured.NestedSlice(of, key, "parameters")
	found := make(map[string]declaration, len(items))
	for _, item := range items {
		fields, _ := item.(map[string]any)
		name, _ := fields["name"].(string)
		if name == "" {
			continue // and is a problem of its own
		}
		var d declaration
		d.value, d.hasValue = textOf(fields["value"])
		d.hasValue = d.hasValue || fields["valueFrom"] != nil
		d.hasDefault = fields["default"] != nil
		allowed, _ := fields["enum"].([]any)
		for _, value := range allowed {
			if text, ok := textOf(value); ok {
				d.enum = append(d.enum, text)
			}
		}
		found[name] = d
	}
	return found
}

// templateUse is a workflow's spec held against the template it starts from.
type templateUse struct {
	*template
	entrypoint   string
	declared     map[string]declaration // by the template, with the values that the workflow's spec has
	allowUnknown bool
	called       calledTemplates
	// What the workflow's own spec has of these, beside the template.
	ownReads parameterUses
	ownCalls templateCalls
	ownExits []exitHandler
}

// use holds a workflow's own spec against t. The spec's entrypoint and arguments go before
// those of t.
func (t *template) use(spec map[string]any, allowUnknown bool) templateUse {
	u := templateUse{
		template: t, entrypoint: t.entrypoint, declared: maps.Clone(t.declared), allowUnknown: allowUnknown, ownExits: exitHandlers(spec),
	}
	u.ownReads.within(spec)
	u.ownCalls.within(spec)
	if own, _, _ := unstructured.NestedString(spec, "entrypoint"); own != "" {
		u.entrypoint = own
	}
	for name, own := range declarations(spec, "arguments") {
		if len(own.enum) == 0 {
			own.enum = t.declared[name].enum
		}
		if !own.hasValue {
			own.value, own.hasValue = t.declared[name].value, t.declared[name].hasValue
		}
		u.declared[name] = own
	}
	return u
}

// problems finds what is wrong with a start whose further arguments are texts. faulty: those that
// are given too, but have no text.
func (u templateUse) problems(texts map[string]string, faulty ...string) (problems field.ErrorList) {
	problems = append(problems, u.unfit...)
	if u.opaque {
		return problems
	}
	entrypoint := field.NewPath("entrypoint")
	_, known := u.inputs[u.entrypoint]
	entrypoints := slices.Collect(maps.Keys(u.inputs))
	switch {
	case u.entrypoint == "":
		problems = append(problems, field.Required(entrypoint, u.what+" names none"+choices("", entrypoints)))
	case !known:
		problems = append(problems, field.Invalid(entrypoint, shownName(u.entrypoint),
			u.what+" has no such entrypoint"+choices(u.entrypoint, entrypoints)))
	}

	return append(problems, u.parameterProblems(texts, faulty)...)
}

func (u templateUse) parameterProblems(texts map[string]string, faulty []string) (problems field.ErrorList) {
	path := field.NewPath("parameters")
	without := setOf(faulty)
	given := func(name string) bool {
		_, hasText := texts[name]
		return hasText || without[name]
	}
	inputs := u.inputs[u.entrypoint]
	for _, name := range slices.Sorted(maps.Keys(u.declared)) {
		d := u.declared[name]
		switch {
		case given(name):
		case !d.hasValue: // a default is none here: Argo ignores it for the arguments of a workflow
			problems = append(problems, field.Required(keyed(path, name), u.what+" has no value for it"))
		case d.value != "" && len(d.enum) > 0 && !slices.Contains(d.enum, d.value):
			problems = append(problems, outsideEnum(keyed(path, name), d.enum))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		_, declared := u.declared[name]
		if input := inputs[name]; !given(name) && !declared && !input.hasValue && !input.hasDefault {
			problems = append(problems, field.Required(keyed(path, name), fmt.Sprintf("entrypoint %s needs it", quoted(u.entrypoint))))
		}
	}
	return append(problems, u.givenProblems(texts, faulty)...)
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// givenProblems finds which of the given parameters are unknown, or not among what is allowed.
func (u templateUse) givenProblems(texts map[string]string, faulty []string) (problems field.ErrorList) {
	path, names := field.NewPath("parameters"), newHints(u.parameters())
	for _, name := range givenNames(texts, faulty) {
		d, declared := u.declared[name]
		if !declared {
			d = u.inputs[u.entrypoint][name]
		}
		text, hasText := texts[name]
		switch {
		case !u.allowUnknown && !u.knows(name):
			problems = append(problems, field.Forbidden(keyed(path, name), u.what+" has no such parameter"+names.near(name)))
		case hasText && len(d.enum) > 0 && !slices.Contains(d.enum, text):
			problems = append(problems, outsideEnum(keyed(path, name), d.enum))
		}
	}
	return problems
}

func outsideEnum(path *field.Path, enum []string) *field.Error {
	return hiddenValue(path, "must be one of: "+enumText(enum, ", "))
}

// knows reports whether a parameter of that name makes a difference, or can make one.
func (u templateUse) knows(name string) bool {
	_, declared := u.declared[name]
	_, isInput := u.inputs[u.entrypoint][name]
	return declared || isInput || u.reads.has(name) || u.ownReads.has(name) || u.called.mayRead(name) || u.atExit(name)
}

// atExit reports whether an exit handler has an input of that name.
func (u templateUse) atExit(name string) bool {
	return slices.ContainsFunc(slices.Concat(u.exits, u.ownExits), func(handler exitHandler) bool {
		of := u.template
		if handler.of.Name != "" {
			of = u.called.read[handler.of]
		}
		if of == nil {
			return false
		}
		_, isInput := of.inputs[handler.name][name]
		return isInput
	})
}

// allCalls are those of the template and of the workflow's own spec.
func (u templateUse) allCalls() templateCalls {
	return templateCalls{refs: slices.Concat(u.calls.refs, u.ownCalls.refs), unclear: u.calls.unclear || u.ownCalls.unclear}
}

// unknown reports whether any of the given parameters makes no difference, as far as u sees.
func (u templateUse) unknown(given ...map[string]string) bool {
	for _, texts := range given {
		for name := range texts {
			if !u.knows(name) {
				return true
			}
		}
	}
	return false
}

func (u templateUse) parameters() []string {
	all := maps.Clone(u.declared)
	maps.Copy(all, u.inputs[u.entrypoint])
	for _, handler := range slices.Concat(u.exits, u.ownExits) {
		if handler.of.Name == "" {
			maps.Copy(all, u.inputs[handler.name])
		}
	}
	return slices.Collect(maps.Keys(all))
}
