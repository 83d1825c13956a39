package backfill

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// deploymentBackfill is a backfill by an existing Deployment. It runs while the Deployment has
// replicas. Without a workflow it has no gates, and only the shards show when it is complete.
type deploymentBackfill struct {
	keeper
	cfg     Config
	session string
	deps    Dependencies
	workers *workers.Pool
	polled  *workers.Pool // the same workers, without retries
}

func newDeployment(cfg Config, deps Dependencies) (Backfill, error) {
	if deps.Kubernetes == nil {
		return nil, fmt.Errorf("%w: Dependencies.Kubernetes is required for provider %s", workflow.ErrInvalid, ProviderK8s)
	}
	k8s := cfg.Backfill.K8s
	connection := newConnection(deps)
	b := &deploymentBackfill{
		// Workers of a Deployment know a session only if it is configured. The name that would be
		// derived from the snapshot is passed to workflows, and not to them.
		cfg: cfg, session: cfg.Backfill.Session, deps: deps,
		workers: connection.ofDeployment(k8s.Namespace, k8s.Deployment),
		polled:  connection.withoutRetries().ofDeployment(k8s.Namespace, k8s.Deployment),
	}
	b.keeper = keeper{deps.WorkingState, workingStateIndex(b.session), b.checkIdle, b.wrap}
	return b, nil
}

func (b *deploymentBackfill) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", b, err)
}

func (b *deploymentBackfill) Create(ctx context.Context) error {
	if err := checkPermissions(ctx, b.deps, b.cfg.Backfill.K8s.Namespace, ProviderK8s); err != nil {
		return b.wrap(err)
	}
	return b.wrap(b.workers.CheckExists(ctx))
}

func (b *deploymentBackfill) Describe() Config { return b.cfg }

func (b *deploymentBackfill) deployment() string {
	return fmt.Sprintf("deployment %s/%s", b.cfg.Backfill.K8s.Namespace, b.cfg.Backfill.K8s.Deployment)
}

// String returns a description of the backfill. Nothing else of the backfill is ever printed.
func (b *deploymentBackfill) String() string { return "backfill by " + b.deployment() }

// Format implements [fmt.Formatter], for every verb.
func (b *deploymentBackfill) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, b.String()) }

// LogValue implements [slog.LogValuer].
func (b *deploymentBackfill) LogValue() slog.Value { return slog.StringValue(b.String()) }

// MarshalJSON implements [json.Marshaler].
func (b *deploymentBackfill) MarshalJSON() ([]byte, error) { return json.Marshal(b.String()) }
