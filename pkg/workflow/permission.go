package workflow

import (
	"fmt"
	"slices"
	"strings"

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

// PermissionError lists missing permissions. It matches [ErrForbidden].
type PermissionError struct {
	Namespace string // in which they are missing
	Missing   []MissingPermission
}

// MissingPermission is a missing permission and what it is needed for.
type MissingPermission struct {
	Permission

	// Ops are the checked operations that need the permission.
	Ops []Op
	// Parts has for each of Ops the parts that need it, separated by commas, or "" if the operation
	// always needs it; see [Requirement].
	Parts []string
}

// Error implements error.
func (e *PermissionError) Error() string {
	missing := make([]string, len(e.Missing))
	for i, m := range e.Missing {
		missing[i] = m.String()
	}
	return "not permitted: " + strings.Join(missing, "; ")
}

// Is makes [errors.Is] match [ErrForbidden].
func (e *PermissionError) Is(target error) bool { return target == ErrForbidden }

// String returns the permission and its uses, such as
// "get workflows.argoproj.io, for start (an idempotency key), wait".
func (m MissingPermission) String() string {
	uses := make([]string, len(m.Ops))
	for i, op := range m.Ops {
		uses[i] = string(op)
		if m.Parts[i] != "" {
			uses[i] += " (" + m.Parts[i] + ")"
		}
	}
	return m.Permission.String() + ", for " + strings.Join(uses, ", ")
}

// add adds a use of the permission.
func (m *MissingPermission) add(op Op, part string) {
	at := slices.Index(m.Ops, op)
	switch {
	case at < 0:
		m.Ops, m.Parts = append(m.Ops, op), append(m.Parts, part)
	case m.Parts[at] == "" || part == "":
		m.Parts[at] = ""
	default:
		m.Parts[at] += ", " + part
	}
}

// required groups the requirements that are not optional by permission, in the order of their first
// use.
func required(all []OpRequirements) []MissingPermission {
	var grouped []MissingPermission
	for _, of := range all {
		for _, n := range of.Requirements {
			if n.Optional {
				continue
			}
			at := slices.IndexFunc(grouped, func(m MissingPermission) bool { return m.Permission == n.Permission })
			if at < 0 {
				at = len(grouped)
				grouped = append(grouped, MissingPermission{Permission: n.Permission})
			}
			grouped[at].add(of.Op, n.Part)
		}
	}
	return grouped
}
