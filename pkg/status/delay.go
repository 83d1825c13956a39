package status

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Delayed reports whether n is a delay: an active Suspend node that Argo lets pass by itself when
// its time is up ("suspend: {duration: 10m}"), see [Node.Until]. No one has to decide about it, so
// it is not [Node.Active]. A node that waits for outputs to be supplied is a gate, even if Argo
// takes their defaults after a time.
//
// The duration is in the node's template, which the controller keeps in the workflow. A node whose
// template is not in there counts as a gate: a delay that is shown as a gate can be left alone, but
// a gate that is taken for a delay holds up the workflow without anyone knowing.
func (n *Node) Delayed() bool { return n.suspended() && n.delay }

// Until is when Argo lets the active Suspend node n pass by itself; zero if it waits without limit.
// It is also zero where the time is not known: if the duration is an expression, or refers to
// something other than the inputs of the node and the arguments of the workflow. As long as the
// workflow is suspended as a whole, the controller lets no node pass.
func (n *Node) Until() time.Time {
	if n.source == nil || !n.suspended() {
		return time.Time{}
	}
	return n.source.until[n.ID]
}

// suspended reports whether n is an active Suspend node, as Argo calls it: a gate or a delay. The
// controller leaves nodes running in a workflow that it ends before it has looked at them.
func (n *Node) suspended() bool {
	return n.Type == NodeTypeSuspend && n.Phase == NodeRunning && (n.source == nil || !n.source.ended)
}

// readDelays tells the delays from the gates. The templates are only read if there is a node
// to tell. It stops with the error of ended, if that is given and has one.
func (s *WorkflowStatus) readDelays(spec, status *object, ended func() error) error {
	if !spec.hasAny("templates", "templateDefaults") && !status.hasAny("storedWorkflowTemplateSpec", "storedTemplates") {
		return nil // as Slim leaves a workflow without delays
	}
	var d *durations
	for _, n := range s.Nodes {
		if !n.suspended() {
			continue
		}
		if ended != nil {
			if err := ended(); err != nil {
				return err
			}
		}
		if d == nil {
			if d = readDurations(spec, status); d.none() {
				return nil
			}
			d.readArguments(spec.late("arguments"))
			d.nodes = s.Nodes
		}
		if text := d.substitute(d.of(n), n); text != "" {
			n.limit(text)
		}
	}
	return nil
}

// limit has n wait no longer than the text says.
func (n *Node) limit(text string) {
	n.delay = len(n.AwaitedOutputs()) == 0
	duration, ok := parseDuration(text)
	if !ok || n.StartTime.IsZero() {
		return
	}
	if n.source.until == nil {
		n.source.until = map[string]time.Time{}
	}
	n.source.until[n.ID] = n.StartTime.Add(duration)
}

// parseDuration reads a duration as Argo does: a number of seconds, or Go's notation.
func parseDuration(text string) (time.Duration, bool) {
	if seconds, err := strconv.Atoi(text); err == nil {
		const most = int64(math.MaxInt64 / time.Second)
		return time.Duration(seconds) * time.Second, -most <= int64(seconds) && int64(seconds) <= most
	}
	duration, err := time.ParseDuration(text)
	return duration, err == nil
}

// of returns the duration in the node's template, as it is written there; "": none.
func (d *durations) of(n *Node) string {
	if text := d.inTemplate(n); text != "" {
		return text
	}
	return d.usual
}

// inTemplate finds the template as the controller does. It knows those of other objects by
// their scope ("namespaced", "cluster"), the object's name, and theirs, or if they are inline,
// that of the step.
func (d *durations) inTemplate(n *Node) string {
	if ref := n.TemplateRef; ref.Name != "" {
		scope := "namespaced"
		if ref.ClusterScope {
			scope = "cluster"
		}
		return d.stored[scope+"/"+ref.Name+"/"+ref.Template]
	}
	scope := n.object("templateScope", new([]Dropped)).string("templateScope")
	if scope != "" && !strings.Contains(scope, "/") {
		scope = "namespaced/" + scope // as older versions wrote it
	}
	local := scope == "" || strings.HasPrefix(scope, "local/")
	switch {
	case n.TemplateName != "" && local:
		return d.local[n.TemplateName]
	case n.TemplateName != "":
		return d.stored[scope+"/"+n.TemplateName]
	}
	boundary := d.node(n.BoundaryID)
	if boundary == nil {
		return ""
	}
	for _, name := range stepNames(n.Name, boundary.Name) {
		text := d.stored[scope+"/inline/"+name]
		if local {
			text = d.inline[step{template: boundary.TemplateName, name: name}]
		}
		if text != "" {
			return text
		}
	}
	return ""
}

// stepNames are the names that the step of a node within a boundary can have: in a loop and for
// an attempt, something in parentheses follows that is not in the template.
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

func (d *durations) node(id string) *Node {
	if d.byID == nil {
		d.byID = make(map[string]*Node, len(d.nodes))
		for _, n := range d.nodes {
			d.byID[n.ID] = n
		}
	}
	return d.byID[id]
}

// substitute puts the values of parameters into the text, as far as they are known.
func (d *durations) substitute(text string, n *Node) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	inputs := n.Inputs()
	var done strings.Builder
	for {
		before, rest, open := strings.Cut(text, "{{")
		tag, after, closed := strings.Cut(rest, "}}")
		if !open || !closed {
			return done.String() + text
		}
		value, known := "", false
		if name, ok := strings.CutPrefix(strings.TrimSpace(tag), inputParameters); ok {
			value, known = inputs.Parameter(name)
		} else if name, ok := strings.CutPrefix(strings.TrimSpace(tag), "workflow.parameters."); ok {
			value, known = d.arguments[name]
		}
		if !known {
			value = "{{" + tag + "}}"
		}
		if done.Len()+len(before)+len(value) > maxDuration {
			return overlong
		}
		done.WriteString(before + value)
		text = after
	}
}
