package workflow

import (
	"context"
	"errors"
)

// Reason says in one word what an error of this package is about. There are some twenty such
// words, so that they can label metrics; they are those of Kubernetes where it has one:
//
//   - "" for nil;
//   - the name of the sentinel without Err, such as "NotFound" for [ErrNotFound];
//   - else "Canceled" or "DeadlineExceeded": a context has ended;
//   - "Other" for everything else, such as the error of a condition.
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

// reasons are the words of the sentinels.
func reasons() []reason {
	return []reason{
		{ErrNotFound, "NotFound"},
		{ErrAlreadyExists, "AlreadyExists"},
		{ErrUnauthorized, "Unauthorized"},
		{ErrForbidden, "Forbidden"},
		{ErrInvalid, "Invalid"},
		{ErrConflict, "Conflict"},
		{ErrTemplateNotFound, "TemplateNotFound"},
		{ErrNotInstalled, "NotInstalled"},
		{ErrCompleted, "Completed"},
		{ErrNotCompleted, "NotCompleted"},
		{ErrNotSuspended, "NotSuspended"},
		{ErrReplaced, "Replaced"},
		{ErrDeleted, "Deleted"},
		{ErrLogsIncomplete, "LogsIncomplete"},
		{ErrNodesOffloaded, "NodesOffloaded"},
		{ErrUnsupported, "Unsupported"},
		{ErrUnavailable, "Unavailable"},
		{ErrUnknownOutcome, "UnknownOutcome"},
	}
}

type reason struct {
	of   error
	word string
}
