package differential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// outcome is the result of a call, as far as both sides have to agree.
type outcome struct {
	returned string
	kind     string
	err      error // for error messages
}

func outcomeOf(returned string, err error) outcome {
	return outcome{returned: returned, kind: kindOf(err), err: err}
}

// String describes it completely.
func (o outcome) String() string {
	if o.err == nil {
		return "returned " + o.returned
	}
	return fmt.Sprintf("failed as %s: %v", o.kind, o.err)
}

func (o outcome) agrees(with outcome) bool { return o.returned == with.returned && o.kind == with.kind }

// kindOf returns everything of an error that callers can distinguish: what it matches, the
// operation and the workflow that it names, and the invalid fields.
func kindOf(err error) string {
	if err == nil {
		return ""
	}
	var kinds []string
	for _, known := range []error{
		workflow.ErrNotFound, workflow.ErrAlreadyExists, workflow.ErrUnauthorized, workflow.ErrForbidden, workflow.ErrInvalid,
		workflow.ErrConflict, workflow.ErrTemplateNotFound, workflow.ErrNotInstalled, workflow.ErrCompleted, workflow.ErrNotCompleted,
		workflow.ErrNotSuspended, workflow.ErrReplaced, workflow.ErrDeleted, workflow.ErrNodesOffloaded, workflow.ErrUnreadable,
		workflow.ErrUnsupported, workflow.ErrUnavailable, workflow.ErrUnknownOutcome, context.Canceled, context.DeadlineExceeded,
		workflow.ErrIdempotencyMismatch, workflow.ErrNodesGone, workflow.ErrHistory,
	} {
		if errors.Is(err, known) {
			kinds = append(kinds, known.Error())
		}
	}
	var e *workflow.Error
	if errors.As(err, &e) {
		kinds = append(kinds, fmt.Sprintf("%s of %q", e.Op, e.Name))
	}
	var wrong *workflow.InvalidError
	if errors.As(err, &wrong) {
		for _, p := range wrong.Problems {
			kinds = append(kinds, fmt.Sprintf("%s: %s", p.Field, p.Type))
		}
	}
	if reason := apierrors.ReasonForError(err); reason != "" {
		kinds = append(kinds, "reason "+string(reason))
	}
	slices.Sort(kinds)
	return strings.Join(kinds, ", ")
}
