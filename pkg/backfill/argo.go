package backfill

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// argoBackfill is a backfill by a workflow.
type argoBackfill struct {
	cfg       Config
	session   string
	workflows workflow.Interface
	deps      Dependencies
	request   workflow.StartRequest // of the first run
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
		return nil, fmt.Errorf("%w: the configuration runs workflows in namespace %q, the given client in %q",
			workflow.ErrInvalid, argo.Namespace, bound.Namespace())
	}
	derived, err := derivedParameters(cfg)
	if err != nil {
		return nil, err
	}
	session := cfg.SessionName()
	return &argoBackfill{cfg: cfg, session: session, workflows: deps.Workflows, deps: deps, request: workflow.StartRequest{
		Template:           argo.WorkflowTemplate,
		Name:               runName(argo.WorkflowTemplate, session, 1),
		Entrypoint:         argo.Entrypoint,
		Parameters:         maps.Clone(argo.Parameters),
		OptionalParameters: derived,
		Labels:             map[string]string{labelSession: session},
		IdempotencyKey:     "backfill/" + session,
	}}, nil
}

// failed puts the session before an error.
func (b *argoBackfill) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("backfill %q: %w", b.session, err)
}

// workersOf reaches the workers of a run; nil without the dependency.
func (b *argoBackfill) workersOf(s *status.WorkflowStatus) *workers {
	if b.deps.Kubernetes == nil {
		return nil
	}
	return &workers{client: b.deps.Kubernetes, namespace: b.cfg.Backfill.Argo.Namespace, workflow: s.Name}
}

func (b *argoBackfill) Create(ctx context.Context) error {
	if b.deps.Kubernetes != nil {
		if err := checkAccess(ctx, b.deps.Kubernetes, b.cfg.Backfill.Argo.Namespace, argoAccess()); err != nil {
			return b.failed(err)
		}
	}
	check := b.request
	check.DryRun = true
	_, err := b.start(ctx, check)
	return err
}

func (b *argoBackfill) Start(ctx context.Context) (*Status, error) {
	s, err := b.current(ctx)
	if err != nil {
		return nil, err
	}
	started, err := b.start(ctx, b.requestOf(max(runOf(s), 1)))
	if err != nil {
		return nil, err
	}
	if s != nil && !started.Completed() && started.Shutdown == status.ShutdownNone {
		if started, err = b.unpause(ctx, started); err != nil {
			return nil, b.failed(err)
		}
	}
	return b.statusOf(ctx, started), nil
}

// start starts a run, or finds it.
func (b *argoBackfill) start(ctx context.Context, req workflow.StartRequest) (*status.WorkflowStatus, error) {
	s, err := b.workflows.Start(ctx, req)
	if errors.Is(err, workflow.ErrConflict) {
		return nil, fmt.Errorf("session %q was started with another configuration; choose another session_name: %w", b.session, err)
	}
	return s, b.failed(err)
}

// unpause brings the workers back and then lets the workflow go on: once it goes on, all of it
// does. A workflow that runs is looked at too, since somebody else may have let it go on.
func (b *argoBackfill) unpause(ctx context.Context, s *status.WorkflowStatus) (*status.WorkflowStatus, error) {
	if w := b.workersOf(s); w != nil {
		if err := w.scaleAll(ctx, (*workload).resuming); err != nil {
			return nil, err
		}
	}
	if !s.SpecSuspended {
		return s, nil
	}
	_, err := b.workflows.Resume(ctx, s.Name, workflow.ResumeOptions{KeepGates: true, UID: s.UID})
	if err != nil && !errors.Is(err, workflow.ErrCompleted) {
		return nil, err
	}
	return b.workflows.Get(ctx, s.Name)
}

func (b *argoBackfill) Restart(ctx context.Context) (*Status, error) {
	s, err := b.current(ctx)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return b.Start(ctx)
	}
	if err := b.atRest(ctx, s); err != nil {
		return nil, err
	}
	started, err := b.start(ctx, b.requestOf(runOf(s)+1))
	if err != nil {
		return nil, err
	}
	return b.statusOf(ctx, started), nil
}

func (b *argoBackfill) Scale(ctx context.Context, replicas int) error {
	if err := checkScale(replicas); err != nil {
		return err
	}
	s, err := b.running(ctx)
	if err != nil {
		return err
	}
	w := b.workersOf(s)
	if w == nil {
		return b.failed(errNoKubernetes)
	}
	return b.failed(w.scale(ctx, replicas))
}

// running is the present run, which has neither ended nor been asked to.
func (b *argoBackfill) running(ctx context.Context) (*status.WorkflowStatus, error) {
	s, err := b.current(ctx)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return nil, b.failed(ErrNotStarted)
	case s.Completed():
		return nil, b.failed(fmt.Errorf("%w: it is %s", ErrEnded, s.Outcome()))
	case s.Shutdown != status.ShutdownNone:
		return nil, b.failed(fmt.Errorf("%w: it is being stopped", ErrEnded))
	}
	return s, nil
}

// Describe is the configuration with its free parameters masked, too.
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

// The runs of a session are workflows with its label; the number is in another label, since a
// name can be shortened. The first run has none.
const (
	labelSession = "argoservice.opensearch.org/session"
	labelRun     = "argoservice.opensearch.org/run"
)

func runName(template, session string, run int) string {
	name := template + "-" + session
	if run > 1 {
		name += "-run-" + strconv.Itoa(run)
	}
	return shorten(name, maxNameLength)
}

// maxNameLength is of a workflow's name, which becomes the value of a label.
const maxNameLength = 63

// runOf is the number of a run; 0: there is none.
func runOf(s *status.WorkflowStatus) int {
	if s == nil {
		return 0
	}
	if run, err := strconv.Atoi(s.Labels[labelRun]); err == nil && run > 1 {
		return run
	}
	return 1
}

func (b *argoBackfill) requestOf(run int) workflow.StartRequest {
	req := b.request
	if run > 1 {
		number := strconv.Itoa(run)
		req.Name = runName(req.Template, b.session, run)
		req.Labels = map[string]string{labelSession: b.session, labelRun: number}
		req.IdempotencyKey += "/" + number
	}
	return req
}

// current is the latest run of the session; nil: there is none.
func (b *argoBackfill) current(ctx context.Context) (*status.WorkflowStatus, error) {
	var latest *status.WorkflowStatus
	for s, err := range b.workflows.List(ctx, workflow.ListOptions{LabelSelector: labelSession + "=" + b.session}) {
		if err != nil {
			return nil, b.failed(err)
		}
		if runOf(s) > runOf(latest) {
			latest = s
		}
	}
	return latest, nil
}
