package opensearch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Op names an operation in errors.
type Op string

// OpNew is the operation of [New]; the others are those of the [WorkingState] methods that send
// requests.
const (
	OpNew       Op = "new-client"
	OpCounts    Op = "count-work-items"
	OpSize      Op = "count-documents"
	OpDocuments Op = "read-documents"
	OpRestore   Op = "restore-documents"
	OpDelete    Op = "delete-index"
)

// Error is the error of an operation on a working state. It matches the sentinel that it stands
// for, see the package, and unwraps to its cause. It does not contain the credentials that were
// sent, even if the server repeats them.
type Error struct {
	Op    Op
	Index string // "" for [OpNew]
	// Document is the ID of the document that the error is about, or "".
	Document string
	// StatusCode is the status code of the response. It is 0 if there was none, or if the response
	// was a success of which a part is wrong.
	StatusCode int
	// Type and Reason are the server's words, if it gave any.
	Type, Reason string
	// Causes are the causes that the server names, each different and not the error itself: of an
	// error as a whole, of its failed shards, or of those of an answer that is only in part a
	// success. They are at most 3, without credentials, and like Reason of at most 500 characters.
	Causes []Cause
	Err    error // the cause, unless it is the server's response
	// Hint says what to change so that the operation can succeed. It is "" if that isn't known.
	Hint string

	kind  error // the sentinel
	ended error // Err of a context that has ended
	again bool  // a read may be repeated

	unassigned bool // a shard is not assigned
}

func (e *Error) Error() string {
	text := string(e.Op)
	if e.Index != "" {
		text += " " + e.Index
	}
	if e.Document != "" {
		text += fmt.Sprintf(", document %q", e.Document)
	}
	if isBlock(e.StatusCode, e.Type) {
		text += ": blocked in the cluster"
	} else if e.kind == workflow.ErrUnavailable { //nolint:errorlint // put there by this package
		text += ": the cluster is unavailable" // the sentinel's own message is about Kubernetes
	}
	var parts []string
	if e.StatusCode != 0 {
		parts = append(parts, fmt.Sprintf("status %d", e.StatusCode))
	}
	for _, part := range []string{e.Type, e.Reason} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	if len(e.Causes) > 0 {
		causes := make([]string, len(e.Causes))
		for i, cause := range e.Causes {
			causes[i] = cause.String()
		}
		parts = append(parts, strings.Join(causes, "; "))
	}
	said := strings.Join(parts, ": ")
	if e.Hint != "" {
		said = strings.TrimSuffix(said, ";") + "; " + e.Hint
	}
	return text + ": " + status.Printable(said) // some of it comes from the server
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes [errors.Is] match the sentinel, and the Err of a context that has ended.
func (e *Error) Is(target error) bool {
	return target != nil && (target == e.kind || target == e.ended)
}

// ended returns the error of a context that has ended: its cause, which can differ from its Err.
func ended(ctx context.Context) *Error {
	return &Error{Err: context.Cause(ctx), ended: ctx.Err()}
}

// timeoutError is the end of a request's time limit, while the caller's context has not ended.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string { return fmt.Sprintf("no answer within %v", e.after) }

// asError adds operation and index to an error.
func asError(err error, op Op, index string) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Err: err, kind: kindOf(err)}
	}
	e.Op, e.Index = op, index
	return e
}
