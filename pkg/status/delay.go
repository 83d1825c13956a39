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

// readDelays tells delays from gates. It reads the templates only if there is an active Suspend node,
// unless t has them. It returns the error of ended if that is not nil and returns one.
func (s *WorkflowStatus) readDelays(spec, status *object, t *templates, ended func() error) error {
	if !spec.hasAny("templates", "templateDefaults") && !status.hasAny("storedWorkflowTemplateSpec", "storedTemplates") {
		return nil // as in the reduced JSON of a workflow without delays
	}
	for _, n := range s.Nodes {
		if !n.suspended() {
			continue
		}
		if ended != nil {
			if err := ended(); err != nil {
				return err
			}
		}
		if t == nil {
			t = readTemplates(spec, status, false)
		}
		if t.none() {
			return nil
		}
		t.nodes = s.Nodes
		if text := t.substituted(t.duration(n), n); text != "" {
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

// substituted returns a duration with the references to parameters replaced whose values are known.
func (t *templates) substituted(duration string, n *Node) string {
	if !strings.Contains(duration, "{{") {
		return duration
	}
	inputs := n.Inputs().values()
	text, ok := replaceTags(duration, maxDuration, func(tag string) string {
		if value, known := t.valueOfTag(tag, inputs); known {
			return value
		}
		return "{{" + tag + "}}"
	})
	if !ok {
		return overlong
	}
	return text
}
