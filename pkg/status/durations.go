package status

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// durations are those of the suspend templates of a workflow. A template without one has no entry.
type durations struct {
	// local are those of the workflow itself, or of the template it was made from, by name.
	local map[string]string
	// inline are those of templates that stand in a step or task of a local one.
	inline map[step]string
	// stored are those of other templates, by their keys in status.storedTemplates.
	stored map[string]string
	// usual is what templateDefaults give to a suspend template that has none.
	usual string
	// arguments are the values of the workflow's parameters, as far as they are known.
	arguments map[string]string

	nodes []*Node
	byID  map[string]*Node // of nodes; nil until it is needed
}

// step is a step or task of a template.
type step struct{ template, name string }

func (d *durations) none() bool {
	return len(d.local) == 0 && len(d.inline) == 0 && len(d.stored) == 0 && d.usual == ""
}

func readDurations(spec, status *object) *durations {
	d := &durations{
		local: map[string]string{}, inline: map[step]string{}, stored: map[string]string{}, arguments: map[string]string{},
	}
	d.readSpec(spec.late("templates", "templateDefaults"))
	fromStatus := status.late("storedWorkflowTemplateSpec", "storedTemplates")
	// What the controller has stored is what it runs. Where a template was referred to,
	// the arguments that were left to its defaults are in there too.
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

// readSpec reports whether there is a duration in the spec.
func (d *durations) readSpec(spec *object) (found bool) {
	if text := durationOf(spec.object("templateDefaults")); text != "" {
		d.usual, found = text, true
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

// stepsOf are the steps or tasks of a template.
func stepsOf(template *object) []*object {
	steps := template.object("dag").objects("tasks")
	for _, group := range template.list("steps") {
		of := object{fields: map[string]any{"group": group}, parent: template, dropped: template.dropped}
		steps = append(steps, of.objects("group")...)
	}
	return steps
}

// maxDuration is how long the text of a duration may be, also with the values of parameters put in:
// one text can be that of as many nodes as there are. In the place of a longer one is overlong.
const (
	maxDuration = 1 << 10
	overlong    = "…"
)

// durationOf returns the duration of a suspend template as it is written; "": none.
func durationOf(template *object) string {
	text, _ := template.object("suspend").text("duration")
	if len(text) > maxDuration {
		return overlong
	}
	return text
}

// readArguments takes the arguments of the spec. Where one has its value from elsewhere, such as a
// ConfigMap, the value that a template gives it does not count.
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

// late returns an object with the named members of o, and reads those that were left unread. Nothing is
// recorded as dropped, since no field of the status comes from them.
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
