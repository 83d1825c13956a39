package backfill

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// argoBackfill is a backfill by a workflow.
type argoBackfill struct {
	keeper
	cfg     Config
	session string
	deps    Dependencies
	request workflow.StartRequest // of the first run, without its parameters
	// arguments returns the parameters. It is a function because printers reach every field by
	// reflection, but not into closures.
	arguments func() (parameters, optional map[string]any)
	// connection reaches the workers; nil without Dependencies.Kubernetes.
	connection *connection
}

func newArgo(cfg Config, deps Dependencies) (Backfill, error) {
	if deps.Workflows == nil {
		return nil, fmt.Errorf("%w: Dependencies.Workflows is required", workflow.ErrInvalid)
	}
	if cfg.Snapshot == nil {
		return nil, ErrNoSnapshot
	}
	argo := cfg.Backfill.Argo
	if bound, ok := deps.Workflows.(interface{ Namespace() string }); ok && bound.Namespace() != argo.Namespace {
		return nil, fmt.Errorf("%w: the configuration runs workflows in namespace %q, but the client is for namespace %q",
			workflow.ErrInvalid, argo.Namespace, bound.Namespace())
	}
	derived, err := derivedParameters(cfg)
	if err != nil {
		return nil, err
	}
	parameters := maps.Clone(argo.Parameters)
	for name, value := range parameters {
		parameters[name] = revealed(value)
	}
	if problems := expressionProblems(parameters, derived); len(problems) > 0 {
		return nil, &workflow.InvalidError{Problems: problems}
	}
	if argo.ParameterMapping != nil { // the template has to declare what it maps
		parameters, derived = maps.Clone(derived), nil
		for name, value := range argo.Parameters {
			parameters[name] = revealed(value)
		}
	}
	session := cfg.SessionName()
	described := argo.sealed()
	cfg.Backfill.Argo = &described
	b := &argoBackfill{cfg: cfg, session: session, deps: deps, request: workflow.StartRequest{
		Template:       argo.WorkflowTemplate,
		Name:           runName(session, 1),
		Entrypoint:     argo.Entrypoint,
		Labels:         map[string]string{labelSession: session},
		IdempotencyKey: "backfill/" + session,
	}}
	b.arguments = func() (map[string]any, map[string]any) { return maps.Clone(parameters), maps.Clone(derived) }
	if deps.Kubernetes != nil {
		b.connection = newConnection(deps)
	}
	b.keeper = keeper{deps.WorkingState, workingStateIndex(session), b.checkIdle, b.wrap}
	return b, nil
}

// wrap names the session in an error.
func (b *argoBackfill) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("backfill %q: %w", b.session, err)
}

// workersOf returns the workers of a run. A nil s means that the first run does not exist, or was
// deleted. It returns nil without Dependencies.Kubernetes.
func (b *argoBackfill) workersOf(s *status.WorkflowStatus) *workers.Pool {
	return b.workersOver(b.connection, s)
}

func (b *argoBackfill) workersOver(c *connection, s *status.WorkflowStatus) *workers.Pool {
	switch {
	case c == nil:
		return nil
	case s == nil:
		return c.ofWorkflow(b.cfg.Backfill.Argo.Namespace, b.request.Name, "")
	}
	return c.ofWorkflow(b.cfg.Backfill.Argo.Namespace, s.Name, s.UID)
}

// refetch returns a workflow as it is now.
func (b *argoBackfill) refetch(ctx context.Context, s *status.WorkflowStatus) (*status.WorkflowStatus, error) {
	now, err := b.deps.Workflows.Get(ctx, s.Name)
	if err == nil && now.UID != s.UID {
		return nil, fmt.Errorf("%w: its UID is %s, not %s", workflow.ErrReplaced, now.UID, s.UID)
	}
	return now, err
}

func (b *argoBackfill) Create(ctx context.Context) error {
	if b.deps.Kubernetes != nil {
		if err := checkPermissions(ctx, b.deps, b.cfg.Backfill.Argo.Namespace, ProviderArgo); err != nil {
			return b.wrap(err)
		}
	}
	s, err := b.latestRun(ctx)
	if err != nil {
		return err
	}
	dryRun := b.requestFor(max(runOf(s), 1))
	dryRun.DryRun = true
	_, err = b.startRun(ctx, s, dryRun)
	return err
}

// Describe returns the configuration. Secrets among its parameters are of type [Secret].
func (b *argoBackfill) Describe() Config {
	described := b.cfg
	argo := b.cfg.Backfill.Argo.sealed() // a copy of the maps, which the caller may change
	described.Backfill.Argo = &argo
	return described
}

// String returns a description of the backfill. Nothing else of the backfill is ever printed.
func (b *argoBackfill) String() string {
	return fmt.Sprintf("backfill %q by workflows of %s in namespace %s", b.session, b.request.Template, b.cfg.Backfill.Argo.Namespace)
}

// Format implements [fmt.Formatter], for every verb.
func (b *argoBackfill) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, b.String()) }

// LogValue implements [slog.LogValuer].
func (b *argoBackfill) LogValue() slog.Value { return slog.StringValue(b.String()) }

// MarshalJSON implements [json.Marshaler].
func (b *argoBackfill) MarshalJSON() ([]byte, error) { return json.Marshal(b.String()) }
