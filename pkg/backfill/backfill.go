package backfill

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Backfill is one backfill, identified by its session. Its methods may be called by
// several goroutines, processes and machines at once; all state is in the cluster. Their
// errors are those of the [workflow.Interface] call beneath, with the session put before;
// match them with [errors.Is]. It grows as operations are added, so implement it by embedding.
type Backfill interface {
	// Create checks that the backfill can be started, without starting it: template,
	// entrypoint, parameters, permission. nil: ready, or started already.
	Create(ctx context.Context) error
	// Start starts the backfill, or finds the one that this session has started before, in
	// whatever state that is by now. It is idempotent: two processes that start one session
	// at once make one workflow. [workflow.ErrConflict]: the session was started with another
	// configuration.
	Start(ctx context.Context) (*Status, error)
	// Status tells how the backfill stands.
	Status(ctx context.Context) (*Status, error)
	// Describe returns the configuration. Secrets in it mask themselves when printed.
	Describe() Config
}

// Dependencies are what a backfill works with.
type Dependencies struct {
	// Workflows runs the workflows, in the namespace that the configuration names. Required.
	Workflows workflow.Interface
}

// ErrNoSnapshot: a backfill reindexes a snapshot, and the configuration has none.
var ErrNoSnapshot = errors.New("A snapshot object is required for ArgoRFSBackfill")

// labelSession marks the workflow of a session.
const labelSession = "argoservice.opensearch.org/session"

// New returns the backfill that cfg describes. It sends nothing.
//
// Errors: [ErrNoSnapshot]; [workflow.ErrUnsupported] for a provider other than argo;
// [workflow.ErrInvalid] for a plain password that the configuration doesn't release, a
// missing dependency, or one for another namespace.
func New(cfg Config, deps Dependencies) (Backfill, error) {
	if deps.Workflows == nil {
		return nil, fmt.Errorf("%w: Dependencies.Workflows is required", workflow.ErrInvalid)
	}
	if cfg.Backfill.Provider != ProviderArgo || cfg.Backfill.Argo == nil {
		return nil, fmt.Errorf("%w: backfill by %q; supported is: %s", workflow.ErrUnsupported, cfg.Backfill.Provider, ProviderArgo)
	}
	if cfg.Snapshot == nil {
		return nil, ErrNoSnapshot
	}
	argo := cfg.Backfill.Argo
	if bound, ok := deps.Workflows.(interface{ Namespace() string }); ok && bound.Namespace() != argo.Namespace {
		return nil, fmt.Errorf("%w: the configuration runs workflows in namespace %q, the given client in %q",
			workflow.ErrInvalid, argo.Namespace, bound.Namespace())
	}
	derived, err := derivedParameters(cfg)
	if err != nil {
		return nil, err
	}
	session := cfg.SessionName()
	return &argoBackfill{cfg: cfg, workflows: deps.Workflows, request: workflow.StartRequest{
		Template:           argo.WorkflowTemplate,
		Name:               shorten(argo.WorkflowTemplate+"-"+session, 63),
		Entrypoint:         argo.Entrypoint,
		Parameters:         maps.Clone(argo.Parameters),
		OptionalParameters: derived,
		Labels:             map[string]string{labelSession: session},
		IdempotencyKey:     "backfill/" + session,
	}}, nil
}

type argoBackfill struct {
	cfg       Config
	workflows workflow.Interface
	request   workflow.StartRequest
}

func (b *argoBackfill) Create(ctx context.Context) error {
	check := b.request
	check.DryRun = true
	_, err := b.start(ctx, check)
	return err
}

func (b *argoBackfill) Start(ctx context.Context) (*Status, error) {
	return b.start(ctx, b.request)
}

func (b *argoBackfill) start(ctx context.Context, req workflow.StartRequest) (*Status, error) {
	s, err := b.workflows.Start(ctx, req)
	if errors.Is(err, workflow.ErrConflict) {
		return nil, fmt.Errorf("session %q was started with another configuration; choose another session_name: %w",
			b.cfg.SessionName(), err)
	}
	if err != nil {
		return nil, fmt.Errorf("backfill %q: %w", b.cfg.SessionName(), err)
	}
	return b.status(s), nil
}

func (b *argoBackfill) Status(ctx context.Context) (*Status, error) {
	s, err := b.workflows.Get(ctx, b.request.Name)
	if errors.Is(err, workflow.ErrNotFound) {
		return b.status(nil), nil
	}
	if err != nil {
		return nil, fmt.Errorf("backfill %q: %w", b.cfg.SessionName(), err)
	}
	if owner := s.Labels[labelSession]; owner != b.cfg.SessionName() {
		return nil, fmt.Errorf("backfill %q: %w: workflow %s/%s belongs to something else",
			b.cfg.SessionName(), workflow.ErrConflict, s.Namespace, s.Name)
	}
	return b.status(s), nil
}

// status makes a Status of the workflow's; nil: there is no workflow.
func (b *argoBackfill) status(s *status.WorkflowStatus) *Status {
	st := &Status{Session: b.cfg.SessionName(), State: StateNotStarted, Workflow: s}
	if s == nil {
		st.Workflow = &status.WorkflowStatus{Name: b.request.Name, Namespace: b.cfg.Backfill.Argo.Namespace}
		return st
	}
	st.State = stateOf(s)
	return st
}

func (b *argoBackfill) Describe() Config {
	described := b.cfg
	argo := *b.cfg.Backfill.Argo
	argo.Parameters = maps.Clone(argo.Parameters)
	for name, value := range argo.Parameters {
		if sensitive(name) {
			argo.Parameters[name] = Secret(fmt.Sprint(value))
		}
	}
	described.Backfill.Argo = &argo
	return described
}
