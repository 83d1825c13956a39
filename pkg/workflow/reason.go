package workflow

import (
	"context"
	"errors"
)

// Reason says in one word what an error of this package is about. There are some twenty such
// words, so that they can label metrics; they are those of Kubernetes where it has one:
//
//   - "" for nil;
//   - "Canceled" and "DeadlineExceeded": the caller's context has ended;
//   - the name of the sentinel without Err, such as "NotFound" for [ErrNotFound];
//   - "Other" for everything else, such as the error of a condition.
func Reason(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrUnknownOutcome): // the context may have ended as well
		return "UnknownOutcome"
	case contextEnded(err) && errors.Is(err, context.DeadlineExceeded):
		return "DeadlineExceeded"
	case contextEnded(err) && errors.Is(err, context.Canceled):
		return "Canceled"
	}
	switch sentinelOf(err) {
	case ErrTemplateNotFound:
		return "TemplateNotFound"
	case ErrNotInstalled:
		return "NotInstalled"
	case ErrNotSuspended:
		return "NotSuspended"
	case ErrReplaced:
		return "Replaced"
	case ErrDeleted:
		return "Deleted"
	case ErrCompleted:
		return "Completed"
	case ErrNotCompleted:
		return "NotCompleted"
	case ErrNodesOffloaded:
		return "NodesOffloaded"
	case ErrUnsupported:
		return "Unsupported"
	case ErrNotFound:
		return "NotFound"
	case ErrAlreadyExists:
		return "AlreadyExists"
	case ErrUnauthorized:
		return "Unauthorized"
	case ErrForbidden:
		return "Forbidden"
	case ErrInvalid:
		return "Invalid"
	case ErrConflict:
		return "Conflict"
	case ErrUnavailable:
		return "Unavailable"
	}
	return "Other"
}
