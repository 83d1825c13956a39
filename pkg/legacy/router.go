package legacy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/manifest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// RouterOptions configure a [Router]. The zero value sends everything to kubectl.
type RouterOptions struct {
	// Rollout is the initial rollout.
	Rollout Rollout
	// Namespace is the namespace of both backends. "" means [workflow.DefaultNamespace].
	Namespace string
	// ReadFallback makes Get, List and Gates use the other backend if the chosen one cannot reach the
	// cluster. Calls that change something are never tried on both.
	ReadFallback bool
	// OnRoute, if not nil, is called with the route of each call before it is made. It runs in the
	// caller's goroutine, so it must be safe for concurrent use and must not block.
	OnRoute func(Route)
	// Shadow makes Get, List and Gates also read from the other backend and compare. The caller receives
	// the result of the chosen backend and does not wait for the other one.
	Shadow ShadowOptions
}

// Route is the choice of a backend for a call.
type Route struct {
	Op workflow.Op
	// Name is the name of the workflow, or "" for List.
	Namespace, Name string
	Backend         workflow.Backend
	// Fallback means that the other backend was chosen first and could not reach the cluster.
	Fallback bool
	Rollout  Rollout
}

// Router sends each call to one of two backends. All calls about one workflow, including the one
// that starts it, go to the same backend as long as the rollout does not change. A Router is safe
// for concurrent use.
type Router struct {
	native, kubectl workflow.Interface
	opts            RouterOptions
	rollout         atomic.Pointer[Rollout]
	shadow          *shadow // nil if it is off
}

var _ workflow.Interface = (*Router)(nil)

// NewRouter returns a router over two backends that must use the namespace in opts, and should have the
// same GatePolicies, History and NodeStore of [workflow.Options]. The error is a [*workflow.InvalidError].
func NewRouter(native, kubectl workflow.Interface, opts RouterOptions) (*Router, error) {
	if opts.Namespace == "" {
		opts.Namespace = workflow.DefaultNamespace
	}
	var problems field.ErrorList
	if native == nil {
		problems = append(problems, field.Required(field.NewPath("native"), "a workflow.Interface"))
	}
	if kubectl == nil {
		problems = append(problems, field.Required(field.NewPath("kubectl"), "a workflow.Interface"))
	}
	problems = append(problems, opts.Rollout.check(field.NewPath("options", "rollout"))...)
	for _, backend := range []workflow.Interface{native, kubectl} {
		if bound, ok := backend.(interface{ Namespace() string }); ok && bound.Namespace() != opts.Namespace {
			problems = append(problems, field.Invalid(field.NewPath("options", "namespace"), opts.Namespace,
				fmt.Sprintf("a backend works in namespace %q: set it to that of both", bound.Namespace())))
		}
	}
	if len(problems) > 0 {
		return nil, &workflow.InvalidError{Problems: problems}
	}
	r := &Router{native: native, kubectl: kubectl, opts: opts, shadow: newShadow(opts.Shadow)}
	r.rollout.Store(&opts.Rollout)
	return r, nil
}

// Namespace returns the namespace of the workflows. It does not send a request.
func (r *Router) Namespace() string { return r.opts.Namespace }

