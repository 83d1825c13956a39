package status

import (
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// templates holds what is read of a workflow's templates. A template of which nothing is read has no
// entry.
type templates struct {
	// local has the templates of the workflow, or of the WorkflowTemplate that it was made from, by
	// name.
	local map[string]template
	// inline has the templates within a step or task of a local template.
	inline map[step]template
	// stored has other templates, by their keys in status.storedTemplates.
	stored map[string]template
	// fallback is the duration in templateDefaults.
	fallback string
	// arguments are the known values of the workflow's parameters.
	arguments map[string]string
	// withPolled says whether to read resource templates that poll an object. namesPolled are the
	// names of those that there are, and inlinePolled says whether there are inline ones, which have
	// no name.
	withPolled   bool
	namesPolled  map[string]bool
	inlinePolled bool

	nodes []*Node
	byID  map[string]*Node // built on demand
	// steps has the steps of nodes with inline templates, once nodes is gone.
	steps map[string]step
}

// template is what is read of one template.
type template struct {
	duration string // of a suspend template, or ""
	polled   *polledTemplate
}

func (t template) empty() bool { return t == template{} }

// polledTemplate is a resource template that polls an object.
type polledTemplate struct{ manifest, condition string }

// step is a step or task of a template.
type step struct{ template, name string }

func (t *templates) none() bool {
	return len(t.local) == 0 && len(t.inline) == 0 && len(t.stored) == 0 && t.fallback == ""
}

func readTemplates(spec, status *object, withPolled bool) *templates {
	t := &templates{
		local: map[string]template{}, inline: map[step]template{}, stored: map[string]template{}, arguments: map[string]string{},
		withPolled: withPolled,
	}
	t.readSpec(spec.late(withPolled, "templates", "templateDefaults"))
	fromStatus := status.late(withPolled, "storedWorkflowTemplateSpec", "storedTemplates")
	// The controller runs what it has stored. For a workflow made from a template, this includes
	// the template's default arguments.
	if storedSpec := fromStatus.object("storedWorkflowTemplateSpec"); t.readSpec(storedSpec) {
		t.readArguments(storedSpec)
	}
	stored := fromStatus.object("storedTemplates")
	for key := range stored.fields {
		if read := t.read(stored.object(key)); !read.empty() {
			t.stored[key] = read
		}
	}
	if !t.none() {
		t.readArguments(spec.late(false, "arguments"))
	}
	if withPolled {
		t.findPolled()
	}
	return t
}

// readSpec reads the templates in a spec, and reports whether there are any of which something is
// read.
func (t *templates) readSpec(spec *object) (found bool) {
	if text := durationOf(spec.object("templateDefaults")); text != "" {
		t.fallback, found = text, true
	}
	for _, one := range spec.objects("templates") {
		name := one.string("name")
		if read := t.read(one); !read.empty() {
			t.local[name], found = read, true
		}
		for _, s := range stepsOf(one) {
			if read := t.read(s.object("inline")); !read.empty() {
				t.inline[step{template: name, name: s.string("name")}], found = read, true
			}
		}
	}
	return found
}

func (t *templates) read(one *object) template {
	read := template{duration: durationOf(one)}
	if !t.withPolled || one.fields["resource"] == nil {
		return read
	}
	resource := one.object("resource")
	polled := polledTemplate{manifest: resource.string("manifest"), condition: resource.string("successCondition")}
	if resource.string("action") == "get" && polled.manifest != "" && polled.condition != "" {
		read.polled = &polled
	}
	return read
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
func (t *templates) readArguments(spec *object) {
	for _, argument := range spec.object("arguments").objects("parameters") {
		name := argument.string("name")
		if argument.fields["valueFrom"] != nil {
			delete(t.arguments, name)
		} else if value, ok := argument.text("value"); ok {
			t.arguments[name] = value
		}
	}
}

// duration returns the duration in the node's template as it is written there, or "".
func (t *templates) duration(n *Node) string {
	if text := t.find(n, func(one template) bool { return one.duration != "" }).duration; text != "" {
		return text
	}
	return t.fallback
}

// polled returns the template of a node that polls an object, or nil.
func (t *templates) polled(n *Node) *polledTemplate {
	return t.find(n, func(one template) bool { return one.polled != nil }).polled
}

// find looks up the template of a node as the controller does. The key of a template of another
// object consists of the scope ("namespaced" or "cluster"), the object's name, and the name of the
// template, or of the step if the template is inline. wanted says which of several that an inline
// template can be counts.
func (t *templates) find(n *Node, wanted func(template) bool) template {
	if ref := n.TemplateRef; ref.Name != "" {
		scope := "namespaced"
		if ref.ClusterScope {
			scope = "cluster"
		}
		return t.stored[scope+"/"+ref.Name+"/"+ref.Template]
	}
	scope := n.object("templateScope", new([]Dropped)).string("templateScope")
	if scope != "" && !strings.Contains(scope, "/") {
		scope = "namespaced/" + scope // as older versions wrote it
	}
	local := scope == "" || strings.HasPrefix(scope, "local/")
	switch {
	case n.TemplateName != "" && local:
		return t.local[n.TemplateName]
	case n.TemplateName != "":
		return t.stored[scope+"/"+n.TemplateName]
	}
	around, known := t.around(n)
	if !known {
		return template{}
	}
	for _, name := range stepNames(n.Name, around.name) {
		one := t.stored[scope+"/inline/"+name]
		if local {
			one = t.inline[step{template: around.template, name: name}]
		}
		if wanted(one) {
			return one
		}
	}
	return template{}
}

// around returns the template and the name of the node that is the boundary of n.
func (t *templates) around(n *Node) (step, bool) {
	if around, known := t.steps[n.ID]; known {
		return around, true
	}
	boundary := t.node(n.BoundaryID)
	if boundary == nil {
		return step{}, false
	}
	return step{template: boundary.TemplateName, name: boundary.Name}, true
}

// stepNames returns the names that the step of a node within a boundary may have. In a loop and for
// an attempt, the node's name ends with something in parentheses that is not in the template.
func stepNames(name, boundary string) []string {
	name = strings.TrimPrefix(name, boundary)
	if group, rest, ok := strings.Cut(name, "]."); ok && strings.HasPrefix(group, "[") {
		name = rest
	}
	name = strings.TrimPrefix(name, ".")
	if short, _, ok := strings.Cut(name, "("); ok {
		return []string{name, short}
	}
	return []string{name}
}

func (t *templates) node(id string) *Node {
	if t.byID == nil && t.nodes != nil {
		t.byID = make(map[string]*Node, len(t.nodes))
		for _, n := range t.nodes {
			t.byID[n.ID] = n
		}
	}
	return t.byID[id]
}

// findPolled finds the names of the templates that poll an object.
func (t *templates) findPolled() {
	t.namesPolled = map[string]bool{}
	for name, one := range t.local {
		if one.polled != nil {
			t.namesPolled[name] = true
		}
	}
	for key, one := range t.stored {
		if one.polled != nil {
			t.namesPolled[key[strings.LastIndexByte(key, '/')+1:]] = true
			t.inlinePolled = t.inlinePolled || strings.Contains(key, "/inline/")
		}
	}
	for _, one := range t.inline {
		t.inlinePolled = t.inlinePolled || one.polled != nil
	}
}

// mayPoll reports whether the template of a node may poll an object.
func (t *templates) mayPoll(n *Node) bool {
	switch {
	case n.Type != NodeTypePod && n.Type != NodeTypeRetry:
		return false
	case n.TemplateRef.Name != "":
		return t.namesPolled[n.TemplateRef.Template]
	case n.TemplateName != "":
		return t.namesPolled[n.TemplateName]
	}
	return t.inlinePolled
}

// replaceTags returns text with each tag, {{…}}, replaced by what replacement returns for what is
// between the braces. It returns false if that is longer than most bytes.
func replaceTags(text string, most int, replacement func(tag string) string) (string, bool) {
	var done strings.Builder
	for {
		before, rest, open := strings.Cut(text, "{{")
		tag, after, closed := strings.Cut(rest, "}}")
		if !open || !closed {
			return done.String() + text, done.Len()+len(text) <= most
		}
		value := replacement(tag)
		if done.Len()+len(before)+len(value) > most {
			return "", false
		}
		done.WriteString(before + value)
		text = after
	}
}

// valueOfTag returns the value of a tag that refers to a parameter, if it is known. inputs are those of
// the node.
func (t *templates) valueOfTag(tag string, inputs map[string]string) (string, bool) {
	tag = strings.TrimSpace(tag)
	if name, ok := strings.CutPrefix(tag, inputParameters); ok {
		value, known := inputs[name]
		return value, known
	}
	name, ok := strings.CutPrefix(tag, "workflow.parameters.")
	value, known := t.arguments[name]
	return value, ok && known
}

// values returns the values of the parameters that have one, by name.
func (i Inputs) values() map[string]string {
	values := make(map[string]string, len(i.Parameters))
	for _, p := range i.Parameters {
		if _, repeated := values[p.Name]; p.Set && !repeated {
			values[p.Name] = p.Value
		}
	}
	return values
}

func (o *object) hasAny(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return o.fields[key] != nil })
}

// late returns an object with the named members of o, and reads those that were left unread.
// Nothing is recorded as dropped, since no field of the status comes from them.
func (o *object) late(withPolled bool, keys ...string) *object {
	fields := make(map[string]any, len(keys))
	for _, key := range keys {
		value := o.fields[key]
		if unread, ok := value.(wfjson.Unread); ok {
			value = unread.Read(withPolled)
		}
		fields[key] = value
	}
	return &object{fields: fields, dropped: new([]Dropped)}
}
