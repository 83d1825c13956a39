package workflow

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// The kinds of errors, for [errors.Is]. An [*Error] matches at most one, and the broader one that it
// refines.
var (
	// ErrNotFound means that the workflow or the namespace does not exist.
	ErrNotFound = errors.New("workflow not found")
	// ErrAlreadyExists means that the name is in use by a workflow that this call did not create.
	// Choose another name, or leave it empty to have one generated.
	ErrAlreadyExists = errors.New("workflow already exists")
	// ErrUnauthorized means that the API server does not accept the caller's credentials. Renew
	// them.
	ErrUnauthorized = errors.New("not authenticated")
	// ErrForbidden means that the caller lacks a permission, which the error names. Grant it with a
	// Role.
	ErrForbidden = errors.New("not permitted")
	// ErrInvalid means that the request is malformed. Nothing was changed. If there is an
	// [*InvalidError] in the chain, it lists every problem.
	ErrInvalid = errors.New("invalid request")
	// ErrConflict means one of the following. Another writer kept changing the workflow for as long
	// as the call retried. The workflow was retried during the call. A name is in use by another
	// idempotency key, or a key's request was recorded by a later version of this library. The
	// workflow is being shut down and so cannot be suspended. [ErrIdempotencyMismatch] refines it.
	ErrConflict = errors.New("conflict")
	// ErrIdempotencyMismatch means that the idempotency key is in use for a different request: with
	// other fields, which the error names, or under another name, which the error gives. Use another
	// key, or repeat the same request. It refines [ErrConflict].
	ErrIdempotencyMismatch = fmt.Errorf("%w: the idempotency key is in use for a different request", ErrConflict)
	// ErrTemplateNotFound means that the template to start from does not exist. The error names
	// those that do.
	ErrTemplateNotFound = errors.New("workflow template not found")
	// ErrNotInstalled means that the cluster does not have Argo's resources. Install its CRDs.
	ErrNotInstalled = errors.New("Argo Workflows is not installed in the cluster")
	// ErrCompleted means that the workflow has ended, and the operation needs one that has not. A
	// [*CompletedError] in the chain has the outcome; see also [*EndedBeforeSuspendError].
	ErrCompleted = errors.New("workflow has completed")
	// ErrNotCompleted means that the workflow has not ended, and the operation needs one that has.
	ErrNotCompleted = errors.New("workflow has not completed")
	// ErrNotSuspended means that no matching gate is waiting. A [*NotSuspendedError] in the chain has
	// the gates that are, and the phases of those that match.
	ErrNotSuspended = errors.New("no matching node is suspended")
	// ErrReplaced means that another workflow of the same name has replaced the workflow that the
	// call has seen, or whose UID it has.
	ErrReplaced = errors.New("workflow was replaced by another of the same name")
	// ErrDeleted means that the workflow was deleted while the call watched it, or before if the
	// call has its UID; see [WithUID].
	ErrDeleted = errors.New("workflow was deleted")
	// ErrLogsIncomplete means that a pod was deleted before its log was read to the end, so lines
	// may be missing. A [*LogsIncompleteError] names the containers.
	ErrLogsIncomplete = errors.New("lines of logs may be missing")
	// ErrNodesOffloaded means that the operation needs the nodes, and the object does not contain
	// them.
	ErrNodesOffloaded = status.ErrNodesOffloaded
	// ErrNodesGone means that a [NodeStore] no longer has the nodes in the version that the object names, and
	// the API server has no newer one. It refines [ErrNodesOffloaded].
	ErrNodesGone = status.ErrNodesGone
	// ErrHistory means that the [History] or [NodeStore] of the client could not answer for as long as the
	// call retried, and the API server alone could not either: the workflow is not in the cluster, or its
	// nodes are not in the object. It never means that there is no such workflow. Nothing was changed.
	ErrHistory = errors.New("workflow history unavailable")
	// ErrUnreadable means that the workflow's object cannot be decoded, or the operation needs its
	// nodes and those cannot. The object is not valid JSON, is nested too deep or is not a Workflow.
	// Nodes that are corrupt, too large, or compressed by an algorithm that needs
	// [Options].NodeDecoders are a [*status.NodesError] in the chain. Nothing was changed.
	ErrUnreadable = status.ErrUnreadable
	// ErrUnsupported means that this client, or how it reaches the API server, cannot do what was
	// asked. The error says what is missing. Nothing was changed.
	ErrUnsupported = errors.New("not supported")
	// ErrUnavailable means that the API server could not be reached, or was too busy, for as long
	// as the call retried. The workflow was not changed; try again. (A Retry may have deleted
	// pods.)
	ErrUnavailable = errors.New("Kubernetes API unavailable")
	// ErrUnknownOutcome means that a write was sent and no response arrived for as long as the call
	// retried, so it may or may not have taken effect. Check with Get, or repeat the call: a Start
	// with the same IdempotencyKey or Name does nothing twice while its workflow exists. If the
	// error says that a change is written, the call ended before the controller was seen to act on
	// it, or was made to look at it again.
	ErrUnknownOutcome = errors.New("unknown whether the change took effect")
)

