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
	// shadowTries is how often both sides are read until they are about the same version.
	shadowTries = 3
	// shadowMost is how many workflows of a list are compared.
	shadowMost = 1000
)

// ShadowOptions have a router ask the other backend too, and compare. It is on where
// OnDifference is given. What Get and List return is read by the comparison as well, so callers
// must not change it.
type ShadowOptions struct {
	// OnDifference is told where the two don't agree. It is called from a goroutine of the
	// router, by up to Limit at once.
	OnDifference func(Difference)
	// Limit is how many comparisons run at once; what would be more is dropped, and counted. 0
	// means [DefaultShadowLimit].
	Limit int
	// Timeout is how long one may take. 0 means [DefaultShadowTimeout].
	Timeout time.Duration
}

// Difference is one read whose answers differ, for another reason than that the workflow has
// changed between them.
type Difference struct {
	Op              workflow.Op
	Namespace, Name string
	// Primary is the backend whose answer the caller got.
	Primary Backend
	// What each side returned.
	PrimaryStatus, ShadowStatus *status.WorkflowStatus
	PrimaryErr, ShadowErr       error
	// Paths are those in the object that differ, up to 20, without the values.
	Paths []string
}

// ShadowCounts say how a router's comparisons ended.
type ShadowCounts struct {
	// Agreed and Differed are what was compared.
	Agreed, Differed int64
	// Changed: the workflow changed each time both were asked.
	Changed int64
	// Failed: the other backend did not answer.
	Failed int64
	// Dropped: too many were running, or a list was too long.
	Dropped int64
}

// shadow compares in the background. It never holds a caller up.
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

// inBackground runs a comparison, if there is room. It keeps ctx's values, not its end.
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

// side is what one backend answered.
type side struct {
	state *status.WorkflowStatus
	err   error
}

func read(ctx context.Context, backend workflow.Interface, name string) side {
	state, err := backend.Get(ctx, name)
	return side{state, err}
}

// compareGet compares an answer with the other backend's.
func (r *Router) compareGet(ctx context.Context, d Decision, primary side) {
	r.shadow.inBackground(ctx, func(ctx context.Context) { r.compare(ctx, d, primary) })
}

// compare asks both sides until they answer the same, or differ about the same version.
func (r *Router) compare(ctx context.Context, d Decision, primary side) {
	s := r.shadow
	first, second := r.backend(d.Backend), r.backend(other(d.Backend))
	for try := 1; ; try++ {
		shadowed := read(ctx, second, d.Name)
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
		// That one finds a workflow and the other doesn't can be a matter of time as well.
		case comparable && (last || primary.err == nil && shadowed.err == nil):
			s.differ(d, primary, shadowed, paths)
			return
		case last:
			s.changed.Add(1)
			return
		}
		if primary = read(ctx, first, d.Name); primary.err != nil && (ctx.Err() != nil || outOfReach(primary.err)) {
			s.failed.Add(1)
			return
		}
	}
}

func (s *shadow) differ(d Decision, primary, shadowed side, paths []string) {
	s.differed.Add(1)
	s.opts.OnDifference(Difference{
		Op: d.Op, Namespace: d.Namespace, Name: d.Name, Primary: d.Backend,
		PrimaryStatus: primary.state, ShadowStatus: shadowed.state, PrimaryErr: primary.err, ShadowErr: shadowed.err, Paths: paths,
	})
}

// differing says where two answers differ. Of two versions of a workflow nothing can be said.
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

// kindOf is what an error can be matched with.
func kindOf(err error) error {
	for _, kind := range []error{
		workflow.ErrNotFound, workflow.ErrUnauthorized, workflow.ErrForbidden, workflow.ErrNotInstalled, workflow.ErrInvalid,
		workflow.ErrConflict, workflow.ErrUnsupported, workflow.ErrUnavailable,
	} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return nil
}

// shadowedList is what a caller got of a list.
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

// compareList compares what both lists have in the same version. What only one has is read by
// name on both sides, since it may be a matter of time.
func (r *Router) compareList(ctx context.Context, d Decision, opts workflow.ListOptions, got *shadowedList) {
	if got.tooLong {
		r.shadow.dropped.Add(1)
		return
	}
	r.shadow.inBackground(ctx, func(ctx context.Context) {
		theirs := &shadowedList{states: map[string]*status.WorkflowStatus{}}
		for s, err := range r.backend(other(d.Backend)).List(ctx, opts) {
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
			about := d
			about.Name = uids[uid].Name
			a, b := got.states[uid], theirs.states[uid]
			if a == nil || b == nil || a.ResourceVersion != b.ResourceVersion {
				r.compare(ctx, about, read(ctx, r.backend(d.Backend), about.Name))
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

func other(b Backend) Backend {
	if b == BackendNative {
		return BackendLegacy
	}
	return BackendNative
}
