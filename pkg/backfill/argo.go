package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
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
	// arguments returns the parameters. It is a function since printers reach every field by reflection,
	// but no closure.
	arguments func() (parameters, optional map[string]any)
	// connection reaches the workers; nil: nothing does.
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
		return nil, fmt.Errorf("%w: the configuration runs workflows in namespace %q, the given client in %q",
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
	b.keeper = keeper{deps.WorkingState, workingStateIndex(session), b.ended, b.failed}
	return b, nil
}

// failed puts the session before an error.
func (b *argoBackfill) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("backfill %q: %w", b.session, err)
}

// workersOf reaches the workers of a run, nil: of the first, which isn't there, or not any more. It
// returns nil without the dependency.
func (b *argoBackfill) workersOf(s *status.WorkflowStatus) *workers {
	if b.connection == nil {
		return nil
	}
	w := &workers{connection: b.connection, namespace: b.cfg.Backfill.Argo.Namespace, workflow: b.request.Name}
	if s != nil {
		w.workflow, w.uid = s.Name, s.UID
	}
	return w
}

func (b *argoBackfill) Create(ctx context.Context) error {
	if b.deps.Kubernetes != nil {
		if err := checkAccess(ctx, b.deps, b.cfg.Backfill.Argo.Namespace, ProviderArgo); err != nil {
			return b.failed(err)
		}
	}
	s, err := b.current(ctx)
	if err != nil {
		return err
	}
	check := b.requestOf(max(runOf(s), 1))
	check.DryRun = true
	_, err = b.start(ctx, s, check)
	var found *workflow.FoundError
	if errors.As(err, &found) {
		return nil // Start finds the run that is there
	}
	return err
}

func (b *argoBackfill) Start(ctx context.Context) (*Status, error) {
	s, err := b.current(ctx)
	if err != nil {
		return nil, err
	}
	started, err := b.start(ctx, s, b.requestOf(max(runOf(s), 1)))
	if err != nil {
		return nil, err
	}
	if s != nil && active(started) {
		if started, err = b.unpause(ctx, started); err != nil {
			return nil, b.failed(err)
		}
	}
	return b.statusOf(ctx, started), nil
}

// start starts a run, or finds it: s, if that is not nil.
func (b *argoBackfill) start(ctx context.Context, s *status.WorkflowStatus, req workflow.StartRequest) (*status.WorkflowStatus, error) {
	started, err := b.deps.Workflows.Start(ctx, req)
	if !errors.Is(err, workflow.ErrConflict) {
		return started, b.failed(err)
	}
	if s == nil { // another client was quicker
		var failed error
		if s, failed = b.current(ctx); failed != nil {
			return nil, failed
		}
	}
	if s != nil && s.Name == req.Name {
		differs := b.differs(s)
		if len(differs) == 0 {
			return s, nil
		}
		err = fmt.Errorf("it differs in %s: %w", strings.Join(differs, ", "), err)
	}
	return nil, fmt.Errorf("session %q was started with another configuration; choose another session_name: %w", b.session, err)
}

// rounds is how often Start or Pause begins again because another client undid what it did.
const rounds = 8

// unpause brings the workers back and then lets the workflow go on: once it goes on, all of it
// does. A workflow that runs is looked at too, since another client may have let it go on, and
// resumed all the same, which has the controller look at it if it has overlooked that.
//
// Then it looks again, until it finds nothing to do. The order makes that enough: a Pause suspends
// before it takes the workers away, so after the look at the workflow either the workers are still
// to be taken, and Pause has the last word, or they are found gone.
func (b *argoBackfill) unpause(ctx context.Context, s *status.WorkflowStatus) (*status.WorkflowStatus, error) {
	w := b.workersOf(s)
	var p pace.Pacer
	resumed := false
	for round := range rounds {
		if round > 1 && !p.PauseSilently(ctx, nil) { // the second is the look at what the first did
			return nil, pace.Interruption(ctx, nil)
		}
		brought := false
		if w != nil {
			var err error
			if _, brought, err = w.settle(ctx, nil, (*workload).resuming); err != nil {
				return nil, err
			}
		}
		if !brought && !s.SpecSuspended && resumed {
			return s, nil
		}
		now, err := b.reread(ctx, s)
		if err == nil && (now.SpecSuspended || !resumed) && active(now) {
			resumed = true
			_, err = b.deps.Workflows.Resume(ctx, s.Name, workflow.ResumeOptions{KeepGates: true, UID: s.UID})
			if err == nil || errors.Is(err, workflow.ErrCompleted) {
				now, err = b.reread(ctx, s)
			}
		}
		if err != nil {
			return nil, err
		}
		if s = now; !active(s) {
			if w != nil { // a Stop may have come before the workers
				err = w.stop(ctx)
			}
			return s, err
		}
	}
	if err := b.align(ctx, s, w); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: another client paused it each time it was started", workflow.ErrConflict)
}

// active reports whether a workflow has neither ended nor been asked to.
func active(s *status.WorkflowStatus) bool {
	return !s.Completed() && s.Shutdown == status.ShutdownNone
}

func (b *argoBackfill) Restart(ctx context.Context) (*Status, error) {
	s, err := b.current(ctx)
	if err != nil {
		return nil, err
	}
	if s == nil || !s.Completed() && runOf(s) > 1 { // the latter is what a restart has made
		return b.Start(ctx)
	}
	if err := b.atRest(ctx, s); err != nil {
		if now, failed := b.current(ctx); failed == nil && runOf(now) > runOf(s) { // another client was quicker
			return b.Start(ctx)
		}
		return nil, err
	}
	started, err := b.start(ctx, nil, b.requestOf(runOf(s)+1))
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
	if err := w.scale(ctx, replicas, nil); err != nil {
		return b.failed(err)
	}
	// A Stop takes the workers away once, so those that came after that have to go again. There can
	// even be another run by now.
	now, err := b.running(ctx)
	if err == nil && now.UID != s.UID {
		err = b.failed(fmt.Errorf("%w: the session was started again meanwhile", ErrEnded))
	}
	if errors.Is(err, ErrEnded) {
		if undone := w.stop(ctx); undone != nil && !errors.Is(undone, workflow.ErrReplaced) {
			return b.failed(fmt.Errorf("%w, and the workers could not be taken away again: %w", ErrEnded, undone))
		}
	}
	return err
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

// Describe returns the configuration, in whose parameters secrets are of type Secret.
func (b *argoBackfill) Describe() Config {
	described := b.cfg
	argo := b.cfg.Backfill.Argo.sealed() // with maps of the caller's own
	described.Backfill.Argo = &argo
	return described
}

// String names the backfill; it is all that is printed of it.
func (b *argoBackfill) String() string {
	return fmt.Sprintf("backfill %q by workflows of %s in namespace %s", b.session, b.request.Template, b.cfg.Backfill.Argo.Namespace)
}

// Format implements [fmt.Formatter], for every verb.
func (b *argoBackfill) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, b.String()) }

// LogValue implements [slog.LogValuer].
func (b *argoBackfill) LogValue() slog.Value { return slog.StringValue(b.String()) }

// MarshalJSON implements [json.Marshaler].
func (b *argoBackfill) MarshalJSON() ([]byte, error) { return json.Marshal(b.String()) }
