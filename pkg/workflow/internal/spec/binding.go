package spec

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/expression"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// Binding is a template together with the spec of the workflow that runs it.
type Binding struct {
	*Template
	entrypoint string
	declared   map[string]declaration // by the template or by the workflow's spec
	called     calledTemplates
	// What the workflow's own spec has of these, in addition to the template's.
	ownReads parameterReads
	ownCalls templateCalls
	ownExits []exitHandler
}

// Bind returns t with the spec of a workflow that runs it. The entrypoint and the arguments of the
// spec take precedence over those of t.
func (t *Template) Bind(spec map[string]any) *Binding {
	b := &Binding{Template: t, entrypoint: t.entrypoint, declared: maps.Clone(t.declared), ownExits: exitHandlers(spec)}
	b.ownReads.addFrom(spec)
	b.ownCalls.addFrom(spec)
	if own, _, _ := unstructured.NestedString(spec, "entrypoint"); own != "" {
		b.entrypoint = own
	}
	for name, own := range declarations(spec, "arguments") {
		if len(own.enum) == 0 {
			own.enum = t.declared[name].enum
		}
		if !own.hasValue {
			own.value, own.hasValue = t.declared[name].value, t.declared[name].hasValue
		}
		b.declared[name] = own
	}
	return b
}

// BindingOf returns the binding of a workflow that exists: its spec, and the spec that the
// controller has stored of its template. Until that is stored, the parameters are unknown.
func BindingOf(wf *unstructured.Unstructured) *Binding {
	spec, _, _ := unstructured.NestedMap(wf.Object, "spec")
	runs, stored, _ := unstructured.NestedMap(wf.Object, "status", "storedWorkflowTemplateSpec")
	if !stored {
		runs = spec
	}
	t := NewTemplate("the workflow", runs)
	t.opaque = t.opaque && !stored // the stored spec still names the template that it comes from
	// Templates of other WorkflowTemplates can read parameters too. Those that have run are stored.
	templates, _, _ := unstructured.NestedMap(wf.Object, "status", "storedTemplates")
	t.reads.addFrom(templates)
	t.calls.addFrom(templates)
	return t.Bind(spec)
}

// Arguments are the parameters of a request.
type Arguments struct {
	// Required are sent, or are a problem. Optional are sent if they are known.
	Required, Optional map[string]string
	// Faulty are the names of required ones that have no string, see [Strings].
	Faulty []string
}

// All returns the required and the optional arguments.
func (a Arguments) All() map[string]string {
	all := make(map[string]string, len(a.Required)+len(a.Optional))
	maps.Copy(all, a.Required)
	maps.Copy(all, a.Optional)
	return all
}

// Check checks arguments for a new workflow, and returns those to send. allowUnknown sends required
// ones that are unknown. lookup is called if an argument is unknown without the called templates.
func (b *Binding) Check(args Arguments, allowUnknown bool, lookup Lookup) (map[string]string, field.ErrorList) {
	for _, value := range args.All() {
		if expression.In(value) { // which is intended, see Strings
			b.ownReads.addFromString(value, false)
		}
	}
	judged := args.Required
	if allowUnknown {
		judged = nil
	}
	b.LookUp(lookup, judged, args.Optional)
	sent := make(map[string]string, len(args.Required)+len(args.Optional))
	maps.Copy(sent, args.Required)
	for name, value := range args.Optional {
		if b.opaque || b.knows(name) {
			sent[name] = value
		}
	}
	return sent, b.problemsOf(sent, args.Faulty, allowUnknown)
}

// LookUp looks up the templates that the workflow calls, if one of the given parameters is unknown
// without them.
func (b *Binding) LookUp(lookup Lookup, given ...map[string]string) {
	if b.opaque {
		return
	}
	for _, values := range given {
		for name := range values {
			if !b.knows(name) {
				b.called = b.calls.with(b.ownCalls).lookUp(lookup)
				return
			}
		}
	}
}

// OverrideProblems returns what is wrong with new values for parameters of a workflow that exists.
// faulty are the names of those that have no string.
func (b *Binding) OverrideProblems(values map[string]string, faulty []string) field.ErrorList {
	if len(values)+len(faulty) == 0 {
		return nil
	}
	return b.givenProblems(values, faulty, b.opaque)
}

