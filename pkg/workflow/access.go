package workflow

import (
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// Permission is one that a role can give.
type Permission struct {
	Verb, Group, Resource, Subresource string // Group "": Kubernetes' own; Subresource "": the resource itself
	// Name is the only object that it has to be for, so that a role can be limited to it by
	// resourceNames; "": for all of the resource.
	Name string
}

// String names it as the API server's refusals do, e.g. "patch deployments.apps/scale", with the
// Name in quotes behind it.
func (p Permission) String() string {
	resource := p.Resource
	if p.Group != "" {
		resource += "." + p.Group
	}
	if p.Subresource != "" {
		resource += "/" + p.Subresource
	}
	if p.Name != "" {
		resource += fmt.Sprintf(" %q", p.Name)
	}
	return p.Verb + " " + resource
}

// ClusterScoped reports whether it is about a resource that belongs to no namespace, so that it
// takes a ClusterRole, and a ClusterRoleBinding, to grant it.
func (p Permission) ClusterScoped() bool {
	return p.Group == naming.Group && p.Resource == "clusterworkflowtemplates"
}

// Need is a permission that an operation needs.
type Need struct {
	Permission

	// For is what part of the operation needs it, e.g. "Follow"; "": it always does.
	For string
	// Soft: without the permission the operation does without that part. Else it fails with
	// [ErrForbidden].
	Soft bool
}

// OpNeeds is what one operation needs.
type OpNeeds struct {
	Op    Op     // a package that is built on this one may have its own
	Needs []Need // in any order; none: it needs nothing
}

// Ops are all operations, as [Error] names them.
func Ops() []Op { return append([]Op{OpNew, OpCreate, OpCheckAccess}, interfaceOps()...) }

// Changes reports whether the operation is there to change something in the cluster, so that its
// outcome can be unknown. Every other one only reads.
func (op Op) Changes() bool {
	switch op {
	case OpCreate, OpStart, OpResubmit, OpSuspend, OpResume, OpStop, OpTerminate, OpDelete, OpRetry:
		return true
	}
	return false
}

// interfaceOps are those of [Interface].
func interfaceOps() []Op {
	return []Op{
		OpStart, OpGet, OpList, OpWait, OpWatch, OpSuspend, OpResume, OpStop, OpTerminate, OpDelete, OpRetry, OpResubmit, OpLogs,
	}
}
