package workflow

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// DefaultPageSize is the default of [ListOptions.PageSize]. A workflow can be as large as a
// megabyte.
const DefaultPageSize = 100

// ListOptions select the workflows to list. A workflow has to match all fields that are set. The
// zero value lists all workflows.
type ListOptions struct {
	// LabelSelector is a Kubernetes label selector, e.g. "team=search,tier in (a,b)".
	LabelSelector string
	// Template selects the workflows created from this WorkflowTemplate or, with ClusterScope, from
	// this ClusterWorkflowTemplate. ClusterScope needs a Template.
	Template     string
	ClusterScope bool
	// Outcomes selects the workflows with one of these outcomes, e.g. [status.OutcomeStopped],
	// [status.UnfinishedOutcomes] or [status.CompletedOutcomes]. Empty means any. If all of them are
	// of one of these two kinds, the API server sends only workflows of that kind, and the client
	// filters those. [status.OutcomeSuspended] does not include suspend nodes with a duration, nor
	// without an [Options.NodeStore] gates in offloaded nodes.
	Outcomes []status.Outcome
	// CreatedAfter and CreatedBefore limit the creation time, by the clock of the API server.
	// CreatedAfter must not be later than CreatedBefore. FinishedBefore limits the end time, by the
	// clock of the controller, so it selects only workflows that have ended. All are exclusive. The
	// zero time means no limit.
	CreatedAfter, CreatedBefore, FinishedBefore time.Time
	// PageSize is the number of workflows per request. 0 means [DefaultPageSize].
	PageSize int64
	// Archived also lists the workflows of [Options.History] that are no longer in the cluster, after the
	// others. Without a History there are none.
	Archived bool
}

// List returns a sequence of the workflows of the namespace, in the order of their names. With Archived,
// those of the history follow, the ones that started last first. A workflow that is both in the cluster and
// in the history is listed once, as it is in the cluster. One that is archived and deleted during the list is
// listed once, too.
//
// List sends no request until the sequence is ranged over. It reads one page at a time, so the page size
// limits its use of memory. If the caller processes a page for so long that the list expires, List
// continues in a newer state: workflows that changed meanwhile may or may not be listed.
//
// With an [Options.InstanceID], List yields that instance's workflows. Without one, it yields only
// workflows that have no instance ID.
//
// An object that cannot be read as a workflow is yielded as an [*Error] with its name and a nil
// status, and the list continues. So is a workflow that is or is not listed as [status.OutcomeSuspended] by
// offloaded nodes that the [Options.NodeStore] could not return; that error matches [ErrHistory]. A list waits
// for a store that does not answer only once. Any other error is the last element: [ErrInvalid], [ErrForbidden]
// (needs list), [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], [ErrHistory] (with Archived), and the
// context's. With a client made by [New], a single object that the dynamic client cannot read ends the list
// with an error that matches [ErrUnreadable].
func (c *WorkflowClient) List(ctx context.Context, opts ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		var err error
		ctx, o := c.begin(ctx, OpList, "", &err)
		defer o.emitEnd(ctx)
		if err = c.list(ctx, opts, yield); err != nil {
			err = c.error(OpList, "", err)
			yield(nil, err)
		}
	}
}

// list yields the workflows. It returns the error that ended the list.
func (c *WorkflowClient) list(ctx context.Context, opts ListOptions, yield func(*status.WorkflowStatus, error) bool) error {
	opts.Archived = opts.Archived && c.history != nil
	selector, err := c.listSelector(opts)
	if err != nil {
		return err
	}
	l := lister{client: c, selector: selector, pageSize: opts.PageSize}
	if l.pageSize == 0 {
		l.pageSize = DefaultPageSize
	}
	live := map[types.UID]bool{}
	for {
		page, err := l.next(ctx)
		if err != nil {
			return err
		}
		for _, item := range page {
			if opts.Archived {
				live[item.ID.UID] = true
			}
			s, err := l.read(ctx, item)
			if err == nil && opts.undecided(s) {
				s, err = nil, s.NodesErr
			}
			if err != nil {
				if contextEnded(err) {
					return err
				}
				err = c.error(OpList, item.ID.Name, err)
			} else if !opts.match(s) {
				continue
			}
			if !yield(s, err) {
				return nil
			}
		}
		if l.done {
			break
		}
	}
	if opts.Archived {
		return c.listPast(ctx, opts, live, yield)
	}
	return nil
}

