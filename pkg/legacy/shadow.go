package legacy

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Defaults of [ShadowOptions].
const (
	DefaultShadowLimit   = 4
	DefaultShadowTimeout = 10 * time.Second
)

const (
	// shadowTries is how often both backends are read to get the same version.
	shadowTries = 3
	// shadowMost is the maximum number of workflows of a list that are compared.
	shadowMost = 1000
)

// ShadowOptions make a router also read from the other backend and compare. This is on if
// OnDifference is not nil. The comparison reads what Get and List return, so callers must not
// change it. For Gates it reads the workflow from both backends once more.
type ShadowOptions struct {
	// OnDifference is called with each difference, in up to Limit goroutines of the router at once.
	OnDifference func(Difference)
	// Limit is the number of comparisons at once; further ones are dropped and counted. 0 means
	// [DefaultShadowLimit].
	Limit int
	// Timeout is the time limit of a comparison. 0 means [DefaultShadowTimeout].
	Timeout time.Duration
}

// Difference is a read for which the backends returned different results that a change of the
// workflow does not explain.
type Difference struct {
	Op              workflow.Op
	Namespace, Name string
	// Primary is the backend whose result the caller received.
	Primary workflow.Backend
	// PrimaryStatus, ShadowStatus, PrimaryErr and ShadowErr are what each backend returned.
	PrimaryStatus, ShadowStatus *status.WorkflowStatus
	PrimaryErr, ShadowErr       error
	// Paths are up to 20 paths in the object at which the results differ, without values.
	Paths []string
}

// ShadowCounts counts a router's comparisons by their results.
type ShadowCounts struct {
	// Agreed and Differed count completed comparisons.
	Agreed, Differed int64
	// Changed counts comparisons that were given up because the workflow kept changing.
	Changed int64
	// Failed counts comparisons for which the other backend did not answer.
	Failed int64
	// Dropped counts comparisons that did not run because of Limit or because a list was too long.
	Dropped int64
}

// shadow compares in the background. It never blocks a caller.
type shadow struct {
	opts                                       ShadowOptions
	slots                                      chan struct{}
	agreed, differed, changed, failed, dropped atomic.Int64
}

func newShadow(opts ShadowOptions) *shadow {
	if opts.OnDifference == nil {
		return nil
	}
	if opts.Limit <= 0 {
		opts.Limit = DefaultShadowLimit
	}
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultShadowTimeout
	}
	return &shadow{opts: opts, slots: make(chan struct{}, opts.Limit)}
}

// Shadow returns the counts so far.
func (r *Router) Shadow() ShadowCounts {
	s := r.shadow
	if s == nil {
		return ShadowCounts{}
	}
	return ShadowCounts{
		Agreed: s.agreed.Load(), Differed: s.differed.Load(), Changed: s.changed.Load(), Failed: s.failed.Load(), Dropped: s.dropped.Load(),
	}
}

// inBackground runs a comparison if Limit allows. It keeps the values of ctx, but not its end.
func (s *shadow) inBackground(ctx context.Context, compare func(ctx context.Context)) {
	select {
	case s.slots <- struct{}{}:
	default:
		s.dropped.Add(1)
		return
	}
	go func() {
		defer func() { <-s.slots }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.Timeout)
		defer cancel()
		compare(ctx)
	}()
}

// side is the result of one backend.
type side struct {
	state *status.WorkflowStatus
	err   error
}

func readSide(ctx context.Context, backend workflow.Interface, name string) side {
	state, err := backend.Get(ctx, name)
	return side{state, err}
}

// compareGet compares a result with that of the other backend.
func (r *Router) compareGet(ctx context.Context, route Route, primary side) {
	r.shadow.inBackground(ctx, func(ctx context.Context) { r.compare(ctx, route, primary) })
}

