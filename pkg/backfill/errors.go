package backfill

import (
	"errors"
	"fmt"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

var (
	// ErrNoSnapshot: a backfill reindexes a snapshot, and the configuration has none.
	ErrNoSnapshot = errors.New("A snapshot object is required for ArgoRFSBackfill")
	// ErrNotStarted: the session has no workflow. Start it first.
	ErrNotStarted = errors.New("the backfill has not been started")
	// ErrEnded: the backfill has ended, or is about to. Restart starts it again.
	ErrEnded = errors.New("the backfill has ended")
	// ErrNoWorkers: the backfill has no Deployment or ReplicaSet of workers, since it has not come
	// to make it yet or has deleted it.
	ErrNoWorkers = errors.New("the backfill has no workers")
	// ErrRunning: what was asked for has to wait until the backfill has ended. The error is a
	// [*RunningError], which says what runs.
	ErrRunning = errors.New("the backfill is running")
)

// RunningError says what is still there of a backfill.
type RunningError struct {
	Session string
	State   State
	// What names it: the workflow, the workers' pods.
	What []string
}

// Error implements error.
func (e *RunningError) Error() string {
	return fmt.Sprintf("backfill %q is %s: %s; stop it first, and wait for its end", e.Session, e.State, strings.Join(e.What, ", "))
}

// Is makes it [ErrRunning].
func (e *RunningError) Is(target error) bool { return target == ErrRunning }

// needs is the error for an operation without a dependency that it needs.
func needs(operation, dependency, what string) error {
	return fmt.Errorf("%w: to %s, Dependencies.%s is needed: %s", workflow.ErrUnsupported, operation, dependency, what)
}

var (
	errNoKubernetes   = needs("see and scale the workers", "Kubernetes", "a client that reaches Deployments, ReplicaSets and pods")
	errNoWorkingState = needs("see the shards", "WorkingState", "a client of the target cluster, such as that of adapters/opensearch")
)
