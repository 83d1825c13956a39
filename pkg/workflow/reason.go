package workflow

import (
	"context"
	"errors"
)

// Reason returns a one-word reason for an error of this package. There are about twenty reasons, so
// they can be labels of metrics. They are those of Kubernetes where it has one:
//
//   - "" for nil;
//   - the name of the sentinel without Err, such as "NotFound" for [ErrNotFound];
//   - "Canceled" or "DeadlineExceeded" if no sentinel matches and a context ended;
//   - "Other" for any other error, such as that of a condition.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	kind := sentinelOf(err)
	for _, r := range reasons() {
		if errors.Is(kind, r.of) {
			return r.word
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "DeadlineExceeded"
	case errors.Is(err, context.Canceled):
		return "Canceled"
	}
	return "Other"
}

// reasons returns the reasons of the sentinels.
func reasons() []reason {
	return []reason{
		{ErrNotFound, "NotFound"},
		{ErrAlreadyExists, "AlreadyExists"},
		{ErrUnauthorized, "Unauthorized"},
		{ErrForbidden, "Forbidden"},
		{ErrInvalid, "Invalid"},
		{ErrIdempotencyMismatch, "IdempotencyMismatch"}, // before ErrConflict, which it refines
		{ErrConflict, "Conflict"},
		{ErrTemplateNotFound, "TemplateNotFound"},
		{ErrNotInstalled, "NotInstalled"},
		{ErrCompleted, "Completed"},
		{ErrNotCompleted, "NotCompleted"},
		{ErrNotSuspended, "NotSuspended"},
		{ErrReplaced, "Replaced"},
		{ErrDeleted, "Deleted"},
		{ErrLogsIncomplete, "LogsIncomplete"},
		{ErrNodesGone, "NodesGone"}, // before ErrNodesOffloaded, which it refines
		{ErrNodesOffloaded, "NodesOffloaded"},
		{ErrHistory, "History"},
		{ErrUnreadable, "Unreadable"},
		{ErrUnsupported, "Unsupported"},
		{ErrUnavailable, "Unavailable"},
		{ErrUnknownOutcome, "UnknownOutcome"},
	}
}

type reason struct {
	of   error
	word string
}
