package status

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNodesOffloaded: the controller keeps the workflow's nodes in its own database, not
// in the object. Phase, message, progress and outputs are there all the same; for gates
// and failed nodes ask the Argo server, or switch nodeStatusOffLoad off.
var ErrNodesOffloaded = errors.New("the workflow's nodes are offloaded to the controller's database")

// NotWorkflowError is the error for an object that is no Workflow.
type NotWorkflowError struct {
	APIVersion, Kind string // what the object says it is; both "": there was none
}

func (e *NotWorkflowError) Error() string {
	if e.APIVersion == "" && e.Kind == "" {
		return "no object to read a workflow from"
	}
	return fmt.Sprintf("want an argoproj.io Workflow, have kind %q of apiVersion %q",
		brief(e.Kind, maxShownName), brief(e.APIVersion, maxShownName))
}

// JSONError tells that JSON is broken, and never shows what stands there: it may be secret.
type JSONError struct {
	// Offset is the byte at which it is, counted from 0; at the end of what there is, for
	// JSON that is cut off.
	Offset int
	// Reason says what is wrong there, e.g. "want a colon".
	Reason string
	// Err is [io.ErrUnexpectedEOF] for JSON that is cut off, else nil.
	Err error
}

func (e *JSONError) Error() string { return fmt.Sprintf("JSON at byte %d: %s", e.Offset, e.Reason) }
func (e *JSONError) Unwrap() error { return e.Err }

// NodesError tells that compressed nodes could not be unpacked or packed, or that nodes are
// more than is read from JSON, see [MaxNodesSize].
type NodesError struct {
	// Err is what is wrong with them.
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

// FailedError is the failure of a workflow, as an error. Its text names the first few
// nodes that failed, those by which the workflow did before those that it tolerated, each with
// the item of the loop that it is part of; see [WorkflowStatus.Describe]. Messages are cut to
// 1,000 bytes in it.
type FailedError struct {
	Namespace, Name string
	Outcome         Outcome
	Message         string
	// Nodes are the nodes that failed, see [WorkflowStatus.FailedNodes].
	Nodes []*Node

	tolerated int      // the last ones of Nodes
	described []string // the first ones of Nodes
}

// mostFailed is how many nodes the text of a FailedError names.
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

// Err is nil while the workflow runs and when it succeeded, else a [*FailedError] that
// names the nodes that failed.
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
