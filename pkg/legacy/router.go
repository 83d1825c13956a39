package legacy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// RouterOptions configure a [Router]. The zero value sends everything to the legacy backend.
type RouterOptions struct {
	// Rollout to begin with.
	Rollout Rollout
	// Namespace of the workflows, that of both backends; "" means [workflow.DefaultNamespace].
	Namespace string
	// ReadFallback lets Get and List ask the other backend where the chosen one cannot reach the
	// cluster at all. What changes something is never tried on both.
	ReadFallback bool
	// OnDecision, if given, is told of each decision before the call is made. It is called from
	// the caller's goroutine, by many at once, and has to return soon.
	OnDecision func(Decision)
	// Shadow has Get and List ask both backends. The caller gets the answer of the one that was
	// chosen, and waits for that alone.
	Shadow ShadowOptions
}

// Decision says which backend gets a call.
type Decision struct {
	Op workflow.Op
	// Name is the workflow's; "" for List.
	Namespace, Name string
	Backend         Backend
	// Fallback: the other one was chosen, and could not reach the cluster.
	Fallback bool
	Rollout  Rollout
}

// Router sends each call to one of two backends: all calls about one workflow, the one that
// starts it included, to the same, as long as the rollout stays as it is. It can be used from any
// goroutine, as its backends can.
type Router struct {
	native, old workflow.Interface
	opts        RouterOptions
	rollout     atomic.Pointer[Rollout]
	shadow      *shadow // nil: off
}

var _ workflow.Interface = (*Router)(nil)

// NewRouter returns a router over two backends that work in the same namespace, that of opts. The
// error is a [*workflow.InvalidError].
func NewRouter(native, old workflow.Interface, opts RouterOptions) (*Router, error) {
	if opts.Namespace == "" {
		opts.Namespace = workflow.DefaultNamespace
	}
	var problems field.ErrorList
	if native == nil {
		problems = append(problems, field.Required(field.NewPath("native"), "a workflow.Interface"))
	}
	if old == nil {
		problems = append(problems, field.Required(field.NewPath("old"), "a workflow.Interface"))
	}
	problems = append(problems, opts.Rollout.check(field.NewPath("options", "rollout"))...)
	for _, backend := range []workflow.Interface{native, old} {
		if bound, ok := backend.(interface{ Namespace() string }); ok && bound.Namespace() != opts.Namespace {
			problems = append(problems, field.Invalid(field.NewPath("options", "namespace"), opts.Namespace,
				fmt.Sprintf("a backend works in namespace %q: set it to that of both", bound.Namespace())))
		}
	}
	if len(problems) > 0 {
		return nil, &workflow.InvalidError{Problems: problems}
	}
	r := &Router{native: native, old: old, opts: opts, shadow: newShadow(opts.Shadow)}
	r.rollout.Store(&opts.Rollout)
	return r, nil
}

// Namespace is that of the workflows, which does not change. It makes no request.
func (r *Router) Namespace() string { return r.opts.Namespace }

// SetRollout has all calls from now on go by another rollout; calls that were made stay where
// they are. A rollout that is refused, by an [*workflow.InvalidError], changes nothing.
func (r *Router) SetRollout(rollout Rollout) error {
	if problems := rollout.check(field.NewPath("rollout")); len(problems) > 0 {
		return &workflow.InvalidError{Problems: problems}
	}
	r.rollout.Store(&rollout)
	return nil
}

// Rollout is the present one.
func (r *Router) Rollout() Rollout { return *r.rollout.Load() }

// choose decides on a call.
func (r *Router) choose(op workflow.Op, name string) (workflow.Interface, Decision) {
	rollout := r.Rollout()
	d := Decision{Op: op, Namespace: r.opts.Namespace, Name: name, Backend: rollout.Backend(r.opts.Namespace, name), Rollout: rollout}
	r.tell(d)
	return r.backend(d.Backend), d
}

func (r *Router) backend(b Backend) workflow.Interface {
	if b == BackendNative {
		return r.native
	}
	return r.old
}

func (r *Router) tell(d Decision) {
	if r.opts.OnDecision != nil {
		r.opts.OnDecision(d)
	}
}

