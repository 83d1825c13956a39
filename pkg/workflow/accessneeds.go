package workflow

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// Parts of operations.
const (
	partEvents      = "Options.EventSource" // recording an Event
	partKeyWithName = "finding an idempotency key in use by another Name"
)

// Needs returns the permissions that an operation needs, in a fixed order. It returns nil if the
// operation is unknown or needs none. The permissions are needed in the namespace of the workflows,
// unless they are [Permission.ClusterScoped]. The caller may modify the result.
//
// Roles, documentation and [WorkflowClient.CheckAccess] are derived from it, and tests compare it
// with the behavior of a real API server.
func Needs(op Op) []Need {
	switch op {
	case OpCreate:
		return argo("workflows", "create")
	case OpGet:
		return argo("workflows", "get")
	case OpList:
		return argo("workflows", "list")
	case OpStart:
		return slices.Concat(
			argo("workflows", "create"),
			argo("workflows", "get").only("an idempotency key"),
			argo("workflows", "list").only(partKeyWithName).softly(),
			argo("workflows", "get").only("a name that is taken"), // to find out whose it is
			argo("cronworkflows", "get").only("a CronWorkflow"),
			argo("cronworkflows", "list").only("naming the CronWorkflows there are").softly(),
			templateNeeds(), eventNeeds(),
		)
	case OpWait, OpWatch:
		return slices.Concat(
			argo("workflows", "get", "watch"),
			sharedWatchNeeds(),
			argo("workflows", "list").only("a StartDiagnostic").softly(),
		)
	case OpSuspend, OpResume, OpStop, OpTerminate:
		return slices.Concat(argo("workflows", "get", "patch"), eventNeeds())
	case OpDelete:
		return slices.Concat(
			argo("workflows", "delete"),
			argo("workflows", "get").only("repeating a lost request").softly(),
			argo("workflows", "get", "watch").only("Wait"),
			sharedWatchNeeds(),
			argo("workflows", "get", "patch").only("AbandonArtifactGC"),
		)
	case OpRetry:
		return slices.Concat(
			argo("workflows", "get", "update"),
			core("pods", "list", "delete").only("steps that ran in pods"), // get works instead of list
			eventNeeds(),
		)
	case OpResubmit:
		return slices.Concat(
			argo("workflows", "get", "create"),
			argo("workflows", "list").only(partKeyWithName).softly(),
			templateNeeds(), eventNeeds(),
		)
	case OpLogs:
		return slices.Concat(
			argo("workflows", "get"),
			core("pods", "list"),
			needs{{Permission: Permission{Verb: "get", Resource: "pods", Subresource: "log"}}},
			argo("workflows", "watch").only("Follow"),
			core("pods", "watch").only("Follow"),
			sharedWatchNeeds(),
		)
	}
	return nil
}

// templateNeeds are the needs of the check of a request against its template.
func templateNeeds() needs {
	return slices.Concat(
		argo("workflowtemplates", "get").only("the check against the template").softly(),
		argo("workflowtemplates", "list").only("naming the templates there are").softly(),
		argo("clusterworkflowtemplates", "get").only("the check against a ClusterWorkflowTemplate").softly(),
		argo("clusterworkflowtemplates", "list").only("naming the ClusterWorkflowTemplates there are").softly(),
	)
}

// sharedWatchNeeds are the needs of a watch that calls for many workflows share.
func sharedWatchNeeds() needs {
	return argo("workflows", "list").only("one watch for many at once").softly()
}

func eventNeeds() needs { return core("events", "create").only(partEvents).softly() }

type needs []Need

// argo returns the needs for a resource of Argo, core those for one of the core API group.
func argo(resource string, verbs ...string) needs { return needsOf(naming.Group, resource, verbs) }
func core(resource string, verbs ...string) needs { return needsOf("", resource, verbs) }

func needsOf(group, resource string, verbs []string) needs {
	all := make(needs, len(verbs))
	for i, verb := range verbs {
		all[i].Permission = Permission{Verb: verb, Group: group, Resource: resource}
	}
	return all
}

// only makes them needs of a part of the operation.
func (n needs) only(part string) needs {
	for i := range n {
		n[i].For = part
	}
	return n
}

// softly makes them needs without which the operation skips that part.
func (n needs) softly() needs {
	for i := range n {
		n[i].Soft = true
	}
	return n
}
