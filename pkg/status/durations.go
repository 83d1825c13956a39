package status

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// durations holds the durations of a workflow's suspend templates. Templates without a duration
// have no entry.
type durations struct {
	// local has the durations of the templates of the workflow, or of the WorkflowTemplate that it
	// was made from, by name.
	local map[string]string
	// inline has those of the templates within a step or task of a local template.
	inline map[step]string
	// stored has those of other templates, by their keys in status.storedTemplates.
	stored map[string]string
	// fallback is the duration in templateDefaults.
	fallback string
	// arguments are the known values of the workflow's parameters.
	arguments map[string]string

	nodes []*Node
	byID  map[string]*Node // built on demand
}

// step is a step or task of a template.
type step struct{ template, name string }

func (d *durations) none() bool {
	return len(d.local) == 0 && len(d.inline) == 0 && len(d.stored) == 0 && d.fallback == ""
}

func readDurations(spec, status *object) *durations {
	d := &durations{
		local: map[string]string{}, inline: map[step]string{}, stored: map[string]string{}, arguments: map[string]string{},
	}
	d.readSpec(spec.late("templates", "templateDefaults"))
	fromStatus := status.late("storedWorkflowTemplateSpec", "storedTemplates")
	// The controller runs what it has stored. For a workflow made from a template, this includes
	// the template's default arguments.
	if storedSpec := fromStatus.object("storedWorkflowTemplateSpec"); d.readSpec(storedSpec) {
		d.readArguments(storedSpec)
	}
	templates := fromStatus.object("storedTemplates")
	for key := range templates.fields {
		if text := durationOf(templates.object(key)); text != "" {
			d.stored[key] = text
		}
	}
	return d
}

// readSpec reads the durations in a spec, and reports whether there are any.
func (d *durations) readSpec(spec *object) (found bool) {
	if text := durationOf(spec.object("templateDefaults")); text != "" {
		d.fallback, found = text, true
	}
	for _, template := range spec.objects("templates") {
		name := template.string("name")
		if text := durationOf(template); text != "" {
			d.local[name], found = text, true
		}
		for _, s := range stepsOf(template) {
			if text := durationOf(s.object("inline")); text != "" {
				d.inline[step{template: name, name: s.string("name")}], found = text, true
			}
		}
	}
	return found
}

// stepsOf returns the steps or tasks of a template.
func stepsOf(template *object) []*object {
	steps := template.object("dag").objects("tasks")
	for _, group := range template.list("steps") {
		of := object{fields: map[string]any{"group": group}, parent: template, dropped: template.dropped}
		steps = append(steps, of.objects("group")...)
	}
	return steps
}

// maxDuration is the greatest length of a duration, also after substitution: every node may refer
// to the same one. A longer duration is replaced by overlong.
const (
	maxDuration = 1 << 10
	overlong    = "…"
)

// durationOf returns the duration of a suspend template as it is written, or "".
func durationOf(template *object) string {
	text, _ := template.object("suspend").text("duration")
	if len(text) > maxDuration {
		return overlong
	}
	return text
}

// readArguments reads the arguments of a spec. If an argument gets its value from elsewhere, such
// as a ConfigMap, the default of a template does not count.
func (d *durations) readArguments(spec *object) {
	for _, argument := range spec.object("arguments").objects("parameters") {
		name := argument.string("name")
		if argument.fields["valueFrom"] != nil {
			delete(d.arguments, name)
		} else if value, ok := argument.text("value"); ok {
			d.arguments[name] = value
		}
	}
}

func (o *object) hasAny(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return o.fields[key] != nil })
}

// late returns an object with the named members of o, and reads those that were left unread.
// Nothing is recorded as dropped, since no field of the status comes from them.
func (o *object) late(keys ...string) *object {
	fields := make(map[string]any, len(keys))
	for _, key := range keys {
		value := o.fields[key]
		if unread, ok := value.(wfjson.Unread); ok {
			value = unread.Read()
		}
		fields[key] = value
	}
	return &object{fields: fields, dropped: new([]Dropped)}
}