// Requirements returns the permissions that an operation requires through either backend; see
// [workflow.WorkflowClient.Requirements].
func (r *Router) Requirements(op workflow.Op) (all []workflow.Requirement) {
	for _, backend := range []workflow.Interface{r.native, r.kubectl} {
		of := workflow.Requirements(op)
		if own, ok := backend.(interface {
			Requirements(op workflow.Op) []workflow.Requirement
		}); ok {
			of = own.Requirements(op)
		}
		for _, n := range of {
			if !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}

// SetRollout sets the rollout for later calls. Calls that are in progress keep their backend. The
// error is a [*workflow.InvalidError]; the rollout does not change then.
func (r *Router) SetRollout(rollout Rollout) error {
	if problems := rollout.check(field.NewPath("rollout")); len(problems) > 0 {
		return &workflow.InvalidError{Problems: problems}
	}
	r.rollout.Store(&rollout)
	return nil
}

// Rollout returns the current rollout.
func (r *Router) Rollout() Rollout { return *r.rollout.Load() }

// choose returns the backend for a call.
func (r *Router) choose(op workflow.Op, name string) (workflow.Interface, Route) {
	rollout := r.Rollout()
	route := Route{Op: op, Namespace: r.opts.Namespace, Name: name, Backend: rollout.Backend(r.opts.Namespace, name), Rollout: rollout}
	r.report(route)
	return r.backend(route.Backend), route
}

func (r *Router) backend(b workflow.Backend) workflow.Interface {
	if b == workflow.BackendNative {
		return r.native
	}
	return r.kubectl
}

func (r *Router) report(route Route) {
	if r.opts.OnRoute != nil {
		r.opts.OnRoute(route)
	}
}

// fallback returns the other backend if a read that failed with err should be tried there, else
// nil.
func (r *Router) fallback(ctx context.Context, route Route, err error) workflow.Interface {
	if !r.opts.ReadFallback || ctx.Err() != nil || !outOfReach(err) {
		return nil
	}
	route.Fallback, route.Backend = true, other(route.Backend)
	r.report(route)
	return r.backend(route.Backend)
}

// outOfReach reports whether err is not an answer of the cluster.
func outOfReach(err error) bool {
	var command *CommandError
	return errors.Is(err, workflow.ErrUnavailable) || errors.As(err, &command)
}

// nameTries is the number of names that are tried for a workflow without a name.
const nameTries = 3

// Start implements [workflow.Interface]. The router generates the name of a workflow that has none,
// so that later calls about the workflow go to the backend that started it. One backend does all of
// a replacement.
func (r *Router) Start(ctx context.Context, req workflow.StartRequest) (started *workflow.StartResult, err error) {
	name, base := nameOf(req)
	if name != "" || req.IfExists != "" && req.IfExists != workflow.ExistsFail { // the backend refuses IfExists without a name
		backend, _ := r.choose(workflow.OpStart, name)
		return backend.Start(ctx, req)
	}
	err = r.anyName(workflow.OpStart, base, func(backend workflow.Interface, name string) (err error) {
		req.Name = name
		started, err = backend.Start(ctx, req)
		return err
	})
	return started, unnamed(err)
}

// Resubmit implements [workflow.Interface]. The name of the new workflow decides.
func (r *Router) Resubmit(ctx context.Context, name string, opts workflow.ResubmitOptions) (s *status.WorkflowStatus, err error) {
	if given := startname.Given(opts.Name, opts.IdempotencyKey); given != "" {
		backend, _ := r.choose(workflow.OpResubmit, given)
		return backend.Resubmit(ctx, name, opts)
	}
	err = r.anyName(workflow.OpResubmit, startname.OfCopy(name), func(backend workflow.Interface, chosen string) (err error) {
		opts.Name = chosen
		s, err = backend.Resubmit(ctx, name, opts)
		return err
	})
	return s, err
}

// nameOf returns the name that the client would give to the workflow of a request, and what it would
// make a random one of if the request does not determine the name.
func nameOf(req workflow.StartRequest) (name, base string) {
	name, base = req.Name, cmp.Or(req.Template, req.CronWorkflow)
	if len(req.Manifest) > 0 {
		obj, err := manifest.Parse(req.Manifest)
		if err != nil {
			return startname.Given(name, req.IdempotencyKey), ""
		}
		name, base = cmp.Or(name, obj.GetName()), startname.OfManifest(obj, name)
	}
	return startname.Given(name, req.IdempotencyKey), base
}

// anyName creates a workflow with a generated name, and with another one if that is taken.
func (r *Router) anyName(op workflow.Op, base string, create func(workflow.Interface, string) error) (err error) {
	for range nameTries {
		name := "" // the backend will say what is wrong
		if len(validation.IsDNS1123Subdomain(base)) == 0 {
			name = startname.Random(base)
		}
		backend, _ := r.choose(op, name)
		if err = create(backend, name); !errors.Is(err, workflow.ErrAlreadyExists) {
			break
		}
	}
	return err
}

// unnamed removes a generated name from the error of a request that was refused before anything was
// created: because the request is invalid, or its template or namespace does not exist.
func unnamed(err error) error {
	var refused *workflow.InvalidError
	failed, ok := err.(*workflow.Error) //nolint:errorlint // a wrapped error belongs to another call
	nothing := errors.As(err, &refused) || errors.Is(err, workflow.ErrTemplateNotFound) || errors.Is(err, workflow.ErrNotFound)
	if !ok || !nothing {
		return err
	}
	without := *failed
	without.Name = ""
	return &without
}

// Get implements [workflow.Interface].
func (r *Router) Get(ctx context.Context, name string) (*status.WorkflowStatus, error) {
	backend, route := r.choose(workflow.OpGet, name)
	s, err := backend.Get(ctx, name)
	if other := r.fallback(ctx, route, err); other != nil {
		return other.Get(ctx, name)
	}
	if r.shadow != nil && ctx.Err() == nil && !outOfReach(err) {
		r.compareGet(ctx, route, side{s, err})
	}
	return s, err
}

// List implements [workflow.Interface]. All lists of a namespace go to one backend. List does not
// fall back to the other backend after the first workflow.
func (r *Router) List(ctx context.Context, opts workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		backend, route := r.choose(workflow.OpList, "")
		got := &shadowedList{states: map[string]*status.WorkflowStatus{}}
		first := true
		for s, err := range backend.List(ctx, opts) {
			if first {
				if other := r.fallback(ctx, route, err); other != nil {
					other.List(ctx, opts)(yield)
					return
				}
			}
			first = false
			if r.shadow != nil {
				got.add(s, err)
			}
			if !yield(s, err) {
				return
			}
		}
		if r.shadow != nil && !got.failed {
			r.compareList(ctx, route, opts, got)
		}
	}
}

// Watch implements [workflow.Interface].
func (r *Router) Watch(ctx context.Context, name string, opts ...workflow.WaitOption) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		backend, _ := r.choose(workflow.OpWatch, name)
		backend.Watch(ctx, name, opts...)(yield)
	}
}

