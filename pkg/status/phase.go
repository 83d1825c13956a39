package status

// Phase is the phase of a workflow as its controller writes it.
//
// Argo has no phases for stopped, terminated and suspended workflows; see [Outcome].
type Phase string

const (
	// PhaseUnknown is the phase of a workflow that no controller has picked up yet. If it stays, no
	// running controller manages the workflow's namespace or instance ID.
	PhaseUnknown Phase = ""
	// PhasePending means that the workflow was picked up, but waits for a parallelism limit, a lock
	// or a volume claim.
	PhasePending Phase = "Pending"
	// PhaseRunning is also the phase of a suspended workflow.
	PhaseRunning Phase = "Running"
	// PhaseSucceeded, PhaseFailed and PhaseError are the phases in which workflows end.
	PhaseSucceeded Phase = "Succeeded"
	PhaseFailed    Phase = "Failed"
	PhaseError     Phase = "Error"
	// phaseStopped and phaseTerminated are not phases of Argo. Earlier clients of this project
	// wrote them, so they are understood as ends.
	phaseStopped    Phase = "Stopped"
	phaseTerminated Phase = "Terminated"
)

// Completed reports whether a workflow in this phase has ended. Only a retry sets it running again.
func (p Phase) Completed() bool {
	switch p {
	case PhaseSucceeded, PhaseFailed, PhaseError, phaseStopped, phaseTerminated:
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
	// NodeSkipped means that the step's `when` was false.
	NodeSkipped NodePhase = "Skipped"
	NodeFailed  NodePhase = "Failed"
	NodeError   NodePhase = "Error"
	// NodeOmitted means that the task's `depends` was false.
	NodeOmitted NodePhase = "Omitted"
)

// Fulfilled reports whether a node in this phase has ended, successfully or not.
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

// NodeType is the type of a node.
type NodeType string

// Pod, Container, HTTP and Plugin nodes do work. A Suspend node is a gate or a delay. A Retry node
// contains the attempts of a step; Steps, StepGroup, DAG and TaskGroup nodes contain other nodes. A
// Skipped node never ran.
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

// Group reports whether nodes of this type only contain others and do no work themselves.
func (t NodeType) Group() bool {
	switch t {
	case NodeTypeSteps, NodeTypeStepGroup, NodeTypeDAG, NodeTypeTaskGroup, NodeTypeRetry:
		return true
	}
	return false
}

// ShutdownStrategy is the spec.shutdown of a workflow that was asked to end early.
type ShutdownStrategy string

const (
	ShutdownNone ShutdownStrategy = ""
	// ShutdownStop runs exit handlers.
	ShutdownStop ShutdownStrategy = "Stop"
	// ShutdownTerminate runs no exit handlers.
	ShutdownTerminate ShutdownStrategy = "Terminate"
)
