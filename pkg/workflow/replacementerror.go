package workflow

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"
)

// ReplacementError is the error of a Start with [ExistsReplace] that failed after the workflow to
// replace was deleted. It unwraps to the cause, and so matches the cause's sentinel. Unless that is
// [ErrUnknownOutcome], the call did not create the new workflow; repeat it to do so. An error that
// is not a ReplacementError means that the call has not seen the old workflow deleted.
type ReplacementError struct {
	// Replaced is the UID of the workflow that was deleted.
	Replaced types.UID
	Err      error
}

func (e *ReplacementError) Error() string {
	return fmt.Sprintf("the workflow to replace (UID %s) is deleted; create the new one: %v", e.Replaced, e.Err)
}

func (e *ReplacementError) Unwrap() error { return e.Err }
