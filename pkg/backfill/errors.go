package backfill

import (
	"errors"
	"fmt"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/archive"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

var (
	// ErrNoSnapshot means that the configuration does not have a snapshot to reindex.
	ErrNoSnapshot = errors.New("A snapshot object is required for ArgoRFSBackfill")
	// ErrNotStarted means that the session does not have a workflow. Start it first.
	ErrNotStarted = errors.New("the backfill has not been started")
	// ErrEnded means that the backfill has ended, or is being stopped. Restart starts it again.
	ErrEnded = errors.New("the backfill has ended")
	// ErrNoWorkers means that the backfill does not have a Deployment or ReplicaSet of workers: it
	// has not created one yet, or has deleted it.
	ErrNoWorkers = errors.New("the backfill has no workers")
	// ErrRunning means that the operation has to wait until the backfill has ended. The error is a
	// [*RunningError], which says what is running.
	ErrRunning = errors.New("the backfill is running")
	// ErrNoWorkingState means that the index of the working state does not exist. The workers have
	// not created it yet, or [Backfill.Archive] has deleted it.
	ErrNoWorkingState = archive.ErrNoIndex
	// ErrArchiveExists means that a file of the archive's name exists and holds other documents
	// than the index. It is not overwritten; choose another file name.
	ErrArchiveExists = archive.ErrExists
)

// RunningError says what is still running.
type RunningError struct {
	Session string
	State   State
	// What names the workflow and the workers' pods.
	What []string
}

// Error implements error.
func (e *RunningError) Error() string {
	return fmt.Sprintf("backfill %q is %s: %s; stop it and wait until it has ended", e.Session, e.State, strings.Join(e.What, ", "))
}

// Is makes it match [ErrRunning].
func (e *RunningError) Is(target error) bool { return target == ErrRunning }

// missingDependency is the error of an operation without a dependency that it needs.
func missingDependency(operation, dependency, what string) error {
	return fmt.Errorf("%w: %s needs Dependencies.%s, %s", workflow.ErrUnsupported, operation, dependency, what)
}

var (
	errNoKubernetes = missingDependency("reading and scaling the workers", "Kubernetes",
		"a client for Deployments, ReplicaSets and pods")
	errNoWorkingState = missingDependency("reading the working state", "WorkingState",
		"a client of the cluster that has it, such as that of adapters/opensearch")
)

// fromWorkers puts the public sentinel on an error of package workers.
func fromWorkers(err error) error {
	var replaced *workers.ReplacedError
	var lost *workers.LostWriteError
	switch {
	case errors.Is(err, workers.ErrNone):
		return ErrNoWorkers
	case errors.Is(err, workers.ErrStopped):
		return ErrNotStarted
	case errors.Is(err, workers.ErrSeveral):
		return fmt.Errorf("%w: %w", workflow.ErrUnsupported, err)
	case errors.As(err, &replaced):
		return fmt.Errorf("%w: %w", workflow.ErrReplaced, err)
	case errors.As(err, &lost):
		return fmt.Errorf("%w: %w", workflow.ErrUnknownOutcome, err)
	}
	return err
}

// fromArchive puts the public sentinel on an error of package archive.
func fromArchive(err error) error {
	switch {
	case errors.Is(err, archive.ErrChanged):
		return fmt.Errorf("%w: %w", workflow.ErrConflict, err)
	case errors.Is(err, archive.ErrMalformed):
		return fmt.Errorf("%w: %w", workflow.ErrInvalid, err)
	}
	return err
}
