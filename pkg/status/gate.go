package status

import (
	"strings"
	"sync"
)

// GateRule decides which of the steps that poll an object are gates; see [NodeDecoders.WithGates]. It
// returns the object that a decision about the gate is written to, or nil if the step is not a gate. It
// must not do I/O, and must be safe for concurrent use.
type GateRule func(PolledResource) *GateObject

// PolledResource is what a step polls: its template is a resource template with the action get and a
// condition of success. Authors of workflows and of parameters have chosen every string.
type PolledResource struct {
	// Template is the name of the template; "" if it is inline.
	Template string
	// Manifest and SuccessCondition are those of the template. The tags of the inputs' parameters, of
	// the workflow's parameters and of workflow.name, workflow.namespace and workflow.uid are replaced
	// by their values, each other tag by [UnresolvedTag]. An expression is such a tag: only Argo
	// evaluates it.
	Manifest, SuccessCondition string
	// Inputs are those of the step.
	Inputs Inputs
	// LeftOut means that Manifest, SuccessCondition and Inputs were not read, because the manifest has
	// more than 16 KiB, or those of the workflow's steps together more than 512 KiB.
	LeftOut bool
}

// UnresolvedTag stands for a tag whose value is not known. The character is for private use, so no name
// contains it.
const UnresolvedTag = "\ue000"

// GateObject is the object that a decision about a gate is written to, in place of the workflow's node.
type GateObject struct {
	Group     string `json:"group"`
	Version   string `json:"version"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name,omitempty"` // "" if it is not known
	// Problem says why the gate cannot be decided; "" means that it can be.
	Problem string `json:"problem,omitempty"`

	// GateName is the name of the gate for decisions; "" stands for the display name of the node.
	GateName string `json:"-"`
	// Rule is for the own use of the [GateRule].
	Rule int `json:"-"`
}

// String returns the kind and the name, e.g. "ApprovalGate evaluatemetadata.one", and the problem. It is
// printable and short.
func (o GateObject) String() string {
	text := brief(o.Kind, maxShownName)
	if o.Name != "" {
		text += " " + brief(o.Name, maxShownName)
	}
	if o.Problem != "" {
		text += " (" + brief(o.Problem, maxShownMessage) + ")"
	}
	return text
}

// GateObject returns the object that a decision about the gate n is written to, also if the gate was
// passed, or nil: for a Suspend node, which is decided in the workflow itself, and for a node that is not
// a gate. A step that polls its object in several attempts is one gate, the Retry node.
func (n *Node) GateObject() *GateObject {
	if n.source == nil || n.source.polling == nil {
		return nil
	}
	if o := n.source.polling.objectOf(n); o != nil {
		own := *o
		return &own
	}
	return nil
}

// GateName returns the name by which decisions select the gate n: its display name, unless the rule for
// gates has given it another one. For other nodes it is the display name.
func (n *Node) GateName() string {
	if o := n.GateObject(); o != nil && o.GateName != "" {
		return o.GateName
	}
	return n.DisplayName
}

// PartOfGate reports whether n is an attempt of a step that is a gate and waits. It is not a gate itself,
// and not work in progress either.
func (n *Node) PartOfGate() bool {
	if n.source == nil || n.source.polling == nil || n.source.ended {
		return false
	}
	return n.source.polling.open[n.source.polling.attempts[n.ID]] != nil
}

// polls reports whether n is a gate that waits for the decision in an object.
func (n *Node) polls() bool {
	return n.source != nil && n.source.polling != nil && !n.source.ended &&
		!n.Phase.Fulfilled() && n.WaitingForLock == "" && n.source.polling.open[n.ID] != nil
}

// The limits on the manifests that are read: of one step, and of all steps of a workflow. A rule that parses
// YAML takes microseconds for a byte, for each state of a workflow.
const maxManifest, maxManifests = 16 << 10, 512 << 10

// leastManifest is what a manifest counts for at least: its length does not bound how many there are.
const leastManifest = 64

