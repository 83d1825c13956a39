package status

// Phase is the phase of a workflow as its controller writes it.
//
// Argo has no phases for "stopped", "terminated" and "suspended": see [Outcome].
type Phase string

const (
	// PhaseUnknown is the phase of a workflow that no controller has seen yet.
	// One that stays so was created under an instance id or in a namespace that no
	// running controller manages.
	PhaseUnknown Phase = ""
	// PhasePending: accepted, but held back by a parallelism limit, a lock or a volume claim.
	PhasePending Phase = "Pending"
	// PhaseRunning covers a suspended workflow too.
	PhaseRunning Phase = "Running"
	// PhaseSucceeded, PhaseFailed and PhaseError are the ends that Argo knows.
	PhaseSucceeded Phase = "Succeeded"
	PhaseFailed    Phase = "Failed"
	PhaseError     Phase = "Error"
	// PhaseStopped and PhaseTerminated are no phases of Argo's. Earlier clients of this
	// project used the names, so they are understood when read, as ends.
	PhaseStopped    Phase = "Stopped"
	PhaseTerminated Phase = "Terminated"
)

// Completed reports whether a workflow in this phase has ended for good (only a retry
// can set it running again).
func (p Phase) Completed() bool {
	switch p {
	case PhaseSucceeded, PhaseFailed, PhaseError, PhaseStopped, PhaseTerminated:
		return true
	}
	return false
}

// NodePhase is the phase of one node.
type NodePhase string

const (
	NodePending   NodePhase = "Pending"
	NodeRunning   NodePhase = "Running"
	NodeSucceeded NodePhase = "Succeeded"
	// NodeSkipped: its `when` was false.
	NodeSkipped NodePhase = "Skipped"
	NodeFailed  NodePhase = "Failed"
	NodeError   NodePhase = "Error"
	// NodeOmitted: its `depends` was false.
	NodeOmitted NodePhase = "Omitted"
)

// Fulfilled reports whether a node in this phase has ended, however it did.
func (p NodePhase) Fulfilled() bool {
	switch p {
	case NodeSucceeded, NodeSkipped, NodeFailed, NodeError, NodeOmitted:
		return true
	}
	return false
}

// Unsuccessful reports whether a node in this phase has failed.
func (p NodePhase) Unsuccessful() bool {
	return p == NodeFailed || p == NodeError
}

// NodeType is what a node stands for.
type NodeType string

// Pod, Container, HTTP and Plugin nodes do work; a Suspend node is a gate; a Retry node holds the attempts
// of a step, and Steps, StepGroup, DAG and TaskGroup nodes hold others; a Skipped node was never run.
const (
	NodeTypePod       NodeType = "Pod"
	NodeTypeContainer NodeType = "Container"
	NodeTypeSteps     NodeType = "Steps"
	NodeTypeStepGroup NodeType = "StepGroup"
	NodeTypeDAG       NodeType = "DAG"
	NodeTypeTaskGroup NodeType = "TaskGroup"
	NodeTypeRetry     NodeType = "Retry"
	NodeTypeSkipped   NodeType = "Skipped"
	NodeTypeSuspend   NodeType = "Suspend"
	NodeTypeHTTP      NodeType = "HTTP"
	NodeTypePlugin    NodeType = "Plugin"
)

// Group reports whether nodes of this type only hold others together and do no work
// of their own.
func (t NodeType) Group() bool {
	switch t {
	case NodeTypeSteps, NodeTypeStepGroup, NodeTypeDAG, NodeTypeTaskGroup, NodeTypeRetry:
		return true
	}
	return false
}

// ShutdownStrategy is the `spec.shutdown` of a workflow that was asked to end early.
type ShutdownStrategy string

const (
	ShutdownNone ShutdownStrategy = ""
	// ShutdownStop lets exit handlers run.
	ShutdownStop ShutdownStrategy = "Stop"
	// ShutdownTerminate does not.
	ShutdownTerminate ShutdownStrategy = "Terminate"
)
