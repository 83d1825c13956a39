package workflow

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// Requirement is a permission that an operation requires.
type Requirement struct {
	Permission

	// Part is the part of the operation that requires the permission, e.g. "Follow". It is empty if
	// the operation always requires it.
	Part string
	// Optional reports whether the operation skips that part if the permission is missing. Otherwise
	// it fails with [ErrForbidden].
	Optional bool
	// OnRequest reports whether the operation does that part only if an option of the request asks
	// for it. A caller that never does so does not need the permission; see [Op.With].
	OnRequest bool
}

// OpRequirements are the permissions that one operation requires.
type OpRequirements struct {
	Op           Op            // packages built on this one may define their own
	Requirements []Requirement // in any order
}

// The parts of operations that an option of a request asks for. They are the [Requirement].Part of
// requirements that are OnRequest.
const (
	PartReplace           = "ExistsReplace"     // of OpStart: replacing a workflow
	PartCronWorkflow      = "a CronWorkflow"    // of OpStart: starting from one
	PartWait              = "Wait"              // of OpDelete: blocking until the workflow is deleted
	PartAbandonArtifactGC = "AbandonArtifactGC" // of OpDelete
	PartFollow            = "Follow"            // of OpLogs
)

// Other parts of operations.
const (
	partEvents      = "Options.EventSource" // recording an Event
	partKeyWithName = "finding an idempotency key in use by another Name"
)

// Requirements returns the permissions that an operation requires, in a fixed order. It returns nil
// if the operation is unknown or requires none. The permissions are required in the namespace of the
// workflows, unless they are [Permission.ClusterScoped]. The caller may modify the result.
//
// Roles, documentation and [WorkflowClient.CheckPermissions] are derived from it, and tests compare
// it with the behavior of a real API server.
func Requirements(op Op) []Requirement {
	switch op {
	case OpCreate:
		return argo("workflows", "create")
	case OpGet, OpGates:
		return argo("workflows", "get")
	case OpList:
		return argo("workflows", "list")
	case OpStart:
		return slices.Concat(
			argo("workflows", "create"),
			argo("workflows", "get").only("an idempotency key"),
			argo("workflows", "list").only(partKeyWithName).optional(),
			argo("workflows", "get").only("a name that is taken"), // to find out whose it is
			replaceRequirements(),
			argo("cronworkflows", "get").onRequest(PartCronWorkflow),
			argo("cronworkflows", "list").only("naming the CronWorkflows there are").optional(),
			templateRequirements(), eventRequirements(),
		)
	case OpWait, OpWatch:
		return slices.Concat(
			argo("workflows", "get", "watch"),
			sharedWatchRequirements(),
			argo("workflows", "list").only("a StartDiagnostic").optional(),
		)
	case OpApprove, OpReject, OpSuspend, OpResume, OpStop, OpTerminate:
		return slices.Concat(argo("workflows", "get", "patch"), eventRequirements())
	case OpDelete:
		return slices.Concat(
			argo("workflows", "delete"),
			argo("workflows", "get").only("repeating a lost request").optional(),
			argo("workflows", "get", "watch").onRequest(PartWait),
			sharedWatchRequirements(),
			argo("workflows", "get", "patch").onRequest(PartAbandonArtifactGC),
		)
	case OpRetry:
		return slices.Concat(
			argo("workflows", "get", "update"),
			core("pods", "list", "delete").only("steps that ran in pods"), // get works instead of list
			eventRequirements(),
		)
	case OpResubmit:
		return slices.Concat(
			argo("workflows", "get", "create"),
			argo("workflows", "list").only(partKeyWithName).optional(),
			templateRequirements(), eventRequirements(),
		)
	case OpLogs:
		return slices.Concat(
			argo("workflows", "get"),
			core("pods", "list"),
			requirements{{Permission: Permission{Verb: "get", Resource: "pods", Subresource: "log"}}},
			argo("workflows", "watch").onRequest(PartFollow),
			core("pods", "watch").onRequest(PartFollow),
			sharedWatchRequirements(),
		)
	}
	return nil
}

// replaceRequirements are the requirements of a start that may replace a workflow.
func replaceRequirements() requirements {
	return slices.Concat(
		argo("workflows", "get", "watch", "patch", "delete"), core("pods", "list"),
		argo("workflowtaskresults", "list"), argo("workflowtasksets", "list"),
	).onRequest(PartReplace)
}

// templateRequirements are the requirements of the check of a request against its template.
func templateRequirements() requirements {
	return slices.Concat(
		argo("workflowtemplates", "get").only("the check against the template").optional(),
		argo("workflowtemplates", "list").only("naming the templates there are").optional(),
		argo("clusterworkflowtemplates", "get").only("the check against a ClusterWorkflowTemplate").optional(),
		argo("clusterworkflowtemplates", "list").only("naming the ClusterWorkflowTemplates there are").optional(),
	)
}

// sharedWatchRequirements are the requirements of a watch that calls for many workflows share.
func sharedWatchRequirements() requirements {
	return argo("workflows", "list").only("one watch for many at once").optional()
}

func eventRequirements() requirements { return core("events", "create").only(partEvents).optional() }

// Requirements returns the permissions that an operation requires with the client's options, as the
// function [Requirements] does for a client without GatePolicies and History.
func (c *WorkflowClient) Requirements(op Op) []Requirement {
	all := Requirements(op)
	if c.history != nil && op == OpRetry {
		all = append(all, slices.Concat(
			argo("workflows", "create"), core("pods", "list"), argo("workflowtaskresults", "list"), argo("workflowtasksets", "list"),
		).only("a workflow of Options.History")...)
	}
	for _, p := range c.gates {
		of := p.Requirements(op)
		all = append(all, of...)
		if c.backend == BackendKubectl && p.StatusSubresource && len(of) > 0 { // it reads what it patches
			get := of[len(of)-1]
			get.Verb = "get"
			all = append(all, get)
		}
	}
	return all
}

type requirements []Requirement

// argo returns the requirements for a resource of Argo, core those for one of the core API group.
func argo(resource string, verbs ...string) requirements {
	return requirementsOn(naming.Group, resource, verbs)
}
func core(resource string, verbs ...string) requirements { return requirementsOn("", resource, verbs) }

func requirementsOn(group, resource string, verbs []string) requirements {
	all := make(requirements, len(verbs))
	for i, verb := range verbs {
		all[i].Permission = Permission{Verb: verb, Group: group, Resource: resource}
	}
	return all
}

// only makes them requirements of a part of the operation.
func (n requirements) only(part string) requirements {
	for i := range n {
		n[i].Part = part
	}
	return n
}

// onRequest makes them requirements of a part that a request asks for.
func (n requirements) onRequest(part string) requirements {
	for i := range n {
		n[i].Part, n[i].OnRequest = part, true
	}
	return n
}

// optional makes them requirements without which the operation skips that part.
func (n requirements) optional() requirements {
	for i := range n {
		n[i].Optional = true
	}
	return n
}
