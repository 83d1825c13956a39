package main

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Exit codes; exitCodes describes them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitBadInput    = 2
	exitNotFound    = 3
	exitExists      = 4
	exitForbidden   = 5
	exitInterrupted = 130
)

// inputError is a mistake on the command line or in a file that it names.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

func exitCode(err error) int {
	var bad *inputError
	if errors.As(err, &bad) {
		return exitBadInput
	}
	if decidedOtherwise(err) {
		return exitExists
	}
	for _, class := range []struct {
		code  int
		kinds []error
	}{
		{exitFailed, []error{backfill.ErrEnded}},
		{exitForbidden, []error{workflow.ErrForbidden, workflow.ErrUnauthorized}},
		{exitBadInput, []error{workflow.ErrInvalid, workflow.ErrUnsupported, backfill.ErrNoSnapshot}},
		{exitNotFound, []error{
			workflow.ErrNotFound, workflow.ErrTemplateNotFound, workflow.ErrNotSuspended, workflow.ErrCompleted,
			backfill.ErrNotStarted, backfill.ErrNoWorkers, backfill.ErrNoWorkingState, fs.ErrNotExist,
		}},
		{exitExists, []error{workflow.ErrAlreadyExists, workflow.ErrConflict, backfill.ErrArchiveExists}},
	} {
		for _, kind := range class.kinds {
			if errors.Is(err, kind) {
				return class.code
			}
		}
	}
	return exitFailed
}

// decidedOtherwise reports whether a gate has ended in another way than that of the refused
// decision.
func decidedOtherwise(err error) bool {
	var gates []workflow.GateState
	var notSuspended *workflow.NotSuspendedError
	var completed *workflow.CompletedError
	switch {
	case errors.As(err, &notSuspended):
		gates = notSuspended.Gates
	case errors.As(err, &completed):
		gates = completed.Gates
	}
	return slices.ContainsFunc(gates, func(gate workflow.GateState) bool { return gate.Phase.Fulfilled() })
}
