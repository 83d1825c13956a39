package status

import "time"

// Node is one step of a workflow's run: a pod, a gate, or a group that contains other nodes.
//
// The fields are what most callers need of every node. Methods read the rest on demand:
// [Node.Inputs], [Node.Outputs] and [Node.Details]. Each call reads again, so keep the result. If
// the nodes are compressed, the first such call decompresses them again and keeps their JSON in
// memory (at most [MaxNodesSize]) as long as any part of the status is in use; this is not needed
// for gates that wait. Of nodes that are compressed or were read by [FromJSON], a method reads at most
// 131,072 items of lists; [Node.Dropped] says so if there are more. The methods are safe for
// concurrent use.
type Node struct {
	// ID is the node's key, unique within the workflow.
	ID string
	// Name is the full path, e.g. "bulk-load-x7f2k[2].shard(0:0)". DisplayName is its last part.
	Name, DisplayName string
	Type              NodeType
	// TemplateName is the template that the node runs. TemplateRef is set if the template belongs
	// to another object.
	TemplateName string
	TemplateRef  TemplateRef

	Phase   NodePhase
	Message string
	// StartTime and EndTime are zero until they are known. They have whole seconds.
	StartTime, EndTime time.Time
	Progress           Progress

	// WaitingForLock is the name of the [Lock] that the node waits for, or "".
	WaitingForLock string

	// BoundaryID is the id of the template invocation that the node is part of; "" for the root.
	BoundaryID string
	// Children are the ids of the nodes that follow. A child can have several parents, and there
	// may be no node with the id.
	Children []string

	// Daemoned means that the pod keeps running while the workflow goes on.
	Daemoned bool
	// Hooked means that the node runs a hook, e.g. an exit handler, Retried that it is an attempt
	// of a Retry node.
	Hooked, Retried bool

	delay bool // an active Suspend node that only passes time

	source     *nodeSource // nil for a node that was not read from a workflow
	start, end uint32      // its position in the source's JSON
}

// Inputs returns what the node was given.
func (n *Node) Inputs() Inputs {
	return readInputs(n.object("inputs", new([]Dropped)).object("inputs"))
}

// Outputs returns what the node has produced, or for a gate, what it awaits.
func (n *Node) Outputs() Outputs {
	return readOutputs(n.object("outputs", new([]Dropped)).object("outputs"))
}

// Dropped lists everything in the node that could not be read. [WorkflowStatus.Dropped] lists the
// fields of the node, too, but not what only the methods read.
func (n *Node) Dropped() []Dropped {
	var dropped []Dropped
	o := n.object("", &dropped)
	new(Node).readFields(n.ID, o, n.source)
	readDetails(o)
	readInputs(o.object("inputs"))
	readOutputs(o.object("outputs"))
	return dropped
}

// Waiting reports whether n is a gate that waits for a decision: an active Suspend node that is not
// a delay (see [Node.Delayed]), or a step that polls the object of a gate (see [Node.GateObject]). No
// gate waits once the workflow has ended, whatever phase the controller has left the node in. For a
// node that waits for a lock, see WaitingForLock.
func (n *Node) Waiting() bool { return n.suspended() && !n.delay || n.polls() }

// AwaitedOutputs returns the output parameters that a decision about the gate n has to supply,
// unless their defaults are to be taken. It returns none if n is not waiting, or is decided in an object.
//
// An output takes its enum, description and default from the node's input of the same name if it
// has none itself, as in the form of Argo's UI ("intermediate parameters"). If the input has a
// default but no enum, the output's default is the input's value, which the step may have set.
// Argo's own resume takes only the output's own default.
func (n *Node) AwaitedOutputs() []Parameter {
	if n.Type != NodeTypeSuspend || !n.Waiting() {
		return nil
	}
	var awaited []Parameter
	for _, p := range n.Outputs().Parameters {
		if p.Supplied && !p.Set {
			awaited = append(awaited, p)
		}
	}
	if len(awaited) == 0 {
		return nil
	}
	inputs := map[string]Parameter{}
	for _, p := range n.Inputs().Parameters {
		inputs[p.Name] = p
	}
	for i := range awaited {
		awaited[i].complete(inputs[awaited[i].Name])
	}
	return awaited
}

// readFields reads the fields of a node from maps. [nodeBuilder.readNode] reads them from JSON.
func (n *Node) readFields(id string, o *object, source *nodeSource) {
	ref := o.object("templateRef")
	flag := o.object("nodeFlag")
	*n = Node{
		ID:           id,
		Name:         o.string("name"),
		DisplayName:  o.string("displayName"),
		Type:         NodeType(o.string("type")),
		TemplateName: o.string("templateName"),
		TemplateRef: TemplateRef{
			Name: ref.string("name"), Template: ref.string("template"), ClusterScope: ref.bool("clusterScope"),
		},
		Phase:     NodePhase(o.string("phase")),
		Message:   o.string("message"),
		StartTime: o.time("startedAt"),
		EndTime:   o.time("finishedAt"),
		Progress:  o.progress("progress"),

		WaitingForLock: o.object("synchronizationStatus").string("waiting"),

		BoundaryID: o.string("boundaryID"),
		Children:   o.strings("children"),
		Daemoned:   o.bool("daemoned"),
		Hooked:     flag.bool("hooked"),
		Retried:    flag.bool("retried"),
		source:     source,
	}
	if n.DisplayName == "" {
		n.DisplayName = n.Name
	}
}