// compare reads from both backends until the results are the same or differ for the same version.
func (r *Router) compare(ctx context.Context, route Route, primary side) {
	s := r.shadow
	first, second := r.backend(route.Backend), r.backend(other(route.Backend))
	for try := 1; ; try++ {
		shadowed := readSide(ctx, second, route.Name)
		if shadowed.err != nil && (ctx.Err() != nil || outOfReach(shadowed.err)) {
			s.failed.Add(1)
			return
		}
		paths, comparable := differing(primary, shadowed)
		last := try == shadowTries
		switch {
		case comparable && len(paths) == 0:
			s.agreed.Add(1)
			return
		// If only one backend finds the workflow, it may have been created or deleted meanwhile.
		case comparable && (last || primary.err == nil && shadowed.err == nil):
			s.differ(route, primary, shadowed, paths)
			return
		case last:
			s.changed.Add(1)
			return
		}
		if primary = readSide(ctx, first, route.Name); primary.err != nil && (ctx.Err() != nil || outOfReach(primary.err)) {
			s.failed.Add(1)
			return
		}
	}
}

func (s *shadow) differ(route Route, primary, shadowed side, paths []string) {
	s.differed.Add(1)
	s.opts.OnDifference(Difference{
		Op: route.Op, Namespace: route.Namespace, Name: route.Name, Primary: route.Backend,
		PrimaryStatus: primary.state, ShadowStatus: shadowed.state, PrimaryErr: primary.err, ShadowErr: shadowed.err, Paths: paths,
	})
}

// differing returns the paths at which two results differ. Different versions are not comparable.
func differing(a, b side) (paths []string, comparable bool) {
	switch {
	case a.err != nil && b.err != nil:
		if !errors.Is(kindOf(a.err), kindOf(b.err)) {
			return []string{"error"}, true
		}
		return nil, true
	case a.err != nil || b.err != nil:
		return []string{"error"}, true
	case a.state.UID != b.state.UID || a.state.ResourceVersion != b.state.ResourceVersion:
		return nil, false
	}
	return differences(a.state, b.state), true
}

// kindOf returns the sentinel that err matches, or nil.
func kindOf(err error) error {
	for _, kind := range []error{
		workflow.ErrNotFound, workflow.ErrUnauthorized, workflow.ErrForbidden, workflow.ErrNotInstalled, workflow.ErrInvalid,
		workflow.ErrConflict, workflow.ErrUnreadable, workflow.ErrUnsupported, workflow.ErrUnavailable,
	} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return nil
}

// shadowedList is what a list returned.
type shadowedList struct {
	states map[string]*status.WorkflowStatus // by UID
	tooLong,
	failed bool
}

func (l *shadowedList) add(s *status.WorkflowStatus, err error) {
	switch {
	case err != nil:
		l.failed = true
	case len(l.states) >= shadowMost:
		l.tooLong, l.states = true, nil
	case !l.tooLong:
		l.states[string(s.UID)] = s
	}
}

// compareList compares the workflows that both lists have in the same version. The others it reads
// by name from both backends, since they may have changed between the lists.
func (r *Router) compareList(ctx context.Context, route Route, opts workflow.ListOptions, got *shadowedList) {
	if got.tooLong {
		r.shadow.dropped.Add(1)
		return
	}
	r.shadow.inBackground(ctx, func(ctx context.Context) {
		theirs := &shadowedList{states: map[string]*status.WorkflowStatus{}}
		for s, err := range r.backend(other(route.Backend)).List(ctx, opts) {
			theirs.add(s, err)
		}
		if theirs.failed {
			r.shadow.failed.Add(1)
			return
		}
		if theirs.tooLong {
			r.shadow.dropped.Add(1)
			return
		}
		uids := maps.Clone(got.states)
		maps.Copy(uids, theirs.states)
		for _, uid := range slices.Sorted(maps.Keys(uids)) {
			about := route
			about.Name = uids[uid].Name
			a, b := got.states[uid], theirs.states[uid]
			if a == nil || b == nil || a.ResourceVersion != b.ResourceVersion {
				r.compare(ctx, about, readSide(ctx, r.backend(route.Backend), about.Name))
				continue
			}
			if paths := differences(a, b); len(paths) > 0 {
				r.shadow.differ(about, side{state: a}, side{state: b}, paths)
			} else {
				r.shadow.agreed.Add(1)
			}
		}
	})
}

func other(b workflow.Backend) workflow.Backend {
	if b == workflow.BackendNative {
		return workflow.BackendKubectl
	}
	return workflow.BackendNative
}
