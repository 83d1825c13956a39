package workflow

import (
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// Permission is a permission that a role can grant.
type Permission struct {
	// Group is empty for the core API group, Subresource for the resource itself.
	Verb, Group, Resource, Subresource string
	// Name is the only object that the permission is needed for, so that a role can be limited to
	// it by resourceNames. If Name is empty, it is needed for all objects of the resource.
	Name string
}

// String returns the permission in the notation of the API server's refusals, such as
// "patch deployments.apps/scale". If there is a Name, it follows in quotes.
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

// ClusterScoped reports whether the resource is cluster-scoped. Only a ClusterRole with a
// ClusterRoleBinding can grant such a permission.
func (p Permission) ClusterScoped() bool {
	return p.Group == naming.Group && p.Resource == "clusterworkflowtemplates"
}

// Need is a permission that an operation needs.
type Need struct {
	Permission

	// For is the part of the operation that needs the permission, e.g. "Follow". It is empty if the
	// operation always needs it.
	For string
	// Soft reports whether the operation skips that part if the permission is missing. Otherwise it
	// fails with [ErrForbidden].
	Soft bool
}

// OpNeeds are the permissions that one operation needs.
type OpNeeds struct {
	Op    Op     // packages built on this one may define their own
	Needs []Need // in any order
}

// Ops returns all operations of this package.
func Ops() []Op { return append([]Op{OpNew, OpCreate, OpCheckAccess}, interfaceOps()...) }

// Changes reports whether the operation changes something in the cluster, so that its outcome can
// be unknown. The others only read.
func (op Op) Changes() bool {
	switch op {
	case OpCreate, OpStart, OpResubmit, OpSuspend, OpResume, OpStop, OpTerminate, OpDelete, OpRetry:
		return true
	}
	return false
}

// interfaceOps returns the operations of [Interface].
func interfaceOps() []Op {
	return []Op{
		OpStart, OpGet, OpList, OpWait, OpWatch, OpSuspend, OpResume, OpStop, OpTerminate, OpDelete, OpRetry, OpResubmit, OpLogs,
	}
}
