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
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// DefaultPageSize is how many workflows List asks the API server for at a time. One can be
// as large as a megabyte.
const DefaultPageSize = 100

// ListOptions say which workflows to list; what is given has to hold all together. The zero
// value lists all.
type ListOptions struct {
	// LabelSelector is that of Kubernetes, e.g. "team=search,tier in (a,b)".
	LabelSelector string
	// Template: made from that WorkflowTemplate or, with ClusterScope, ClusterWorkflowTemplate.
	Template     string
	ClusterScope bool
	// Phases: in one of these. Outcomes tell more, e.g. [status.OutcomeStopped]. Both are told by the
	// whole workflow, so the API server sends all that the labels leave: with Running or Completed
	// besides, only those.
	Phases   []status.Phase
	Outcomes []status.Outcome
	// Running: not ended yet. Completed: ended. Suspended: waiting at a gate, or suspended as
	// a whole; gates that are offloaded cannot be seen. A delay is not a gate.
	Running, Completed, Suspended bool
	// CreatedAfter and CreatedBefore bound the time of creation, by the API server's clock;
	// FinishedBefore that of the end, by the controller's. The zero time is no bound.
	CreatedAfter, CreatedBefore, FinishedBefore time.Time
	// PageSize is how many are read at a time; 0 means [DefaultPageSize].
	PageSize int64
}

// List yields the workflows of the namespace, in the order of their names. Nothing is sent
// before the sequence is ranged over. It reads page by page, so that memory is bounded by
// the page's size; a page that takes the caller so long that the next one has expired is no
// error, but what changed meanwhile may or may not be in what follows.
//
// A client with an instance id lists the workflows of that instance, one without those of
// none, as Argo's controller does.
//
// An object that cannot be read as a workflow is yielded as an [*Error] with its name and a
// nil status, and the list goes on. Any other error is the last element: [ErrInvalid],
// [ErrForbidden] (needs list), [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], and
// the context's. A client made by [New] reads a page as a whole: if the dynamic client cannot
// read one object of it, the list ends with an error that matches [ErrUnsupported].
func (c *WorkflowClient) List(ctx context.Context, opts ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		var err error
		ctx, o := c.begin(ctx, OpList, "", &err)
		defer o.end(ctx)
		if err = c.list(ctx, opts, yield); err != nil {
			err = c.error(OpList, "", err)
			yield(nil, err)
		}
	}
}

// list yields the workflows, until it can't go on.
func (c *WorkflowClient) list(ctx context.Context, opts ListOptions, yield func(*status.WorkflowStatus, error) bool) error {
	selector, err := c.listSelector(opts)
	if err != nil {
		return err
	}
	l := lister{client: c, selector: selector, pageSize: opts.PageSize}
	if l.pageSize == 0 {
		l.pageSize = DefaultPageSize
	}
	for {
		page, err := l.next(ctx)
		if err != nil {
			return err
		}
		for _, item := range page {
			s, err := c.listed(ctx, item)
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
			return nil
		}
	}
}

// listSelector puts what labels can say into the selector, which saves the rest of a list
// from being sent. The phase's label is no help: it is absent from a new workflow, and can
// be stale after a retry.
func (c *WorkflowClient) listSelector(opts ListOptions) (string, error) {
	var problems field.ErrorList
	selector, err := labels.Parse(opts.LabelSelector)
	if err != nil {
		problems = append(problems, field.Invalid(field.NewPath("labelSelector"), opts.LabelSelector, err.Error()))
	}
	if opts.PageSize < 0 {
		problems = append(problems, field.Invalid(field.NewPath("pageSize"), opts.PageSize, "must be 0 (the default) or more"))
	}
	for _, phase := range opts.Phases {
		if !slices.Contains(phases(), phase) {
			problems = append(problems, field.NotSupported(field.NewPath("phases"), phase, phases()))
		}
	}
	for _, outcome := range opts.Outcomes {
		if !slices.Contains(outcomes(), outcome) {
			problems = append(problems, field.NotSupported(field.NewPath("outcomes"), outcome, outcomes()))
		}
	}
	if opts.Running && opts.Completed {
		problems = append(problems, field.Forbidden(field.NewPath("completed"), "no workflow is both running and completed; leave out both for all"))
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
	if opts.Running {
		err = errors.Join(err, require(naming.LabelCompleted, selection.NotEquals, "true"))
	}
	if opts.Completed {
		err = errors.Join(err, require(naming.LabelCompleted, selection.Equals, "true"))
	}
	return selector.String(), err
}

func phases() []status.Phase {
	return []status.Phase{
		status.PhaseUnknown, status.PhasePending, status.PhaseRunning, status.PhaseSucceeded, status.PhaseFailed, status.PhaseError,
	}
}

func outcomes() []status.Outcome {
	return []status.Outcome{
		status.OutcomePending, status.OutcomeRunning, status.OutcomeSuspended, status.OutcomeSucceeded, status.OutcomeFailed,
		status.OutcomeErrored, status.OutcomeStopped, status.OutcomeTerminated,
	}
}

func (o ListOptions) match(s *status.WorkflowStatus) bool {
	switch {
	case o.Template != "" && s.Template != (status.TemplateRef{Name: o.Template, ClusterScope: o.ClusterScope}),
		len(o.Phases) > 0 && !slices.Contains(o.Phases, s.Phase),
		len(o.Outcomes) > 0 && !slices.Contains(o.Outcomes, s.Outcome()),
		o.Running && s.Completed(),
		o.Completed && !s.Completed(),
		o.Suspended && !s.Suspended(),
		!o.CreatedAfter.IsZero() && !s.CreationTime.After(o.CreatedAfter),
		!o.CreatedBefore.IsZero() && !s.CreationTime.Before(o.CreatedBefore),
		!o.FinishedBefore.IsZero() && (s.EndTime.IsZero() || !s.EndTime.Before(o.FinishedBefore)):
		return false
	}
	return true
}

// lister reads one page after the other.
type lister struct {
	client   *WorkflowClient
	selector string
	pageSize int64

	token string
	last  string // the name that was read last
	done  bool
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
		// The API server hands out a token to go on from the same place in a newer state. Without
		// one, the list begins anew and what was read is passed over.
		l.token = newerToken(err)
	}
}

// fresh are the items that come after what was read so far. The API server lists by name.
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

// listed returns the status of an item of a list.
func (c *WorkflowClient) listed(ctx context.Context, item source.Item) (*status.WorkflowStatus, error) {
	object, err := item.Object()
	if err != nil {
		return nil, err
	}
	if object.Object != nil && object.GetKind() == "" { // a list may state the kind once for all items
		object.SetAPIVersion(apiVersion)
		object.SetKind(kind)
	}
	return c.read(ctx, object)
}

func newerToken(err error) string {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return ""
	}
	s := answer.Status()
	return s.Continue
}