// Wait implements [workflow.Interface].
func (r *Router) Wait(
	ctx context.Context, name string, until workflow.Condition, opts ...workflow.WaitOption,
) (*status.WorkflowStatus, error) {
	backend, _ := r.choose(workflow.OpWait, name)
	return backend.Wait(ctx, name, until, opts...)
}

// Gates implements [workflow.Interface]. It is a read like Get: it may fall back to the other backend,
// and the shadow compares the workflow that the gates are in.
func (r *Router) Gates(ctx context.Context, name string) ([]workflow.Gate, error) {
	backend, d := r.choose(workflow.OpGates, name)
	gates, err := backend.Gates(ctx, name)
	if other := r.fallback(ctx, d, err); other != nil {
		return other.Gates(ctx, name)
	}
	if r.shadow != nil && ctx.Err() == nil && !outOfReach(err) {
		r.shadow.inBackground(ctx, func(ctx context.Context) { r.compare(ctx, d, readSide(ctx, backend, name)) })
	}
	return gates, err
}

// Approve implements [workflow.Interface].
func (r *Router) Approve(ctx context.Context, name string, decision workflow.Decision) (*workflow.DecisionResult, error) {
	backend, _ := r.choose(workflow.OpApprove, name)
	return backend.Approve(ctx, name, decision)
}

// Reject implements [workflow.Interface].
func (r *Router) Reject(ctx context.Context, name string, decision workflow.Decision) (*workflow.DecisionResult, error) {
	backend, _ := r.choose(workflow.OpReject, name)
	return backend.Reject(ctx, name, decision)
}

// Suspend implements [workflow.Interface].
func (r *Router) Suspend(ctx context.Context, name string, opts workflow.SuspendOptions) error {
	backend, _ := r.choose(workflow.OpSuspend, name)
	return backend.Suspend(ctx, name, opts)
}

// Resume implements [workflow.Interface].
func (r *Router) Resume(ctx context.Context, name string, opts workflow.ResumeOptions) (*workflow.ResumeResult, error) {
	backend, _ := r.choose(workflow.OpResume, name)
	return backend.Resume(ctx, name, opts)
}

// Stop implements [workflow.Interface].
func (r *Router) Stop(ctx context.Context, name string, opts workflow.StopOptions) error {
	backend, _ := r.choose(workflow.OpStop, name)
	return backend.Stop(ctx, name, opts)
}

// Terminate implements [workflow.Interface].
func (r *Router) Terminate(ctx context.Context, name string, opts workflow.TerminateOptions) error {
	backend, _ := r.choose(workflow.OpTerminate, name)
	return backend.Terminate(ctx, name, opts)
}

// Delete implements [workflow.Interface].
func (r *Router) Delete(ctx context.Context, name string, opts workflow.DeleteOptions) error {
	backend, _ := r.choose(workflow.OpDelete, name)
	return backend.Delete(ctx, name, opts)
}

// Retry implements [workflow.Interface].
func (r *Router) Retry(ctx context.Context, name string, opts workflow.RetryOptions) (*status.WorkflowStatus, error) {
	backend, _ := r.choose(workflow.OpRetry, name)
	return backend.Retry(ctx, name, opts)
}

// Logs implements [workflow.Interface].
func (r *Router) Logs(ctx context.Context, name string, opts workflow.LogOptions) iter.Seq2[workflow.LogLine, error] {
	return func(yield func(workflow.LogLine, error) bool) {
		backend, _ := r.choose(workflow.OpLogs, name)
		backend.Logs(ctx, name, opts)(yield)
	}
}
