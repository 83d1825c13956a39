package backfill

import (
	"context"
	"fmt"
	"iter"
	"time"

	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Backfill is one backfill, identified by its session. Its methods may be called by
// several goroutines, processes and machines at once; all state is in the cluster. A call that
// was cut off, by the end of its process too, is made good by the same call again. It grows as
// operations are added, so implement it by embedding.
//
// Errors are those of the [workflow.Interface] call beneath, with the session put before; match
// them with [errors.Is]. What Kubernetes answers about Deployments, ReplicaSets and pods
// matches the same sentinels. [workflow.ErrReplaced]: during the call the run was deleted and another
// workflow of its name was started, which the call leaves alone.
type Backfill interface {
	Runner
	Gatekeeper
	Reporter
	Keeper
}

// Runner sets a backfill going and stops it.
type Runner interface {
	// Create checks that the backfill can be started, without starting it: template, entrypoint,
	// parameters, and, with Dependencies.Kubernetes, the permissions for every other method. nil:
	// ready, or started already. The error says all that is missing of one kind:
	// [*workflow.InvalidError] the parameters, [*workflow.PermissionError] the permissions ([Needs]).
	Create(ctx context.Context) error
	// Start starts the backfill, resumes it after a Pause, or finds the one that this session
	// has started before, in whatever state that is by now: one that has ended is left alone,
	// and Status.State says how it ended. Gates stay closed. It is idempotent: two processes
	// that start one session at once make one workflow, and a repeated call has the controller look
	// at it again. What it was started with stays, also where
	// the configuration has other parameters by now; [workflow.ErrConflict]: it has another template,
	// snapshot or target, so it describes another backfill, or another client paused it again and again.
	Start(ctx context.Context) (*Status, error)
	// Restart starts the backfill anew after it has ended, as another run of the same session; the
	// workflow of the run before stays. The workers go on from the working state they find. Two
	// processes that restart one session at once make one run. While a run that a restart has made
	// goes on, and before the first start, it is Start. [ErrRunning]: the first run hasn't ended, or
	// pods of a run are left.
	Restart(ctx context.Context) (*Status, error)
	// Pause suspends the workflow and scales its workers to zero; Start undoes both. Their number is
	// noted before in an annotation of the workflow, or, of a Deployment without one, in the ConfigMap
	// argoservice-backfill of its namespace, which is made if it isn't there. Steps that run in pods of their own go on to
	// their end; while there are no workers yet, Pause blocks until these steps have ended, since
	// they may make some. It doesn't wait for the workers' end, which Status shows. It is idempotent.
	// [ErrNotStarted]; [ErrEnded], also if it was stopped meanwhile; [workflow.ErrConflict]: another
	// client resumed it again and again; [workflow.ErrUnsupported] without Dependencies.Kubernetes,
	// before anything is changed.
	Pause(ctx context.Context) error
	// Stopper ends it.
	Stopper
}

// Stopper ends a backfill.
type Stopper interface {
	// Stop asks the workflow to stop, which runs its exit handlers, and scales its workers to
	// zero. It doesn't wait. It is idempotent: one that has ended, or was never started, is a
	// success. Without Dependencies.Kubernetes the workers are left to the exit handlers.
	Stop(ctx context.Context) error
	// StopAndWait is Stop, and blocks until the exit handlers have run and no pod of the backfill
	// is left. Without Dependencies.Kubernetes it is [workflow.ErrUnsupported].
	StopAndWait(ctx context.Context) (*Status, error)
}

// Gatekeeper decides at gates.
type Gatekeeper interface {
	// Gates are those that the backfill waits at; none is an empty list. [workflow.ErrNodesOffloaded]
	// and others of its kind: the nodes can't be seen.
	Gates(ctx context.Context) ([]Gate, error)
	// Approve lets it pass gates that wait, all in one write, and returns those that it has passed,
	// with an error too. A gate that was approved before is a success and not among them.
	// After a stop only those of exit handlers wait.
	// [workflow.ErrNotSuspended]: none of that name waits, and the text names those that do;
	// [workflow.ErrConflict]: it was rejected; [workflow.ErrInvalid]: an output that is missing or
	// that no gate takes.
	Approve(ctx context.Context, approval Approval) ([]Gate, error)
	// Reject fails gates that wait, all in one write, which as a rule fails the workflow. It returns
	// those that were rejected. Errors are like those of Approve.
	Reject(ctx context.Context, rejection Rejection) ([]Gate, error)
}

// Reporter tells how a backfill stands.
type Reporter interface {
	// Status tells how the backfill stands. A part that could not be read holds its error; an
	// error is returned only where the workflow itself could not be read.
	Status(ctx context.Context) (*Status, error)
	// Follow yields the backfill's status now and at each change, until the run that it found at
	// first has ended and, if it was stopped, its workers have too; the last status is read after
	// that. If nothing was started, the only status says so. Nothing is sent before the sequence is
	// ranged over, and nothing goes on after. An error is the last element.
	Follow(ctx context.Context, opts FollowOptions) iter.Seq2[*Status, error]
	// Describe returns the configuration. Secrets in it mask themselves when printed.
	Describe() Config
}

// Keeper changes and keeps what the workers work with.
type Keeper interface {
	// Scale sets the number of workers, from 1 up, while the backfill runs; while it is paused,
	// the number that Start brings back. What a start begins with is the configuration's scale.
	// [ErrNotStarted]; [ErrEnded]; [ErrNoWorkers]; [workflow.ErrUnsupported] without
	// Dependencies.Kubernetes.
	Scale(ctx context.Context, workers int) error
	// Archive writes the session's working state to a file and then deletes it from the target
	// cluster. See [Archive] for what holds when. [ErrRunning]: something runs, which the error
	// names. [workflow.ErrUnsupported] without Dependencies.WorkingState or
	// Dependencies.Kubernetes: what can't be seen may be running.
	Archive(ctx context.Context, opts ArchiveOptions) (Archive, error)
	// Restore writes an archive back to the target cluster, and returns how many documents that
	// took; those that are there already are left as they are. [ErrRunning] as with Archive.
	Restore(ctx context.Context, path string) (int64, error)
}

// Dependencies are what a backfill works with.
type Dependencies struct {
	// Workflows runs the workflows, in the namespace that the configuration names. Required
	// for provider argo.
	Workflows workflow.Interface
	// Kubernetes reaches the workers: Deployments, ReplicaSets and pods, which it reads and scales, and
	// where the number of paused ones is noted, as Pause says. nil: their number is
	// unknown, and what needs them is refused. Required for provider k8s. Its requests are limited by
	// its own rest.Config, whose QPS 0 means 5 a second: one Status takes several, so say -1, for no
	// limit but the API server's priority and fairness, or one that is high enough for all that share it.
	Kubernetes dynamic.Interface
	// WorkingState reads the progress of the shards from the target cluster. nil: it is unknown,
	// and there is no Archive.
	WorkingState WorkingState
	// RetryFor is how long a call keeps trying to reach the workers, or to check permissions, over
	// transient faults, and where another client writes at the same time, as long as its context
	// lasts. 0 means [workflow.DefaultRetryFor], negative not at all. What it does with workflows is
	// limited by the option of that name of Workflows.
	RetryFor time.Duration
	// Observer receives what is done with the workers, as operations [OpReadWorkers] and
	// [OpScaleWorkers] of backend [workflow.BackendNative], the check of permissions by Create
	// ([workflow.OpCheckAccess]), and their retries. Nil disables that. What is done with workflows
	// goes to the observer of Workflows.
	Observer workflow.Observer
}

// New returns the backfill that cfg describes, with defaults for what it leaves out. It sends nothing.
//
// Errors: [ErrNoSnapshot]; [workflow.ErrUnsupported] for a provider other than argo and k8s;
// [workflow.ErrInvalid] for a plain password that the configuration doesn't release, a scale or
// session that can't be, a missing dependency, or one for another namespace.
func New(cfg Config, deps Dependencies) (Backfill, error) {
	cfg = cfg.withDefaults()
	if problems := cfg.problems(); len(problems) > 0 {
		return nil, &workflow.InvalidError{Problems: problems}
	}
	switch cfg.Backfill.Provider {
	case ProviderArgo:
		if cfg.Backfill.Argo != nil {
			return newArgo(cfg, deps)
		}
	case ProviderK8s:
		if cfg.Backfill.K8s != nil {
			return newDeployment(cfg, deps)
		}
	case ProviderDocker, ProviderECS, ProviderOpenSearchIngestion:
	}
	return nil, fmt.Errorf("%w: backfill by %q; supported are: %s, %s", workflow.ErrUnsupported, cfg.Backfill.Provider, ProviderArgo, ProviderK8s)
}
