package backfill

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// deploymentBackfill is a backfill by a Deployment that is there already: it runs while that has
// replicas. It has no workflow, so no gates, and nothing but the shards tells when it is done.
type deploymentBackfill struct {
	keeper
	cfg     Config
	session string
	deps    Dependencies
	workers *workers
}

func newDeployment(cfg Config, deps Dependencies) (Backfill, error) {
	if deps.Kubernetes == nil {
		return nil, fmt.Errorf("%w: Dependencies.Kubernetes is required for provider %s", workflow.ErrInvalid, ProviderK8s)
	}
	k8s := cfg.Backfill.K8s
	b := &deploymentBackfill{
		// The Deployment's workers know the session only if it is configured: the name that a workflow
		// would be told is unknown to them.
		cfg: cfg, session: cfg.Backfill.Session, deps: deps,
		workers: &workers{connection: newConnection(deps), namespace: k8s.Namespace, deployment: k8s.Deployment},
	}
	b.keeper = keeper{deps.WorkingState, workingStateIndex(b.session), b.atRest, b.failed}
	return b, nil
}

func (b *deploymentBackfill) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", b, err)
}

func (b *deploymentBackfill) Create(ctx context.Context) error {
	if err := checkAccess(ctx, b.deps, b.workers.namespace, ProviderK8s); err != nil {
		return b.failed(err)
	}
	_, err := b.workers.look(ctx)
	return b.failed(err)
}

// Start brings back the number of workers from before a pause, or else the configuration's scale; a
// Deployment that has replicas is left alone.
func (b *deploymentBackfill) Start(ctx context.Context) (*Status, error) {
	_, _, err := b.workers.settle(ctx, nil, func(w *workload) goal {
		g := w.resuming()
		g.replicas = cmp.Or(g.replicas, b.cfg.Backfill.Scale)
		return g
	})
	if err != nil {
		return nil, b.failed(err)
	}
	return b.Status(ctx)
}

func (b *deploymentBackfill) Restart(ctx context.Context) (*Status, error) {
	if err := b.atRest(ctx); err != nil {
		return nil, err
	}
	return b.Start(ctx)
}

// Pause of one that is stopped leaves it stopped.
func (b *deploymentBackfill) Pause(ctx context.Context) error {
	_, _, err := b.workers.settle(ctx, nil, func(w *workload) goal {
		if w.note == nil && w.replicas == 0 {
			return w.asItIs()
		}
		return w.pausing()
	})
	return b.failed(err)
}

func (b *deploymentBackfill) Stop(ctx context.Context) error { return b.failed(b.workers.stop(ctx)) }

func (b *deploymentBackfill) StopAndWait(ctx context.Context) (*Status, error) {
	if err := b.workers.drain(ctx); err != nil {
		return nil, b.failed(err)
	}
	return b.Status(ctx)
}

func (b *deploymentBackfill) Scale(ctx context.Context, replicas int) error {
	if err := checkScale(replicas); err != nil {
		return err
	}
	return b.failed(b.workers.scale(ctx, replicas, func(w *workload) error {
		if !w.paused() && w.number() == 0 {
			return ErrNotStarted
		}
		return nil
	}))
}

func (b *deploymentBackfill) Gates(context.Context) ([]Gate, error) { return []Gate{}, nil }

func (b *deploymentBackfill) Approve(context.Context, Approval) ([]Gate, error) {
	return nil, b.failed(errNoGates)
}

func (b *deploymentBackfill) Reject(context.Context, Rejection) ([]Gate, error) {
	return nil, b.failed(errNoGates)
}

var errNoGates = fmt.Errorf("%w: %w", workflow.ErrUnsupported, errors.New("a backfill without a workflow has no gates"))