// Backend is a way to reach the cluster. Errors, events, metrics and rollouts use the same names.
type Backend string

// The backends.
const (
	// BackendNative is [WorkflowClient], which connects to the API server itself.
	BackendNative Backend = "native"
	// BackendKubectl is the client of pkg/legacy, which runs kubectl.
	BackendKubectl Backend = "kubectl"
)

// Error is the error of an operation on a workflow. It matches the sentinel of its cause, such as
// [ErrForbidden] for a 403, and unwraps to the cause. Its string is truncated to 16 KiB, since an
// API server may repeat all that it received. The cause is complete.
type Error struct {
	Op              Op
	Namespace, Name string  // Name is "" if there is none yet
	Backend         Backend // which client failed
	Err             error
}

func (e *Error) Error() string {
	subject := ""
	switch {
	case e.Name != "":
		subject = " workflow " + e.Namespace + "/" + shown.Abridged(e.Name, shown.MaxString)
	case e.Namespace != "":
		subject = " in namespace " + e.Namespace
	}
	text := e.Err.Error()
	// The API server's messages do not always name the kind of failure.
	for _, kind := range []error{ErrUnavailable, ErrNotInstalled} {
		if e.Is(kind) && !errors.Is(e.Err, kind) {
			text = kind.Error() + ": " + text
		}
	}
	return string(e.Op) + subject + ": " + shown.Abridged(text, mostErrorText)
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes [errors.Is] match the sentinel of the cause, and the one that it refines.
func (e *Error) Is(target error) bool {
	kind := sentinelOf(e.Err)
	return kind != nil && errors.Is(kind, target)
}

func newError(op Op, namespace, name string, err error) *Error {
	return &Error{Op: op, Namespace: namespace, Name: name, Backend: BackendNative, Err: err}
}

// InvalidError lists every problem of a request. A problem has the field, as a path into the
// request such as parameters[index], and what is allowed. It does not contain values of parameters,
// since they may be secret. InvalidError matches [ErrInvalid]. Its string lists at most the first
// 20 problems, and the number of the others.
type InvalidError struct {
	Problems field.ErrorList // at least one
}

func (e *InvalidError) Error() string {
	const most, mostOfOne, mostOfAll = 20, 2 << 10, mostErrorText - 1<<10
	var texts []string
	length := 0
	for i, p := range e.Problems {
		text := shown.Abridged(p.Error(), mostOfOne)
		if length += len(text); i == most || length > mostOfAll {
			texts = append(texts, fmt.Sprintf("and %d more problems", len(e.Problems)-i))
			break
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// Is makes [errors.Is] match [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

func invalid(problems ...*field.Error) *InvalidError {
	return &InvalidError{Problems: problems}
}

// EndedBeforeSuspendError is the error of [Suspended] and [AtGate] for a workflow that ended before it
// reached a gate. It matches [ErrCompleted].
type EndedBeforeSuspendError struct {
	Name  string
	Phase status.Phase
	// Status is the workflow's last state. Its Err says which nodes failed.
	Status *status.WorkflowStatus
}

func (e *EndedBeforeSuspendError) Error() string {
	text := fmt.Sprintf("workflow %s ended %s before it was suspended", e.Name, shown.Abridged(string(e.Phase), shown.MaxString))
	if err := e.Status.Err(); err != nil {
		text += ": " + err.Error()
	}
	return text
}

// Is makes [errors.Is] match [ErrCompleted].
func (e *EndedBeforeSuspendError) Is(target error) bool { return target == ErrCompleted }

// DeletedError is the error of a wait or watch whose workflow no longer exists. It unwraps to
// [ErrDeleted] or [ErrReplaced]. If the workflow did not exist from the beginning, the error is
// [ErrNotFound] instead, unless the call has its UID.
type DeletedError struct {
	Last *status.WorkflowStatus // the last state seen, or nil; nodes that are offloaded may be missing
	Err  error
}

func (e *DeletedError) Unwrap() error { return e.Err }

func (e *DeletedError) Error() string {
	if e.Last == nil {
		return e.Err.Error()
	}
	return e.Err.Error() + "; last seen " + standing(e.Last)
}

// GoneError is the error of a wait or watch whose workflow is no longer in the cluster, and whose end the
// [History] has not recorded. It unwraps to a [*DeletedError].
type GoneError struct {
	Last *status.WorkflowStatus // the last state seen or recorded
	Err  error
}

func (e *GoneError) Unwrap() error { return e.Err }

func (e *GoneError) Error() string {
	return e.Err.Error() + "; the history does not know how it ended"
}

// WaitError is the error of a wait or watch whose context ended. It unwraps to the context's cause.
// It also matches the context's Err, so errors.Is(err, context.DeadlineExceeded) reports a timeout,
// whatever the cause is.
type WaitError struct {
	Last *status.WorkflowStatus // the last state seen, or nil; nodes that are offloaded may be missing
	Err  error                  // context.Cause of the caller's context

	ended error // the context's Err
}

func (e *WaitError) Unwrap() error { return e.Err }

// Is makes [errors.Is] match the context's Err.
func (e *WaitError) Is(target error) bool { return e.ended != nil && target == e.ended }

func (e *WaitError) Error() string {
	if e.Last == nil {
		return e.Err.Error() + "; no state of the workflow was seen"
	}
	return fmt.Sprintf("%v; last seen %s", e.Err, standing(e.Last))
}

// standing describes the state of a workflow and what the workflow waits for.
func standing(s *status.WorkflowStatus) string {
	text := string(s.Outcome())
	if s.Progress.Total > 0 {
		text += " (" + s.Progress.String() + ")"
	}
	switch {
	case s.StartDiagnostic != nil:
		text += "; " + s.StartDiagnostic.String()
	case s.Phase == status.PhaseUnknown:
		text += "; no controller has picked it up (check the namespace and the instance ID)"
	}
	if s.Completed() {
		return text + messageOf(s)
	}
	switch s.Shutdown {
	case status.ShutdownNone:
	case status.ShutdownTerminate:
		text += ", asked to terminate"
	default:
		text += ", asked to stop"
	}
	if s.SpecSuspended {
		text += ", as a whole (spec.suspend)"
	}
	if gates := s.SuspendedNodes(); len(gates) > 0 {
		text += ", waiting at " + described(s, gates)
	}
	if locks := s.AwaitedLocks(); len(locks) > 0 {
		names := make([]string, len(locks))
		for i, lock := range locks[:min(len(locks), shown.MaxListed)] {
			names[i] = lock.String()
		}
		text += ", waiting for " + shown.List(names)
	}
	if work := s.UnfinishedNodes(); len(work) > 0 {
		text += ", unfinished: " + described(s, work)
	}
	return text + messageOf(s)
}

// messageOf returns the controller's message about the workflow, as a suffix of an error.
func messageOf(s *status.WorkflowStatus) string {
	if s.Message == "" {
		return ""
	}
	return ": " + shown.Quoted(s.Message)
}

// described lists nodes of a workflow, each with its description.
func described(s *status.WorkflowStatus, nodes []*status.Node) string {
	names := make([]string, len(nodes))
	for i, n := range nodes[:min(len(nodes), shown.MaxListed)] {
		names[i] = s.Describe(n)
		if name := n.GateName(); name != n.DisplayName {
			names[i] += " (" + shown.Name(name) + ")"
		}
	}
	return shown.List(names)
}

// mostErrorText is the maximum length of an error's string in bytes.
const mostErrorText = 16 << 10
