package backfill

import (
	"context"
	"fmt"
	"iter"
	"time"

	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Backfill is one backfill, identified by its session. It is safe for concurrent use, also by
// several processes: all state is in the cluster. If a call is interrupted, even by the end of its
// process, the same call completes it later. Methods may be added, so embed Backfill in an
// implementation of your own.
//
// Errors are those of the [workflow.Interface] call beneath, prefixed with the session; match them
// with [errors.Is]. Answers of Kubernetes about Deployments, ReplicaSets and pods match the same
// sentinels. [workflow.ErrReplaced] means that during the call the run was deleted and another
// workflow was started under its name; the call does not change the other workflow.
type Backfill interface {
	Runner
	Gatekeeper
	Reporter
	Keeper
}

// Runner starts, pauses and stops a backfill.
type Runner interface {
	// Create checks that the backfill can be started, without starting it: template, entrypoint,
	// parameters, and with Dependencies.Kubernetes the permissions of every other method ([Requirements]).
	// It returns nil if the backfill is ready or already started. The error lists all problems of
	// one kind: a [*workflow.InvalidError] those of parameters, a [*workflow.PermissionError] those
	// of permissions.
	Create(ctx context.Context) error
	// Start starts the backfill, resumes it after a Pause, or finds the run that the session
	// already has, in any state. A run that has ended is not started again; Status.State says how
	// it ended. Gates stay closed. Start is idempotent: two processes that start a session at once
	// create one workflow, and a repeated call makes the controller look at that workflow again.
	//
	// A run keeps the parameters that it was started with, even if the configuration has changed
	// since. [workflow.ErrConflict] means that the run has another template, snapshot, target or
	// coordinator, so the configuration describes another backfill, or that the writes of other clients overtook each
	// of its own for as long as it retries.
	//
	// Of a Start and a Pause at once, both succeed, and the one that writes the workflow last decides
	// whether it goes on, which Status shows.
	Start(ctx context.Context) (*Status, error)
	// Restart starts another run of the session after the backfill has ended. The workflow of the
	// previous run stays, and the workers continue from the working state that they find. Two
	// processes that restart a session at once create one run. Before the first start, and while a
	// restarted run is in progress, Restart is the same as Start. [ErrRunning] means that the first
	// run has not ended, or that pods of a run remain.
	Restart(ctx context.Context) (*Status, error)
	// Pause suspends the workflow and scales its workers to zero; Start undoes both. Pause is
	// idempotent. It does not wait for the end of the workers, which Status shows. Steps with pods
	// of their own run to their end; if there are no workers yet, Pause blocks until these steps
	// have ended, since they may create some.
	//
	// The number of workers is recorded first, in an annotation of the workflow; for a Deployment
	// without a workflow, in the ConfigMap argoservice-backfill of its namespace, which is created
	// if necessary.
	//
	// Errors: [ErrNotStarted]; [ErrEnded], also if the backfill was stopped in the meantime;
	// [workflow.ErrConflict] if the writes of other clients overtook each of its own for as long as it
	// retries; [workflow.ErrUnsupported] without Dependencies.Kubernetes, before anything is changed.
	Pause(ctx context.Context) error
	// Stopper stops the backfill.
	Stopper
}

// Stopper stops a backfill.
type Stopper interface {
	// Stop asks the workflow to stop, which runs its exit handlers, and scales its workers to zero.
	// It does not wait. It is idempotent, and succeeds if the backfill has ended or was never
	// started. Without Dependencies.Kubernetes the exit handlers have to stop the workers.
	Stop(ctx context.Context) error
	// StopAndWait stops the backfill, and blocks until the exit handlers have run and none of its
	// pods remains. It returns [workflow.ErrUnsupported] without Dependencies.Kubernetes.
	StopAndWait(ctx context.Context) (*Status, error)
}

// Gatekeeper decides gates of the latest run; see [workflow.Gatekeeper] for the rules and errors.
type Gatekeeper interface {
	// Gates returns the gates that the backfill waits at. The list is empty if there are none, or if
	// the backfill was not started. An error such as [workflow.ErrNodesOffloaded] means that the
	// nodes cannot be read.
	Gates(ctx context.Context) ([]workflow.Gate, error)
	// Approve passes waiting gates, all in one write. A gate that was approved before is a success,
	// and is not in the result. After a stop only the gates of exit handlers can be decided.
	//
	// A Decision without a UID is about the run that Approve finds. With one, it is about that run
	// only: if the backfill has another run by now, the error is [workflow.ErrReplaced].
	//
	// Errors: [ErrNotStarted]; [workflow.ErrUnsupported] for a backfill without a workflow; and those
	// of [workflow.Gatekeeper].
	Approve(ctx context.Context, decision workflow.Decision) (*workflow.DecisionResult, error)
	// Reject fails waiting gates, all in one write, which usually fails the workflow. It has the
	// errors of Approve.
	Reject(ctx context.Context, decision workflow.Decision) (*workflow.DecisionResult, error)
}

// Reporter reports the status of a backfill.
type Reporter interface {
	// Status returns the status. A part that cannot be read holds its error; Status itself only
	// fails if the workflow cannot be read.
	Status(ctx context.Context) (*Status, error)
	// Follow yields the status now and at each change, until the run that it found first has ended
	// and, if it was stopped, its workers have ended too. The last status is read after that. If
	// the backfill was not started, Follow yields only that status. Follow does not send requests
	// before its sequence is ranged over, or after the loop. An error is the last element.
	Follow(ctx context.Context, opts FollowOptions) iter.Seq2[*Status, error]
	// Describe returns the configuration. Its secrets are masked when printed.
	Describe() Config
}

// Keeper scales the workers, and archives their working state.
type Keeper interface {
	// Scale sets the number of workers of a running backfill, at least 1. While the backfill is
	// paused, it sets the number that Start restores. The initial number is the scale of the
	// configuration.
	//
	// Errors: [ErrNotStarted], [ErrEnded], [ErrNoWorkers]; [workflow.ErrUnsupported] without
	// Dependencies.Kubernetes.
	Scale(ctx context.Context, workers int) error
	// Archive writes the session's working state to a file, and then deletes it from the
	// cluster; see [Archive] for its guarantees. [ErrRunning] means that something is still
	// running; the error says what. Without Dependencies.WorkingState or Dependencies.Kubernetes it
	// returns [workflow.ErrUnsupported], since something might be running.
	Archive(ctx context.Context, opts ArchiveOptions) (Archive, error)
	// Restore writes an archive back to the cluster and returns how many documents it wrote.
	// Documents that exist are left as they are. It returns [ErrRunning] as Archive does.
	Restore(ctx context.Context, path string) (int64, error)
}

// Dependencies are the clients that a backfill uses.
type Dependencies struct {
	// Workflows runs the workflows, in the namespace of the configuration. It is required for
	// provider argo.
	Workflows workflow.Interface
	// Kubernetes reads and scales the workers: Deployments, ReplicaSets and pods. It also stores
	// how many were paused; see Pause. It is required for provider k8s. If it is nil, the number of
	// workers is unknown, and the methods that need it return [workflow.ErrUnsupported].
	//
	// Its requests are limited by its own rest.Config, where a QPS of 0 means 5 a second. One
	// Status takes several requests, so set a QPS that is high enough for all callers, or -1 to
	// leave the limit to the API server's priority and fairness.
	Kubernetes dynamic.Interface
	// WorkingState reads the progress of the shards from the cluster that has the working state,
	// which [Config.WorkingStateCluster] returns. If it is nil, the progress is unknown, and Archive
	// and Restore are unsupported. One with a method Endpoint() string that returns the endpoint of the
	// target cluster is refused if the configuration has a coordinator cluster.
	WorkingState WorkingState
	// FailedDocuments reports whether documents failed for good. If it is nil, that is unknown.
	FailedDocuments FailedDocumentsReader
	// RetryFor is how long a call retries requests about workers and permissions over transient
	// faults, and after conflicts with other clients. It does not limit how often client-go itself
	// repeats a request of Kubernetes; see [workflow.New]. 0 means [workflow.DefaultRetryFor], a
	// negative value no retries. Requests about workflows follow the option of that name of
	// Workflows.
	RetryFor time.Duration
	// Observer receives the operations on workers ([OpReadWorkers] and [OpScaleWorkers] of backend
	// [workflow.BackendNative]), the check of permissions by Create ([workflow.OpCheckPermissions]), and
	// their retries. Nil disables observation. The observer of Workflows receives the operations on
	// workflows.
	Observer workflow.Observer
}

// New returns the backfill that cfg describes, with defaults for what cfg leaves out. It does not
// send a request.
//
// Errors: [ErrNoSnapshot]; [workflow.ErrUnsupported] for a provider other than argo and k8s;
// [workflow.ErrInvalid] for a plain password that the configuration does not permit, an invalid
// scale or session, a missing dependency, or a client of another namespace or cluster.
func New(cfg Config, deps Dependencies) (Backfill, error) {
	cfg = cfg.withDefaults()
	if problems := cfg.problems(); len(problems) > 0 {
		return nil, &workflow.InvalidError{Problems: problems}
	}
	if err := checkWorkingState(cfg, deps.WorkingState); err != nil {
		return nil, err
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
	return nil, fmt.Errorf("%w: backfill provider %q; use %s or %s", workflow.ErrUnsupported, cfg.Backfill.Provider, ProviderArgo, ProviderK8s)
}
