package status

import "time"

// Node is one step of a workflow's run: a pod, a gate, or a group that holds others.
//
// Its fields are what is asked of every node. What is asked of a few is read by methods:
// [Node.Inputs], [Node.Outputs], [Node.Details]. Each call reads anew, so keep the result.
// Where the nodes are compressed, the first such call unpacks them once more and keeps
// their JSON in memory (at most [MaxNodesSize]) as long as any of the status is in use; for
// active gates nothing is unpacked. Of nodes that are compressed or read by [FromJSON] each
// reads at most 131,072 items of lists, and [Node.Dropped] says so where there are more. The
// methods may be called by several goroutines.
type Node struct {
	// ID is the node's key, unique within the workflow.
	ID string
	// Name is the full path, e.g. "bulk-load-x7f2k[2].shard(0:0)"; DisplayName its last part.
	Name, DisplayName string
	Type              NodeType
	// TemplateName is the template it runs; TemplateRef is set where that template is not
	// the workflow's own.
	TemplateName string
	TemplateRef  TemplateRef

	Phase   NodePhase
	Message string
	// StartTime and EndTime are zero as long as there is none. They have whole seconds.
	StartTime, EndTime time.Time
	Progress           Progress

	// WaitingForLock is the name of the [Lock] that it waits for; "": none.
	WaitingForLock string

	// BoundaryID is the id of the template invocation it belongs to; "" for the root.
	BoundaryID string
	// Children are the ids of the nodes that follow. A child can have several parents, and
	// an id may belong to no node.
	Children []string

	// Daemoned: the pod keeps running while the workflow goes on.
	Daemoned bool
	// Hooked: it runs a hook, e.g. an exit handler. Retried: it is an attempt of a Retry node.
	Hooked, Retried bool

	// delay: as an active Suspend node it only passes time.
	delay bool

	source     *nodeSource // nil for a node that was not read from a workflow
	start, end uint32      // where it stands in the source's JSON
}

// Inputs are what the node was given.
func (n *Node) Inputs() Outputs {
	return readOutputs(n.object("inputs", new([]Dropped)).object("inputs"))
}

// Outputs are what it has produced, or for a gate, what it waits for.
func (n *Node) Outputs() Outputs {
	return readOutputs(n.object("outputs", new([]Dropped)).object("outputs"))
}

// Dropped lists everything in the node that could not be read. What is among its fields is
// in [WorkflowStatus.Dropped] too; what only the methods read is here alone.
func (n *Node) Dropped() []Dropped {
	var dropped []Dropped
	o := n.object("", &dropped)
	new(Node).read(n.ID, o, n.source)
	readDetails(o)
	readOutputs(o.object("inputs"))
	readOutputs(o.object("outputs"))
	return dropped
}

// Active reports whether n is a gate that waits for a decision: an active Suspend node, unless
// it is a delay (see [Node.Delayed]). No gate waits in a workflow that has ended, whatever phase
// its controller has left it in.
func (n *Node) Active() bool { return n.suspended() && !n.delay }

// AwaitedOutputs are the output parameters that have to be supplied before the gate n can be
// passed, or whose default is taken; none unless n is active.
//
// What an output doesn't state itself, it has from the node's input of the same name, as in
// Argo's "intermediate parameters": enum, description and default. Where the input has a default
// but no enum, the default is the input's value, which the step may have set. All this is
// as in the form of Argo's UI. Argo's own resume knows the default of the output alone.
func (n *Node) AwaitedOutputs() []Parameter {
	if !n.Active() {
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

// read reads the fields of a node that is there as an object. nodeReader.read is its twin
// for one that is not.
func (n *Node) read(id string, o *object, source *nodeSource) {
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