// instead is the other backend, for a read that failed with err; nil: that is the answer.
func (r *Router) instead(ctx context.Context, d Decision, err error) workflow.Interface {
	if !r.opts.ReadFallback || ctx.Err() != nil || !outOfReach(err) {
		return nil
	}
	d.Fallback, d.Backend = true, other(d.Backend)
	r.tell(d)
	return r.backend(d.Backend)
}

// outOfReach reports whether it was not the cluster that said no.
func outOfReach(err error) bool {
	var command *CommandError
	return errors.Is(err, workflow.ErrUnavailable) || errors.As(err, &command)
}

// nameTries is how many names are tried for a workflow that may have any.
const nameTries = 3

// Start implements [workflow.Interface]. A workflow that may have any name gets it here, so that
// it is found where it was started.
func (r *Router) Start(ctx context.Context, req workflow.StartRequest) (*status.WorkflowStatus, error) {
	if name := req.WorkflowName(); name != "" {
		backend, _ := r.choose(workflow.OpStart, name)
		return backend.Start(ctx, req)
	}
	s, err := r.anyName(workflow.OpStart, req.AnyName, func(backend workflow.Interface, name string) (*status.WorkflowStatus, error) {
		req.Name = name
		return backend.Start(ctx, req)
	})
	return s, unnamed(err)
}

// Resubmit implements [workflow.Interface]. The new workflow's name decides.
func (r *Router) Resubmit(ctx context.Context, name string, opts workflow.ResubmitOptions) (*status.WorkflowStatus, error) {
	if given := opts.WorkflowName(name); given != "" {
		backend, _ := r.choose(workflow.OpResubmit, given)
		return backend.Resubmit(ctx, name, opts)
	}
	anyName := func() string { return opts.AnyName(name) }
	return r.anyName(workflow.OpResubmit, anyName, func(backend workflow.Interface, chosen string) (*status.WorkflowStatus, error) {
		opts.Name = chosen
		return backend.Resubmit(ctx, name, opts)
	})
}

// anyName creates a workflow under a name that is made here, and under another one if that is taken.
func (r *Router) anyName(
	op workflow.Op, makeName func() string, create func(workflow.Interface, string) (*status.WorkflowStatus, error),
) (s *status.WorkflowStatus, err error) {
	for range nameTries {
		name := makeName()
		backend, _ := r.choose(op, name)
		if s, err = create(backend, name); !errors.Is(err, workflow.ErrAlreadyExists) {
			break
		}
	}
	return s, err
}

// unnamed takes a name that the caller has not given off the error of a request that was refused
// before anything was created: by itself, or since what it starts from or its namespace is not there.
func unnamed(err error) error {
	var refused *workflow.InvalidError
	failed, ok := err.(*workflow.Error) //nolint:errorlint // what is wrapped is somebody else's
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
	backend, d := r.choose(workflow.OpGet, name)
	s, err := backend.Get(ctx, name)
	if fallback := r.instead(ctx, d, err); fallback != nil {
		return fallback.Get(ctx, name)
	}
	if r.shadow != nil && ctx.Err() == nil && !outOfReach(err) {
		r.compareGet(ctx, d, side{s, err})
	}
	return s, err
}

// List implements [workflow.Interface]. It is about no single workflow; all of a namespace's
// lists go to one backend. What fails after the first workflow is not begun anew elsewhere.
func (r *Router) List(ctx context.Context, opts workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		backend, d := r.choose(workflow.OpList, "")
		got := &shadowedList{states: map[string]*status.WorkflowStatus{}}
		first := true
		for s, err := range backend.List(ctx, opts) {
			if first {
				if fallback := r.instead(ctx, d, err); fallback != nil {
					fallback.List(ctx, opts)(yield)
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
			r.compareList(ctx, d, opts, got)
		}
	}
}

// Watch implements [workflow.Interface].
func (r *Router) Watch(ctx context.Context, name string) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		backend, _ := r.choose(workflow.OpWatch, name)
		backend.Watch(ctx, name)(yield)
	}
}

// Wait implements [workflow.Interface].
func (r *Router) Wait(ctx context.Context, name string, until workflow.Condition) (*status.WorkflowStatus, error) {
	backend, _ := r.choose(workflow.OpWait, name)
	return backend.Wait(ctx, name, until)
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
