package workflow

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// What an error is about, to be matched with [errors.Is]. An [*Error] matches at most one.
var (
	// ErrNotFound: there is no workflow of that name in the namespace, or no such namespace.
	ErrNotFound = errors.New("workflow not found")
	// ErrAlreadyExists: the name is taken by a workflow that this call did not make. Choose
	// another name, or leave it to be generated. Of a dry run it can be a [*FoundError].
	ErrAlreadyExists = errors.New("workflow already exists")
	// ErrUnauthorized: the API server doesn't know the caller. Renew its credentials.
	ErrUnauthorized = errors.New("not authenticated")
	// ErrForbidden: the caller lacks a permission, which the text names. Grant it by a Role.
	ErrForbidden = errors.New("not permitted")
	// ErrInvalid: the request is malformed and nothing was changed. An [*InvalidError] in the
	// chain, where there is one, lists every problem.
	ErrInvalid = errors.New("invalid request")
	// ErrConflict: somebody else changed the workflow at the same time for as long as the
	// call kept trying, or an idempotency key is in use for a different request or under
	// another name, or a name is in use by another key, or the workflow is being shut down,
	// which excludes suspending it.
	ErrConflict = errors.New("conflict")
	// ErrTemplateNotFound: the template to start from is not there. The text names those
	// that are.
	ErrTemplateNotFound = errors.New("workflow template not found")
	// ErrNotInstalled: the cluster doesn't know Argo's resources. Install its CRDs.
	ErrNotInstalled = errors.New("Argo Workflows is not installed in the cluster")
	// ErrCompleted: the workflow has ended, and what was asked for needs one that has not.
	ErrCompleted = errors.New("workflow has completed")
	// ErrNotCompleted: the workflow still runs, and what was asked for needs one that has ended.
	ErrNotCompleted = errors.New("workflow has not completed")
	// ErrNotSuspended: no gate that matches is waiting. The text names those that are, and says
	// what has become of those that were meant.
	ErrNotSuspended = errors.New("no matching node is suspended")
	// ErrReplaced: another workflow of the same name has taken its place.
	ErrReplaced = errors.New("workflow was replaced by another of the same name")
	// ErrDeleted: the workflow was deleted while the call followed it.
	ErrDeleted = errors.New("workflow was deleted")
	// ErrLogsIncomplete: a pod was deleted before its log was read to the end, so lines may be
	// missing. A [*LogsIncompleteError] says of which containers.
	ErrLogsIncomplete = errors.New("lines of logs may be missing")
	// ErrNodesOffloaded: the call needs the nodes, and they are not in the object.
	ErrNodesOffloaded = status.ErrNodesOffloaded
	// ErrUnsupported: this implementation cannot do that, or cannot read the workflow's nodes,
	// which are corrupt, too large, or compressed by an algorithm that needs [Options].NodeDecoders;
	// then a [*status.NodesError] is in the chain. Nothing was changed.
	ErrUnsupported = errors.New("not supported")
	// ErrUnavailable: the API server could not be reached or was too busy for as long as the
	// call kept trying. The workflow was not changed; try again. (A Retry may have deleted pods.)
	ErrUnavailable = errors.New("Kubernetes API unavailable")
	// ErrUnknownOutcome: a write was sent and no answer came back for as long as the call
	// kept trying, so it may or may not have taken effect. Look with Get, or repeat the call:
	// a Start with the same IdempotencyKey or Name does nothing twice while its workflow exists.
	// Of a decision that is written it says so: then the call ended before the controller had
	// been seen to act on it, or was made to look again.
	ErrUnknownOutcome = errors.New("unknown whether the change took effect")
)

// Op names an operation in errors.
type Op string

// One for each method of [WorkflowClient] that sends something; OpNew is that of [New] and [NewForConfig].
const (
	OpNew       Op = "new client"
	OpCreate    Op = "create"
	OpGet       Op = "get"
	OpList      Op = "list"
	OpStart     Op = "start"
	OpWatch     Op = "watch"
	OpWait      Op = "wait"
	OpSuspend   Op = "suspend"
	OpResume    Op = "resume"
	OpStop      Op = "stop"
	OpTerminate Op = "terminate"
	OpDelete    Op = "delete"
	OpResubmit  Op = "resubmit"
	OpLogs      Op = "logs"
	OpRetry     Op = "retry"

	OpCheckAccess Op = "check access"
)

// BackendNative is the backend of errors from [WorkflowClient], unless [Options.Backend] is another.
const BackendNative = "native"