func (b *deploymentBackfill) Status(ctx context.Context) (*Status, error) {
	var shards workflow.Result[Shards]
	var reading sync.WaitGroup
	reading.Go(func() { shards = workflow.ResultOf(readShards(ctx, b.deps.WorkingState, b.session)) })
	st, err := b.statusWith(ctx, b.workers)
	reading.Wait()
	if err != nil {
		return nil, err
	}
	st.Shards = shards
	return st, nil
}

// statusWith is the status but for the shards. Without the pods there is nothing to tell the state by.
func (b *deploymentBackfill) statusWith(ctx context.Context, w *workers) (*Status, error) {
	found, err := w.lookNoted(ctx)
	if err != nil {
		return nil, b.failed(err)
	}
	pods, err := w.pods(ctx)
	if err != nil {
		return nil, b.failed(err)
	}
	return &Status{
		Session: b.session, State: deploymentState(found[0], pods), Workflow: &status.WorkflowStatus{Namespace: b.workers.namespace},
		Gates: workflow.Result[[]Gate]{Data: []Gate{}}, Failed: workflow.Result[[]*status.Node]{Data: []*status.Node{}},
		Pods: workflow.Result[Pods]{Data: pods},
	}, nil
}

// Follow reads the status again and again, until the Deployment is stopped.
func (b *deploymentBackfill) Follow(ctx context.Context, opts FollowOptions) iter.Seq2[*Status, error] {
	opts = opts.withDefaults()
	return func(yield func(*Status, error) bool) {
		last, err := b.Status(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if !yield(last, nil) {
			return
		}
		following, stop := context.WithCancel(ctx)
		var readers sync.WaitGroup
		defer readers.Wait()
		defer stop()
		shards := make(chan workflow.Result[Shards])
		every(following, &readers, opts.ShardsEvery, func() bool {
			select {
			case shards <- workflow.ResultOf(readShards(following, b.deps.WorkingState, b.session)):
				return true
			case <-following.Done():
				return false
			}
		})
		ticker := time.NewTicker(opts.PodsEvery)
		defer ticker.Stop()
		for last.State != StateStopped {
			now := *last
			select {
			case now.Shards = <-shards:
			case <-ticker.C:
				st, err := b.statusWith(ctx, b.workers.polling())
				switch {
				case err == nil:
					now = *st
					now.Shards = last.Shards
				case errors.Is(err, workflow.ErrUnavailable): // an outage is borne, and shown
					now.Pods = workflow.ResultOf(Pods{}, err)
				default:
					yield(nil, err)
					return
				}
			case <-ctx.Done():
				yield(nil, b.failed(context.Cause(ctx)))
				return
			}
			if !same(&now, last) {
				last = &now
				if !yield(last, nil) {
					return
				}
			}
		}
	}
}

// atRest is nil if no pod is left and none is to come, now or by a Start.
func (b *deploymentBackfill) atRest(ctx context.Context) error {
	st, err := b.Status(ctx)
	if err != nil {
		return err
	}
	if st.State == StateStopped {
		return nil
	}
	left, err := b.workers.left(ctx)
	if err != nil {
		return b.failed(err)
	}
	what := append([]string{fmt.Sprintf("deployment %s/%s is %s", b.workers.namespace, b.workers.deployment, st.State)}, left...)
	return &RunningError{Session: b.session, State: st.State, What: what}
}

// Describe is the configuration.
func (b *deploymentBackfill) Describe() Config { return b.cfg }

// String names the backfill; it is all that is printed of it.
func (b *deploymentBackfill) String() string {
	return fmt.Sprintf("backfill by deployment %s/%s", b.workers.namespace, b.workers.deployment)
}

// Format implements [fmt.Formatter], for every verb.
func (b *deploymentBackfill) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, b.String()) }

// LogValue implements [slog.LogValuer].
func (b *deploymentBackfill) LogValue() slog.Value { return slog.StringValue(b.String()) }

// MarshalJSON implements [json.Marshaler].
func (b *deploymentBackfill) MarshalJSON() ([]byte, error) { return json.Marshal(b.String()) }