func (b *Binding) problemsOf(sent map[string]string, faulty []string, allowUnknown bool) field.ErrorList {
	problems := slices.Clone(b.problems)
	if b.opaque {
		return problems
	}
	entrypoint := field.NewPath("entrypoint")
	_, known := b.inputs[b.entrypoint]
	entrypoints := slices.Collect(maps.Keys(b.inputs))
	switch {
	case b.entrypoint == "":
		problems = append(problems, field.Required(entrypoint, b.subject+" names no entrypoint"+Choices("", entrypoints)))
	case !known:
		problems = append(problems, field.Invalid(entrypoint, shown.Name(b.entrypoint),
			b.subject+" has no such entrypoint"+Choices(b.entrypoint, entrypoints)))
	}
	problems = append(problems, b.missingProblems(sent, faulty)...)
	return append(problems, b.givenProblems(sent, faulty, allowUnknown)...)
}

// missingProblems finds the parameters that have no value or one that is not allowed, and are not
// given.
func (b *Binding) missingProblems(sent map[string]string, faulty []string) (problems field.ErrorList) {
	path := field.NewPath("parameters")
	given := sets.New(Names(sent, faulty)...)
	for _, name := range slices.Sorted(maps.Keys(b.declared)) {
		d := b.declared[name]
		switch {
		case given.Has(name):
		case !d.hasValue: // a default does not count: Argo ignores it in the arguments of a workflow
			problems = append(problems, field.Required(shown.Key(path, name), b.subject+" has no value for it"))
		case d.value != "" && len(d.enum) > 0 && !slices.Contains(d.enum, d.value):
			problems = append(problems, outsideEnum(shown.Key(path, name), d.enum))
		}
	}
	inputs := b.inputs[b.entrypoint]
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		_, declared := b.declared[name]
		if input := inputs[name]; !given.Has(name) && !declared && !input.hasValue && !input.hasDefault {
			problems = append(problems, field.Required(shown.Key(path, name), fmt.Sprintf("entrypoint %s needs it", shown.Quoted(b.entrypoint))))
		}
	}
	return problems
}

// givenProblems finds the given parameters that are unknown, or whose value is not allowed.
func (b *Binding) givenProblems(values map[string]string, faulty []string, allowUnknown bool) (problems field.ErrorList) {
	path, hints := field.NewPath("parameters"), NewHints(b.parameters())
	for _, name := range Names(values, faulty) {
		d, declared := b.declared[name]
		if !declared {
			d = b.inputs[b.entrypoint][name]
		}
		value, hasString := values[name]
		switch {
		case !allowUnknown && !b.knows(name):
			problems = append(problems, field.Forbidden(shown.Key(path, name), b.subject+" has no such parameter"+hints.Near(name)))
		case hasString && len(d.enum) > 0 && !slices.Contains(d.enum, value):
			problems = append(problems, outsideEnum(shown.Key(path, name), d.enum))
		}
	}
	return problems
}

func outsideEnum(path *field.Path, enum []string) *field.Error {
	return Hidden(path, "must be one of: "+Enum(enum, ", "))
}

// knows reports whether a parameter of that name makes a difference, or may make one.
func (b *Binding) knows(name string) bool {
	_, declared := b.declared[name]
	_, isInput := b.inputs[b.entrypoint][name]
	return declared || isInput || b.reads.has(name) || b.ownReads.has(name) || b.called.mayRead(name) || b.isExitInput(name)
}

func (b *Binding) exitHandlers() []exitHandler { return slices.Concat(b.exits, b.ownExits) }

// isExitInput reports whether an exit handler has an input of that name.
func (b *Binding) isExitInput(name string) bool {
	return slices.ContainsFunc(b.exitHandlers(), func(handler exitHandler) bool {
		in := b.Template
		if handler.in.Name != "" {
			in = b.called.byRef[handler.in]
		}
		if in == nil {
			return false
		}
		_, isInput := in.inputs[handler.name][name]
		return isInput
	})
}

// parameters returns the names to hint at.
func (b *Binding) parameters() []string {
	all := maps.Clone(b.declared)
	maps.Copy(all, b.inputs[b.entrypoint])
	for _, handler := range b.exitHandlers() {
		if handler.in.Name == "" {
			maps.Copy(all, b.inputs[handler.name])
		}
	}
	return slices.Collect(maps.Keys(all))
}
