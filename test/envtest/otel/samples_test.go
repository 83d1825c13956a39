package otel_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	startTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	startSpan  = "00f067aa0ba902b7"
)

// startedElsewhere is a state of a workflow whose start is in the trace of another process.
func startedElsewhere() *status.WorkflowStatus {
	return &status.WorkflowStatus{
		Name: "reindex-x7f2k", UID: "uid-1", Phase: status.PhaseFailed,
		Annotations: map[string]string{otel.AnnotationTraceparent: "00-" + startTrace + "-" + startSpan + "-01"},
	}
}

func call(op workflow.Op) workflow.Call {
	return workflow.Call{Op: op, Backend: "native", Namespace: "ma", Name: "reindex-x7f2k", Began: time.Now()}
}

func failed(op workflow.Op, err error) error {
	return &workflow.Error{Op: op, Namespace: "ma", Name: "reindex-x7f2k", Backend: "native", Err: err}
}

// causes has an error for each reason.
func causes() map[string]error {
	return map[string]error{
		"UnknownOutcome":      workflow.ErrUnknownOutcome,
		"DeadlineExceeded":    &workflow.WaitError{Last: startedElsewhere(), Err: context.DeadlineExceeded},
		"Canceled":            &workflow.WaitError{Err: context.Canceled},
		"TemplateNotFound":    workflow.ErrTemplateNotFound,
		"NotInstalled":        workflow.ErrNotInstalled,
		"NotSuspended":        workflow.ErrNotSuspended,
		"Replaced":            workflow.ErrReplaced,
		"Deleted":             &workflow.DeletedError{Last: startedElsewhere(), Err: workflow.ErrDeleted},
		"Completed":           workflow.ErrCompleted,
		"LogsIncomplete":      workflow.ErrLogsIncomplete,
		"NotCompleted":        workflow.ErrNotCompleted,
		"NodesGone":           workflow.ErrNodesGone,
		"NodesOffloaded":      workflow.ErrNodesOffloaded,
		"History":             workflow.ErrHistory,
		"Unreadable":          workflow.ErrUnreadable,
		"Unsupported":         workflow.ErrUnsupported,
		"NotFound":            workflow.ErrNotFound,
		"AlreadyExists":       workflow.ErrAlreadyExists,
		"Unauthorized":        workflow.ErrUnauthorized,
		"Forbidden":           workflow.ErrForbidden,
		"Invalid":             workflow.ErrInvalid,
		"Conflict":            workflow.ErrConflict,
		"IdempotencyMismatch": workflow.ErrIdempotencyMismatch,
		"Unavailable":         workflow.ErrUnavailable,
		"Other":               errors.New("what a condition says"),
	}
}

// events has all that each kind of event can tell, by the name of its type.
func events() map[string]workflow.Event {
	lost := fmt.Errorf("connection reset: %w", workflow.ErrUnavailable)
	const ns, name = "ma", "reindex-x7f2k"
	return map[string]workflow.Event{
		"Retrying":         workflow.Retrying{Op: workflow.OpGet, Backend: "native", Namespace: ns, Name: name, Err: lost, After: 1500 * time.Millisecond},
		"WatchOpened":      workflow.WatchOpened{Backend: "native", Namespace: ns, Name: name, Again: true},
		"WatchClosed":      workflow.WatchClosed{Backend: "native", Namespace: ns, Name: name, Err: lost},
		"Reached":          workflow.Reached{Op: workflow.OpWait, Backend: "native", Status: startedElsewhere(), Delay: 2 * time.Millisecond},
		"WorkflowEnded":    workflow.WorkflowEnded{Backend: "native", Status: startedElsewhere()},
		"EventNotRecorded": workflow.EventNotRecorded{Op: workflow.OpStart, Backend: "native", Namespace: ns, Name: name, Err: lost},
	}
}