// listSelector returns the label selector for the options, so that the API server sends fewer
// workflows. It does not use the label of the phase, which a new workflow does not have and which
// can be stale after a retry.
func (c *WorkflowClient) listSelector(opts ListOptions) (string, error) {
	var problems field.ErrorList
	selector, err := labels.Parse(opts.LabelSelector)
	if err != nil {
		problems = append(problems, field.Invalid(field.NewPath("labelSelector"), opts.LabelSelector, err.Error()))
	}
	if opts.PageSize < 0 {
		problems = append(problems, field.Invalid(field.NewPath("pageSize"), opts.PageSize, "must be 0 (the default) or more"))
	}
	known := slices.Concat(status.UnfinishedOutcomes(), status.CompletedOutcomes())
	for i, outcome := range opts.Outcomes {
		if !slices.Contains(known, outcome) {
			problems = append(problems, field.NotSupported(field.NewPath("outcomes").Index(i), outcome, known))
		}
	}
	if opts.ClusterScope && opts.Template == "" {
		problems = append(problems, field.Required(field.NewPath("template"), "clusterScope is that of a template"))
	}
	if !opts.CreatedBefore.IsZero() && opts.CreatedAfter.After(opts.CreatedBefore) {
		problems = append(problems, field.Forbidden(field.NewPath("createdAfter"), "must not be later than createdBefore"))
	}
	unfinished, completed := opts.kinds()
	if unfinished && !completed && !opts.FinishedBefore.IsZero() {
		problems = append(problems, field.Forbidden(field.NewPath("finishedBefore"), "no workflow with these outcomes has ended"))
	}
	if len(problems) > 0 {
		return "", invalid(problems...)
	}
	require := func(key string, op selection.Operator, values ...string) error {
		r, err := labels.NewRequirement(key, op, values)
		if err == nil {
			selector = selector.Add(*r)
		}
		return err
	}
	instance, err := instanceRequirement(c.instanceID)
	if err == nil {
		selector = selector.Add(*instance)
	}
	switch {
	case !completed:
		err = errors.Join(err, require(naming.LabelCompleted, selection.NotEquals, "true"))
	case !unfinished, !opts.FinishedBefore.IsZero():
		err = errors.Join(err, require(naming.LabelCompleted, selection.Equals, "true"))
	}
	return selector.String(), err
}

// kinds reports whether the options can select workflows that have not ended, and such that have.
func (o ListOptions) kinds() (unfinished, completed bool) {
	if len(o.Outcomes) == 0 {
		return true, true
	}
	for _, outcome := range o.Outcomes {
		unfinished = unfinished || !outcome.Completed()
		completed = completed || outcome.Completed()
	}
	return unfinished, completed
}

func (o ListOptions) match(s *status.WorkflowStatus) bool {
	switch {
	case o.Template != "" && s.Template != (status.TemplateRef{Name: o.Template, ClusterScope: o.ClusterScope}),
		len(o.Outcomes) > 0 && !slices.Contains(o.Outcomes, s.Outcome()),
		!o.CreatedAfter.IsZero() && !s.CreationTime.After(o.CreatedAfter),
		!o.CreatedBefore.IsZero() && !s.CreationTime.Before(o.CreatedBefore),
		!o.FinishedBefore.IsZero() && (s.EndTime.IsZero() || !s.EndTime.Before(o.FinishedBefore)):
		return false
	}
	return true
}

// undecided reports whether only nodes that the node store could not return show if the options match.
func (o ListOptions) undecided(s *status.WorkflowStatus) bool {
	if len(o.Outcomes) == 0 || s.Completed() || s.Suspended() || !errors.Is(s.NodesErr, ErrHistory) ||
		slices.Contains(o.Outcomes, s.Outcome()) == slices.Contains(o.Outcomes, status.OutcomeSuspended) {
		return false
	}
	o.Outcomes = nil
	return o.match(s)
}

// lister reads a list page by page.
type lister struct {
	client   *WorkflowClient
	selector string
	pageSize int64

	token string
	last  string // name of the last workflow read
	done  bool
	away  error // of the node store, once it could not be reached
}

func (l *lister) next(ctx context.Context) ([]source.Item, error) {
	for restarted := false; ; restarted = true {
		page, err := pace.Do(ctx, l.client.pacer(), func() (*source.Page, error) {
			return l.client.source.List(ctx, source.ListOptions{ListOptions: metav1.ListOptions{
				LabelSelector: l.selector, Limit: l.pageSize, Continue: l.token,
			}})
		})
		switch {
		case err == nil:
			l.token = page.Meta.Continue
			l.done = l.token == ""
			return l.fresh(page.Items), nil
		case l.token == "" || restarted || !apierrors.IsResourceExpired(err):
			return nil, err
		}
		// The error has a token to continue from the same place in a newer state. If it has none,
		// the list starts over and skips what was read before.
		l.token = newerToken(err)
	}
}

// fresh returns the items that were not read before. The API server lists in the order of names.
func (l *lister) fresh(items []source.Item) []source.Item {
	first := 0
	for first < len(items) && l.last != "" && items[first].ID.Name <= l.last {
		first++
	}
	if len(items) > 0 {
		l.last = max(l.last, items[len(items)-1].ID.Name)
	}
	return items[first:]
}

// read returns the status of an item of a list. The list waits in vain for a node store only once.
func (l *lister) read(ctx context.Context, item source.Item) (*status.WorkflowStatus, error) {
	object, err := item.Object()
	if err != nil {
		return nil, err
	}
	if object.Object != nil && object.GetKind() == "" { // a list may have the kind only once
		object.SetAPIVersion(apiVersion)
		object.SetKind(kind)
	}
	if l.away != nil {
		s, err := l.client.decoders.WithOffloaded(nil).FromUnstructuredContext(ctx, object)
		if err == nil && errors.Is(s.NodesErr, ErrNodesOffloaded) {
			s.NodesErr = l.away
		}
		return s, interrupted(ctx, err)
	}
	_, s, err := l.client.readCurrent(ctx, object)
	if err == nil && errors.Is(s.NodesErr, ErrHistory) && l.client.nodesOutage.JustOver() {
		l.away = s.NodesErr
	}
	return s, err
}

func newerToken(err error) string {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return ""
	}
	s := answer.Status()
	return s.Continue
}
