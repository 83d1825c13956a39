package status

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Delayed reports whether n is a delay: an active Suspend node that Argo completes by itself after
// a time ("suspend: {duration: 10m}"); see [Node.Until]. It waits for no decision, so it is not
// [Node.Waiting]. A node that awaits outputs is a gate, even if Argo takes their defaults after a
// time.
//
// The duration is in the node's template, which the controller stores in the workflow. A node whose
// template is missing there counts as a gate: a delay that is shown as a gate passes all the same,
// but a gate that is not shown as one would hold up the workflow unnoticed.
func (n *Node) Delayed() bool { return n.suspended() && n.delay }

// Until returns when Argo completes the active Suspend node n by itself. It is zero if n waits
// without a limit, or if the time is unknown because the duration is an expression or refers to
// something other than the node's inputs and the workflow's arguments. While the whole workflow is
// suspended, the controller completes no node.
func (n *Node) Until() time.Time {
	if n.source == nil || !n.suspended() {
		return time.Time{}
	}
	return n.source.until[n.ID]
}

// suspended reports whether n is what Argo calls an active Suspend node: a gate or a delay. A
// controller that ends a workflow can leave such nodes with the phase Running.
func (n *Node) suspended() bool {
	return n.Type == NodeTypeSuspend && n.Phase == NodeRunning && (n.source == nil || !n.source.ended)
}

// readDelays tells delays from gates. It reads the templates only if there is an active Suspend
// node. It returns the error of ended if that is not nil and returns one.
func (s *WorkflowStatus) readDelays(spec, status *object, ended func() error) error {
	if !spec.hasAny("templates", "templateDefaults") && !status.hasAny("storedWorkflowTemplateSpec", "storedTemplates") {
		return nil // as in the reduced JSON of a workflow without delays
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

// limit records that n waits no longer than the duration in text.
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

// parseDuration parses a duration as Argo does: a number of seconds, or Go's notation.
func parseDuration(text string) (time.Duration, bool) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		const most = int64(math.MaxInt64 / time.Second)
		return time.Duration(seconds) * time.Second, -most <= seconds && seconds <= most
	}
	duration, err := time.ParseDuration(text)
	return duration, err == nil
}

// of returns the duration in the node's template as it is written there, or "".
func (d *durations) of(n *Node) string {
	if text := d.inTemplate(n); text != "" {
		return text
	}
	return d.fallback
}

// inTemplate looks up the template as the controller does. The key of a template of another object
// consists of the scope ("namespaced" or "cluster"), the object's name, and the name of the
// template, or of the step if the template is inline.
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

func (d *durations) node(id string) *Node {
	if d.byID == nil {
		d.byID = make(map[string]*Node, len(d.nodes))
		for _, n := range d.nodes {
			d.byID[n.ID] = n
		}
	}
	return d.byID[id]
}

// substitute replaces the references to parameters in text whose values are known.
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