// Error is the error of an operation on a workflow. It matches the sentinel its cause
// stands for, e.g. [ErrForbidden] for a 403, and unwraps to the cause. Its text is cut off behind
// 16 KiB: an API server may repeat all of what it was sent. The cause is whole.
type Error struct {
	Op              Op
	Namespace, Name string // Name is "" where there is none yet
	Backend         string // which implementation failed, e.g. [BackendNative]
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
	// The API server's own texts don't always say what kind of failure it was.
	for _, kind := range []error{ErrUnavailable, ErrNotInstalled} {
		if e.Is(kind) && !errors.Is(e.Err, kind) {
			text = kind.Error() + ": " + text
		}
	}
	return string(e.Op) + subject + ": " + shown.Abridged(text, mostErrorText)
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes [errors.Is] match the sentinel that the cause stands for.
func (e *Error) Is(target error) bool {
	kind := sentinelOf(e.Err)
	return kind != nil && kind == target
}

func newError(op Op, namespace, name string, err error) *Error {
	return &Error{Op: op, Namespace: namespace, Name: name, Backend: BackendNative, Err: err}
}

// InvalidError lists everything that is wrong with a request, each with its field, a path
// into the request such as parameters[index], and what is allowed. It matches
// [ErrInvalid]. Values of parameters are left out of it, since they may be secret. Its text lists
// the first 20 at most, and says how many more there are.
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

// FoundError is the error of a dry run whose IdempotencyKey has started its workflow already: the
// same call without DryRun returns that workflow, and creates none. It matches [ErrAlreadyExists].
type FoundError struct {
	Name string // of the workflow
}

func (e *FoundError) Error() string {
	return fmt.Sprintf("%v: the idempotency key has started %s; a start returns it and creates none", ErrAlreadyExists, e.Name)
}

// Is makes [errors.Is] match [ErrAlreadyExists].
func (e *FoundError) Is(target error) bool { return target == ErrAlreadyExists }

// EndedBeforeSuspendError is the error of [Suspended] for a workflow that ended without
// reaching a gate. It matches [ErrCompleted].
type EndedBeforeSuspendError struct {
	Name  string
	Phase status.Phase
	// Status is the workflow's last state; its Err says which nodes failed.
	Status *status.WorkflowStatus
}

func (e *EndedBeforeSuspendError) Error() string {
	text := fmt.Sprintf("The workflow '%s' reached ending phase of %s before reaching suspend state", e.Name, shown.Abridged(string(e.Phase), shown.MaxString))
	if err := e.Status.Err(); err != nil {
		text += ": " + err.Error()
	}
	return text
}

// Is makes [errors.Is] match [ErrCompleted].
func (e *EndedBeforeSuspendError) Is(target error) bool { return target == ErrCompleted }

// GoneError is the error of following a workflow that is not there any more. It unwraps to
// [ErrDeleted] or [ErrReplaced]. That there never was one is [ErrNotFound].
type GoneError struct {
	Last *status.WorkflowStatus // the last state seen; nil: none
	Err  error
}

func (e *GoneError) Unwrap() error { return e.Err }

func (e *GoneError) Error() string {
	if e.Last == nil {
		return e.Err.Error()
	}
	return e.Err.Error() + "; last seen " + standing(e.Last)
}

// WaitError is the error of a wait or watch whose context ended. It unwraps to the context's
// cause, and besides matches what the context's Err says: errors.Is(err,
// context.DeadlineExceeded) tells a timeout, whatever cause was given for that.
type WaitError struct {
	Last *status.WorkflowStatus // the last state seen; nil: none
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

// standing says how a workflow stands, and what it waits for.
func standing(s *status.WorkflowStatus) string {
	text := string(s.Outcome())
	if s.Progress.Total > 0 {
		text += " (" + s.Progress.String() + ")"
	}
	switch {
	case s.StartDiagnostic != nil:
		text += "; " + s.StartDiagnostic.String()
	case s.Phase == status.PhaseUnknown:
		text += ", by no controller yet: does one manage the namespace and the instance id?"
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
		text += ", not through with " + described(s, work)
	}
	return text + messageOf(s)
}

// messageOf is what the controller says of the workflow, e.g. that it waits for others, for the
// end of a text.
func messageOf(s *status.WorkflowStatus) string {
	if s.Message == "" {
		return ""
	}
	return ": " + shown.Quoted(s.Message)
}

// described lists nodes of a workflow for a text.
func described(s *status.WorkflowStatus, nodes []*status.Node) string {
	names := make([]string, len(nodes))
	for i, n := range nodes[:min(len(nodes), shown.MaxListed)] {
		names[i] = s.Describe(n)
	}
	return shown.List(names)
}

// mostErrorText is the most bytes of an error's string.
const mostErrorText = 16 << 10

// nodeNames lists nodes by their display names, for a text.
func nodeNames(nodes []*status.Node) string {
	names := make([]string, len(nodes)) // the text has the first ones only
	for i, n := range nodes[:min(len(nodes), shown.MaxListed)] {
		names[i] = shown.Name(n.DisplayName)
	}
	return shown.List(names)
}