// polling tells which steps that poll an object are gates. It is safe for concurrent use.
type polling struct {
	rule      GateRule
	templates *templates
	workflow  map[string]string      // the values of tags, by tag
	attempts  map[string]string      // the ids of the Retry nodes, by those of their attempts
	open      map[string]*GateObject // the gates that have not ended, by node id

	mu     sync.Mutex
	others map[string]*GateObject // what other nodes were found to be, by node id
	size   int                    // of the manifests so far
}

// markGates finds the gates among the steps that poll an object. It returns the error of ended if that is
// not nil and returns one.
func (s *WorkflowStatus) markGates(t *templates, rule GateRule, ended func() error) error {
	if len(s.Nodes) == 0 || len(t.namesPolled) == 0 && !t.inlinePolled {
		return nil
	}
	p := &polling{
		rule: rule, templates: t, attempts: map[string]string{}, open: map[string]*GateObject{}, others: map[string]*GateObject{},
		workflow: map[string]string{"workflow.name": s.Name, "workflow.namespace": s.Namespace, "workflow.uid": string(s.UID)},
	}
	t.nodes, t.byID, t.steps = s.Nodes, nil, map[string]step{}
	for _, n := range s.Nodes {
		if n.Type != NodeTypeRetry || !t.mayPoll(n) {
			continue
		}
		for _, id := range n.Children {
			if attempt := t.node(id); attempt != nil && (attempt.Retried || !attempt.Hooked) && t.mayPoll(attempt) {
				p.attempts[id] = n.ID
			}
		}
	}
	for _, n := range s.Nodes {
		if !t.mayPoll(n) || p.attempts[n.ID] != "" {
			continue
		}
		if n.TemplateName == "" && n.TemplateRef.Name == "" {
			if around, known := t.around(n); known {
				t.steps[n.ID] = around
			}
		}
		if n.Phase.Fulfilled() {
			continue
		}
		if ended != nil {
			if err := ended(); err != nil {
				return err
			}
		}
		if o := p.evaluate(n); o != nil {
			p.open[n.ID] = o
		}
	}
	t.nodes, t.byID = nil, nil // a node that is kept must not keep all others
	s.Nodes[0].source.polling = p
	return nil
}

// objectOf returns the object of a gate, or nil if n is not one.
func (p *polling) objectOf(n *Node) *GateObject {
	if !p.templates.mayPoll(n) || p.attempts[n.ID] != "" {
		return nil
	}
	if o := p.open[n.ID]; o != nil {
		return o
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	o, known := p.others[n.ID]
	if !known {
		o = p.evaluate(n)
		p.others[n.ID] = o
	}
	return o
}

// evaluate applies the rule to a node.
func (p *polling) evaluate(n *Node) *GateObject {
	polled := p.templates.polled(n)
	if polled == nil {
		return nil
	}
	r := PolledResource{Template: n.TemplateName}
	if n.TemplateRef.Name != "" {
		r.Template = n.TemplateRef.Template
	}
	if len(polled.manifest)+len(polled.condition) > maxManifest || p.size > maxManifests {
		r.LeftOut = true
		return p.rule(r)
	}
	r.Inputs = n.Inputs()
	inputs := r.Inputs.values()
	value := func(tag string) string {
		if value, known := p.templates.valueOfTag(tag, inputs); known {
			return value
		}
		if value, known := p.workflow[strings.TrimSpace(tag)]; known {
			return value
		}
		return UnresolvedTag
	}
	var fits, fitsToo bool
	r.Manifest, fits = replaceTags(polled.manifest, maxManifest, value)
	r.SuccessCondition, fitsToo = replaceTags(polled.condition, maxManifest, value)
	p.size += leastManifest + len(r.Manifest) + len(r.SuccessCondition)
	if !fits || !fitsToo {
		p.size += maxManifest
	}
	if !fits || !fitsToo || p.size > maxManifests {
		r = PolledResource{Template: r.Template, LeftOut: true}
	}
	return p.rule(r)
}
