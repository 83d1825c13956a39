package status

import (
	"errors"
	"fmt"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// ErrNodesOffloaded means that the controller keeps the workflow's nodes in its own database
// instead of the object. Phase, message, progress and outputs are known nonetheless. For gates and
// failed nodes read that database (see [NodeDecoders.WithOffloaded]), ask the Argo server, or switch
// nodeStatusOffLoad off.
var ErrNodesOffloaded = errors.New("the workflow's nodes are offloaded to the controller's database")

// ErrNodesGone means that offloaded nodes are no longer kept in the version that the object names. The
// controller keeps old versions for some minutes, so a newer state of the workflow names another one. It
// matches [ErrNodesOffloaded].
var ErrNodesGone = fmt.Errorf("%w, which no longer has this version of them", ErrNodesOffloaded)

// ErrNodesNotRead means that the workflow was deleted before its nodes were read. A call that reads a workflow
// only once it has ended returns such a state: phase and message are those of the end, everything else is
// as it was read before.
var ErrNodesNotRead = errors.New("the workflow was deleted before its nodes were read")

// ErrUnreadable means that an object, or the nodes of a workflow, cannot be decoded. The error is a
// [*NotWorkflowError], a [*NodesError] or a [*JSONError]. JSON that ends too early does not match
// it, since an answer may have been cut off.
var ErrUnreadable = errors.New("cannot be read")

// NotWorkflowError is the error for an object that is not a Workflow. It matches [ErrUnreadable].
type NotWorkflowError struct {
	APIVersion, Kind string // of the object; both are "" if there was none
}

func (e *NotWorkflowError) Error() string {
	if e.APIVersion == "" && e.Kind == "" {
		return "no object to read a workflow from"
	}
	return fmt.Sprintf("want an argoproj.io Workflow, have kind %q of apiVersion %q",
		brief(e.Kind, maxShownName), brief(e.APIVersion, maxShownName))
}

// Is makes [errors.Is] match [ErrUnreadable].
func (e *NotWorkflowError) Is(target error) bool { return target == ErrUnreadable }

// JSONError says where JSON is not valid. It does not show what is there, which may be secret. It
// matches [ErrUnreadable] if the JSON does not merely end too early.
type JSONError struct {
	// Offset is the position of the byte, counted from 0. For JSON that ends too early, it is the
	// length of the JSON.
	Offset int
	// Reason says what is wrong there, e.g. "want a colon".
	Reason string
	// Err is [io.ErrUnexpectedEOF] for JSON that ends too early, else nil.
	Err error
}

func (e *JSONError) Error() string { return fmt.Sprintf("JSON at byte %d: %s", e.Offset, e.Reason) }
func (e *JSONError) Unwrap() error { return e.Err }

// Is makes [errors.Is] match [ErrUnreadable] if there is no Err.
func (e *JSONError) Is(target error) bool { return target == ErrUnreadable && e.Err == nil }

// jsonError returns err, with a JSONError in place of a syntax error.
func jsonError(err error) error {
	var broken *wfjson.SyntaxError
	if errors.As(err, &broken) {
		return (*JSONError)(broken)
	}
	return err
}

// NodesError is the error for compressed nodes that cannot be decompressed or compressed, and for
// nodes in JSON that exceed a limit; see [MaxNodesSize]. It matches [ErrUnreadable].
type NodesError struct {
	// Err says what is wrong with the nodes.
	Err error

	inline bool
}

func (e *NodesError) Error() string {
	if e.inline {
		return "nodes: " + e.Err.Error()
	}
	return "compressed nodes: " + e.Err.Error()
}

func (e *NodesError) Unwrap() error { return e.Err }

// Is makes [errors.Is] match [ErrUnreadable].
func (e *NodesError) Is(target error) bool { return target == ErrUnreadable }

// nodesError returns the NodesError of compressed nodes.
func nodesError(err error) error { return &NodesError{Err: jsonError(err)} }

// FailedError is the error of a workflow that did not succeed. Its text names the first few nodes
// that failed, as [WorkflowStatus.Describe] does: first those that made the workflow fail, then
// those that it tolerated. Messages are cut to 1,000 bytes in the text.
type FailedError struct {
	Namespace, Name string
	Outcome         Outcome
	Message         string
	// Nodes are the nodes that failed; see [WorkflowStatus.FailedNodes].
	Nodes []*Node

	tolerated int      // the number of tolerated nodes, which are last in Nodes
	described []string // descriptions of the first nodes
}

// mostFailed is the number of nodes that the text of a FailedError names.
const mostFailed = 8

func (e *FailedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "workflow %s/%s ended %s", e.Namespace, e.Name, e.Outcome)
	if e.Message != "" {
		b.WriteString(": " + brief(e.Message, maxShownMessage))
	}
	for i, n := range e.Nodes {
		if i == mostFailed {
			fmt.Fprintf(&b, "; and %d more", len(e.Nodes)-mostFailed)
			break
		}
		b.WriteString("; ")
		if i == len(e.Nodes)-e.tolerated {
			b.WriteString("tolerated: ")
		}
		name := brief(n.DisplayName, maxShownName)
		if i < len(e.described) {
			name = e.described[i]
		}
		fmt.Fprintf(&b, "%s %s", name, brief(string(n.Phase), maxShownName))
		if n.Message != "" {
			b.WriteString(": " + brief(n.Message, maxShownMessage))
		}
	}
	return b.String()
}

// Err returns nil while the workflow runs and if it succeeded, else a [*FailedError] that names the
// nodes that failed.
func (s *WorkflowStatus) Err() error {
	outcome := s.Outcome()
	if !s.Completed() || outcome == OutcomeSucceeded {
		return nil
	}
	causing, tolerated := s.failedNodes()
	e := &FailedError{
		Namespace: s.Namespace, Name: s.Name, Outcome: outcome, Message: s.Message,
		Nodes: append(causing, tolerated...), tolerated: len(tolerated),
	}
	for _, n := range e.Nodes[:min(len(e.Nodes), mostFailed)] {
		e.described = append(e.described, s.Describe(n))
	}
	return e
}
