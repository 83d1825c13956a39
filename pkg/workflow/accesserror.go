package workflow

import (
	"slices"
	"strings"
)

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
	// For has for each of Ops the parts that need it, separated by commas, or "" if the operation
	// always needs it; see [Need].
	For []string
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
		if m.For[i] != "" {
			uses[i] += " (" + m.For[i] + ")"
		}
	}
	return m.Permission.String() + ", for " + strings.Join(uses, ", ")
}

// add adds a use of the permission.
func (m *MissingPermission) add(op Op, part string) {
	at := slices.Index(m.Ops, op)
	switch {
	case at < 0:
		m.Ops, m.For = append(m.Ops, op), append(m.For, part)
	case m.For[at] == "" || part == "":
		m.For[at] = ""
	default:
		m.For[at] += ", " + part
	}
}

// required groups the needs that are not soft by permission, in the order of their first use.
func required(all []OpNeeds) []MissingPermission {
	var grouped []MissingPermission
	for _, of := range all {
		for _, n := range of.Needs {
			if n.Soft {
				continue
			}
			at := slices.IndexFunc(grouped, func(m MissingPermission) bool { return m.Permission == n.Permission })
			if at < 0 {
				at = len(grouped)
				grouped = append(grouped, MissingPermission{Permission: n.Permission})
			}
			grouped[at].add(of.Op, n.For)
		}
	}
	return grouped
}
